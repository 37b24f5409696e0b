"""Indexes of groups, claims and releases hold the rows that have one; a decision wrote three pages for having none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_OF_FEW = (
    ("ix_orders_group_id", "orders", ["group_id"]),
    ("ix_parcels_receipt_id", "parcels", ["receipt_id"]),
    ("ix_parcels_stage_release_at", "parcels", ["stage", "release_at"]),
)


def upgrade() -> None:
    """The change."""
    for name, table, columns in _OF_FEW:
        has = sa.text(f"{columns[-1]} IS NOT NULL")
        op.drop_index(name, table)
        op.create_index(name, table, columns, sqlite_where=has, postgresql_where=has)


def downgrade() -> None:
    """The way back."""
    for name, table, columns in _OF_FEW:
        op.drop_index(name, table)
        op.create_index(name, table, columns)
