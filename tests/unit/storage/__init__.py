"""Parts of storage that need no database."""
