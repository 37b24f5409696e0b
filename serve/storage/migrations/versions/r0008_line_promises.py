"""When each line was promised, noted with its plan."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """The change."""
    op.add_column("lines", sa.Column("promise_at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """The way back."""
    op.drop_column("lines", "promise_at")
