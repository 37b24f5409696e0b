"""Queued parcels are found by an index again: an outage read all that were ever sent, twice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_QUEUE = ("ix_parcels_stage_release_at", "parcels", ["stage", "release_at"])


def upgrade() -> None:
    """The change."""
    op.drop_index(*_QUEUE[:2])
    op.create_index(*_QUEUE)


def downgrade() -> None:
    """The way back."""
    has = sa.text("release_at IS NOT NULL")
    op.drop_index(*_QUEUE[:2])
    op.create_index(*_QUEUE, sqlite_where=has, postgresql_where=has)
