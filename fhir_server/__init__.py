"""Handoff: a FHIR R4 server for behavioral-health crisis continuity of care."""
