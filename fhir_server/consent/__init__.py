"""Consent decisions: labels, directives, the policy matrix. Pure."""
