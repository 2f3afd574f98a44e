"""Tests: bulk."""
