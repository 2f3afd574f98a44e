"""Tests of fhir_server.audit."""
