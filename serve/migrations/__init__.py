"""The schema's history, as Alembic keeps it; ``serve.database.Database.migrate`` brings a database up to date."""
