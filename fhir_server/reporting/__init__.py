"""Measures and what may be published of them."""
