"""What makes a resource valid. Pure."""
