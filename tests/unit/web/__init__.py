"""Tests: unit/web."""
