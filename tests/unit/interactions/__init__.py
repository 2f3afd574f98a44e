"""Tests: unit/interactions."""
