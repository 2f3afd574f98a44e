"""Facts that measures count, read off a resource when it is committed. Pure."""
