"""Why plans broke."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """The change."""
    op.create_table(
        "breaks",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.String(length=128), nullable=False),
        sa.Column("cause", sa.String(length=20), nullable=False),
        sa.Column("broke_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_breaks")),
    )
    op.create_index(op.f("ix_breaks_broke_at_cause"), "breaks", ["broke_at", "cause"])
    # What broke before left a task behind, which does not say why.
    op.execute(
        "INSERT INTO breaks (order_id, cause, broke_at)"
        " SELECT order_id, 'unknown', due_at FROM tasks WHERE kind = 'plan_broke'"
    )


def downgrade() -> None:
    """The way back."""
    op.drop_index(op.f("ix_breaks_broke_at_cause"), "breaks")
    op.drop_table("breaks")
