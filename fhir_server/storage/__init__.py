"""The only importer of SQLAlchemy: schema, statements, one store for SQLite and PostgreSQL."""
