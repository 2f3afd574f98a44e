"""The only importer of Flask."""
