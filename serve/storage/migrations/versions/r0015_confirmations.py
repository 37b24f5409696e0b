"""Whether an order is confirmed, whatever its state: it was told by that alone, and forgotten when it changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_ORDERS = sa.table("orders", *map(sa.column, ("id", "group_id", "state", "is_confirmed")))
_REVIEWS = sa.table("reviews", *map(sa.column, ("order_id", "state", "is_confirmed")))


def upgrade() -> None:
    """The change."""
    op.add_column("orders", sa.Column("is_confirmed", sa.Boolean(), nullable=False, server_default=sa.false()))
    order, review = _ORDERS.c, _REVIEWS.c
    first_id = sa.func.coalesce(order.group_id, order.id)
    kept = sa.select(review.order_id).where(review.state == "open", review.is_confirmed == sa.true())
    waits = sa.and_(order.state == "review", first_id.in_(kept))
    op.execute(sa.update(_ORDERS).where(sa.or_(order.state == "confirmed", waits)).values(is_confirmed=sa.true()))
    op.drop_column("reviews", "is_confirmed")


def downgrade() -> None:
    """The way back."""
    op.add_column("reviews", sa.Column("is_confirmed", sa.Boolean(), nullable=False, server_default=sa.false()))
    order, review = _ORDERS.c, _REVIEWS.c
    confirmed = sa.select(order.id).where(order.is_confirmed == sa.true())
    op.execute(sa.update(_REVIEWS).where(review.order_id.in_(confirmed)).values(is_confirmed=sa.true()))
    op.drop_column("orders", "is_confirmed")
