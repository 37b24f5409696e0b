"""How many parcels a collection takes, where the carrier said another number than the scenario."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """The change."""
    op.add_column("bookings", sa.Column("capacity_parcels", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """The way back."""
    op.drop_column("bookings", "capacity_parcels")
