"""What the decisions of a block of time looked like, and when a warehouse was last heard of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """The change."""
    op.create_table(
        "tallies",
        sa.Column("bundle_sha256", sa.String(length=64), nullable=False),
        sa.Column("begins_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("writer", sa.String(length=32), nullable=False),
        sa.Column("num_decisions", sa.BigInteger(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("bundle_sha256", "begins_at", "writer", name=op.f("pk_tallies")),
    )
    op.create_table(
        "news",
        sa.Column("warehouse", sa.String(length=128), nullable=False),
        sa.Column("heard_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("warehouse", name=op.f("pk_news")),
    )


def downgrade() -> None:
    """The way back."""
    op.drop_table("news")
    op.drop_table("tallies")
