"""Search: the expression tree, parsing, extraction. Pure: no clock, no database, no request."""
