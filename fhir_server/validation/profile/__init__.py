"""What one profile demands, compiled from its snapshot."""
