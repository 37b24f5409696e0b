"""Run by Alembic: applies revisions on the connection that it was given, inside its transaction."""

from __future__ import annotations

from alembic import context

from serve.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
