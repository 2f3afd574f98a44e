"""SMART on FHIR: scopes, clients, tokens, Backend Services."""
