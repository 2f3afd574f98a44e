"""The benchmark: a real server under a public load generator, checked while it is measured."""
