"""Tests: unit/matching."""
