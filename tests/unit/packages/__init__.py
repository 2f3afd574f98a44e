"""Tests: unit/packages."""
