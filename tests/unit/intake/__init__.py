"""Tests: unit/intake."""
