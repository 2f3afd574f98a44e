"""Tests: unit/search."""
