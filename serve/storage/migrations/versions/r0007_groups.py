"""Orders that are decided together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_NAME = sa.String(length=128)


def upgrade() -> None:
    """The change."""
    op.add_column("orders", sa.Column("group_id", _NAME, nullable=True))
    op.add_column("orders", sa.Column("place", sa.Integer(), server_default="0", nullable=False))
    op.add_column("orders", sa.Column("held_since", sa.BigInteger(), nullable=True))
    op.add_column("orders", sa.Column("hold_until", sa.BigInteger(), nullable=True))
    op.create_index(op.f("ix_orders_group_id"), "orders", ["group_id"])
    op.create_table(
        "customers",
        sa.Column("customer", _NAME, nullable=False),
        sa.Column("region", _NAME, nullable=False),
        sa.Column("order_id", _NAME, nullable=False),
        sa.PrimaryKeyConstraint("customer", "region", name=op.f("pk_customers")),
    )


def downgrade() -> None:
    """The way back."""
    op.drop_table("customers")
    op.drop_index(op.f("ix_orders_group_id"), "orders")
    for name in ("hold_until", "held_since", "place", "group_id"):
        op.drop_column("orders", name)
