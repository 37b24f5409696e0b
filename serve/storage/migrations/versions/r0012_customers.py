"""Orders forget whose they are: what is kept of one no longer names its customer."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """The change."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    without = "json_remove(document, '$.customer')" if is_sqlite else "(document::jsonb - 'customer')::text"
    op.execute(f"UPDATE orders SET document = {without}")


def downgrade() -> None:
    """What is forgotten does not come back."""
