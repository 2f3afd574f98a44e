"""Hypothesis strategies: right FHIR by its definitions, and what is done to it."""
