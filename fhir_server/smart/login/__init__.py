"""How people log in: one module for each method, and what holds them together."""
