"""Tests: unit/fhirpath."""
