"""The schema's history, as Alembic keeps it; ``storage.database.Database.migrate`` brings a database up to date."""
