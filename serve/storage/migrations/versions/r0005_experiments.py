"""Experiments on the real stream, and the orders in them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """The change."""
    op.add_column("decisions", sa.Column("plan_propensity", sa.Float(), server_default="1", nullable=False))
    op.add_column("standings", sa.Column("experiment_id", sa.String(length=128), nullable=True))
    op.create_table(
        "experiments",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("design", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=False),
        sa.Column("created_by", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("control", sa.String(length=64), nullable=True),
        sa.Column("started_by", sa.String(length=128), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("stopped_by", sa.String(length=128), nullable=True),
        sa.Column("stopped_at", sa.BigInteger(), nullable=True),
        sa.Column("stop_reason", sa.Text(), nullable=True),
        sa.Column("alarmed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_experiments")),
    )
    op.create_table(
        "trials",
        sa.Column("experiment_id", sa.String(length=128), nullable=False),
        sa.Column("order_id", sa.String(length=128), nullable=False),
        sa.Column("unit", sa.String(length=160), nullable=False),
        sa.Column("arm", sa.String(length=12), nullable=False),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.Column("is_counted", sa.Boolean(), nullable=False),
        sa.Column("is_pending", sa.Boolean(), nullable=False),
        sa.Column("is_manual", sa.Boolean(), nullable=False),
        sa.Column("promise_at", sa.BigInteger(), nullable=False),
        sa.Column("cost_millicents", sa.BigInteger(), nullable=True),
        sa.Column("lateness_millicents", sa.BigInteger(), nullable=True),
        sa.Column("carbon_millicents", sa.BigInteger(), nullable=True),
        sa.Column("late_probability", sa.Float(), nullable=True),
        sa.Column("num_parcels", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["experiment_id"], ["experiments.id"], name=op.f("fk_trials_experiment_id")),
        sa.PrimaryKeyConstraint("experiment_id", "order_id", name=op.f("pk_trials")),
    )
    op.create_index(op.f("ix_trials_experiment_id_unit"), "trials", ["experiment_id", "unit"], unique=False)


def downgrade() -> None:
    """The way back."""
    op.drop_table("trials")
    op.drop_table("experiments")
    op.drop_column("standings", "experiment_id")
    op.drop_column("decisions", "plan_propensity")
