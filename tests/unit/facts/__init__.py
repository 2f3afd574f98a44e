"""Tests of fhir_server.facts."""
