"""Bid prices that are solved on a schedule."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """The change."""
    op.create_table(
        "bid_prices",
        sa.Column("pricer_sha256", sa.String(length=64), nullable=False),
        sa.Column("due_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("claimed_until", sa.BigInteger(), nullable=False),
        sa.Column("solved_at", sa.BigInteger(), nullable=True),
        sa.Column("valid_from", sa.BigInteger(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("pricer_sha256", "due_at", name=op.f("pk_bid_prices")),
    )


def downgrade() -> None:
    """The way back."""
    op.drop_table("bid_prices")
