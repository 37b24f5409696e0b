"""Where everything is kept: SQLite or PostgreSQL, transactions, tables and their migrations."""
