"""What the decisions of a block of time looked like."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0004"


def upgrade() -> None:
    """The change."""
    op.create_table(
        "tallies",
        sa.Column("bundle_sha256", sa.String(length=64), nullable=False),
        sa.Column("begins_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("writer", sa.String(length=32), nullable=False),
        sa.Column("num_decisions", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("bundle_sha256", "begins_at", "writer", name=op.f("pk_tallies")),
    )


def downgrade() -> None:
    """The way back."""
    op.drop_table("tallies")
