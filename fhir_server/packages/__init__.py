"""FHIR packages: definitions beyond the base types, found by their canonical URLs."""
