"""Tests of fhir_server.consent."""
