"""Steps of the schema, applied in order at the start of the server."""
