"""When parcels moved on, and reports to compare with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_TIMES = ("queued_at", "picked_at", "packed_at", "delivered_at")


def upgrade() -> None:
    """The change."""
    for name in _TIMES:
        op.add_column("parcels", sa.Column(name, sa.BigInteger(), nullable=True))
    op.create_table(
        "baselines",
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_baselines")),
    )


def downgrade() -> None:
    """The way back."""
    op.drop_table("baselines")
    for name in _TIMES:
        op.drop_column("parcels", name)
