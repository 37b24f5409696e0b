"""Queued parcels are found by an index again, and advice is told from the decisions that orders were kept with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_QUEUE = ("ix_parcels_stage_release_at", "parcels", ["stage", "release_at"])
_DECISIONS = sa.table("decisions", *map(sa.column, ("order_id", "is_kept")))
_ORDERS = sa.table("orders", sa.column("id"))


def upgrade() -> None:
    """The change."""
    op.drop_index(*_QUEUE[:2])
    op.create_index(*_QUEUE)
    op.add_column("decisions", sa.Column("is_kept", sa.Boolean(), nullable=False, server_default=sa.true()))
    is_known = sa.select(_ORDERS.c.id).where(_ORDERS.c.id == _DECISIONS.c.order_id).exists()
    op.execute(sa.update(_DECISIONS).where(~is_known).values(is_kept=sa.false()))


def downgrade() -> None:
    """The way back."""
    op.drop_column("decisions", "is_kept")
    has = sa.text("release_at IS NOT NULL")
    op.drop_index(*_QUEUE[:2])
    op.create_index(*_QUEUE, sqlite_where=has, postgresql_where=has)
