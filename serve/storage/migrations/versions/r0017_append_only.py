"""Rows of the audit log are written once: the database refuses to change or delete them.

Who may alter the schema can take this guard away; what he alters then shows in the chain.
"""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"

_WORDS = "the audit log is append-only"
_CHANGES = ("update", "delete")
_SQLITE = tuple(
    f"CREATE TRIGGER audit_{change} BEFORE {change} ON audit BEGIN SELECT RAISE(ABORT, '{_WORDS}'); END"
    for change in _CHANGES
)
_POSTGRESQL = (
    "CREATE FUNCTION refuse_change_of_audit() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{_WORDS}' USING ERRCODE = 'integrity_constraint_violation'; END $$",
    "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit()",
)


def upgrade() -> None:
    """The change."""
    for statement in _SQLITE if _is_sqlite() else _POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    """The way back."""
    if _is_sqlite():
        for change in _CHANGES:
            op.execute(f"DROP TRIGGER audit_{change}")
    else:
        op.execute("DROP TRIGGER audit_append_only ON audit")
        op.execute("DROP FUNCTION refuse_change_of_audit()")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
