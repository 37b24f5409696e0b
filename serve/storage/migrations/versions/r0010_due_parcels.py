"""Parcels are found by when they were due."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """The change."""
    op.create_index(
        op.f("ix_parcels_collection_at_departed_at_stage"), "parcels", ["collection_at", "departed_at", "stage"]
    )
    op.create_index(op.f("ix_parcels_quoted_at_delivered_at_stage"), "parcels", ["quoted_at", "delivered_at", "stage"])


def downgrade() -> None:
    """The way back."""
    op.drop_index(op.f("ix_parcels_quoted_at_delivered_at_stage"), "parcels")
    op.drop_index(op.f("ix_parcels_collection_at_departed_at_stage"), "parcels")
