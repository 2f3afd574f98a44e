"""FHIRPath, compiled to closures."""
