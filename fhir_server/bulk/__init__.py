"""Many resources at a time: loading transaction Bundles."""
