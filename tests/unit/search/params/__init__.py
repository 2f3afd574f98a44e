"""Tests: unit/search/params."""
