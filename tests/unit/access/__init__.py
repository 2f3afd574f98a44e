"""Tests of fhir_server.access."""
