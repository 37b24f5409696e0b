"""Indexes of queued parcels, again, and of open lines; advice known from decisions; since when lines are not owed.

Lines that had ended before have the time 0: long ago, as far as anybody knows.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_QUEUE = ("ix_parcels_stage_release_at", "parcels", ["stage", "release_at"])
_OPEN = ("ix_lines_state_order_id", "lines", ["state", "order_id"])
_DECISIONS = sa.table("decisions", *map(sa.column, ("order_id", "is_kept")))
_ORDERS = sa.table("orders", *map(sa.column, ("id", "state")))
_LINES = sa.table("lines", *map(sa.column, ("order_id", "state", "ended_at")))


def upgrade() -> None:
    """The change."""
    op.drop_index(*_QUEUE[:2])
    op.create_index(*_QUEUE)
    is_open = sa.text("state = 'open'")
    op.create_index(*_OPEN, sqlite_where=is_open, postgresql_where=is_open)
    op.add_column("decisions", sa.Column("is_kept", sa.Boolean(), nullable=False, server_default=sa.true()))
    is_known = sa.select(_ORDERS.c.id).where(_ORDERS.c.id == _DECISIONS.c.order_id).exists()
    op.execute(sa.update(_DECISIONS).where(~is_known).values(is_kept=sa.false()))
    op.add_column("lines", sa.Column("ended_at", sa.BigInteger(), nullable=True))
    unpaid = sa.select(_ORDERS.c.id).where(_ORDERS.c.state == "expired")
    is_unpaid = sa.and_(_LINES.c.state == "open", _LINES.c.order_id.in_(unpaid))
    has_ended = sa.or_(_LINES.c.state.in_(("cancelled", "declined")), is_unpaid)
    op.execute(sa.update(_LINES).where(has_ended).values(ended_at=0))


def downgrade() -> None:
    """The way back."""
    op.drop_index(*_OPEN[:2])
    op.drop_column("lines", "ended_at")
    op.drop_column("decisions", "is_kept")
    has = sa.text("release_at IS NOT NULL")
    op.drop_index(*_QUEUE[:2])
    op.create_index(*_QUEUE, sqlite_where=has, postgresql_where=has)
