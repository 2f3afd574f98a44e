"""Patient matching. Pure."""
