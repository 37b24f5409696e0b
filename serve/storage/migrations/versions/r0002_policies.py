"""Policies in two slots, what a shadow would have decided, and the arm of each decision."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """The change."""
    op.create_table(
        "policies",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("loaded_by", sa.String(length=128), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("loaded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", "loaded_by", name=op.f("pk_policies")),
    )
    op.create_table(
        "standings",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.String(length=64), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=True),
        sa.Column("candidate", sa.String(length=64), nullable=True),
        sa.Column("mode", sa.String(length=12), nullable=True),
        sa.Column("share", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_standings")),
    )
    op.create_table(
        "shadows",
        sa.Column("decision_id", sa.String(length=128), nullable=False),
        sa.Column("bundle_sha256", sa.String(length=64), nullable=False),
        sa.Column("stage", sa.String(length=12), nullable=False),
        sa.Column("latency_ms", sa.Float(), nullable=False),
        sa.Column("is_same", sa.Boolean(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_shadows")),
    )
    op.create_index(op.f("ix_shadows_bundle_sha256"), "shadows", ["bundle_sha256"], unique=False)
    op.add_column("decisions", sa.Column("arm", sa.String(length=12), server_default="active", nullable=False))
    op.add_column("decisions", sa.Column("propensity", sa.Float(), server_default="1", nullable=False))


def downgrade() -> None:
    """Back to the one before."""
    op.drop_column("decisions", "propensity")
    op.drop_column("decisions", "arm")
    op.drop_table("shadows")
    op.drop_table("standings")
    op.drop_table("policies")
