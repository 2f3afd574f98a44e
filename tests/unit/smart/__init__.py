"""Tests: unit/smart."""
