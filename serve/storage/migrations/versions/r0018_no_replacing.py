"""Rows of the audit log are not replaced, either: SQLite deletes what ``REPLACE`` replaces without asking a trigger.

PostgreSQL has no such statement, and asks the trigger for updates before ``ON CONFLICT DO UPDATE`` changes a row.
"""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """The change."""
    if _is_sqlite():
        op.execute(
            "CREATE TRIGGER audit_insert BEFORE INSERT ON audit "
            "WHEN EXISTS (SELECT 1 FROM audit WHERE writer = NEW.writer AND seq = NEW.seq) "
            "OR EXISTS (SELECT 1 FROM audit WHERE rowid = NEW.rowid) "  # -1 where the statement names none
            "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        )


def downgrade() -> None:
    """The way back."""
    if _is_sqlite():
        op.execute("DROP TRIGGER audit_insert")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
