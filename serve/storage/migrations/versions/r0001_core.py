"""State, orders, decisions, keys, events, tasks and the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """The change."""
    op.create_table(
        "audit",
        sa.Column("writer", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("payload_sha256", sa.String(length=64), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("writer", "seq", name=op.f("pk_audit")),
    )
    op.create_table(
        "audit_heads",
        sa.Column("writer", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("writer", name=op.f("pk_audit_heads")),
    )
    op.create_table(
        "bookings",
        sa.Column("collection_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("warehouse", sa.String(length=128), nullable=False),
        sa.Column("service", sa.String(length=128), nullable=False),
        sa.Column("booked_parcels", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("booked_parcels >= 0", name=op.f("ck_bookings_never_below_zero")),
        sa.PrimaryKeyConstraint("collection_at", "warehouse", "service", name=op.f("pk_bookings")),
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("order_id", sa.String(length=128), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.String(length=12), nullable=False),
        sa.Column("bundle_sha256", sa.String(length=64), nullable=False),
        sa.Column("writer", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    op.create_index(op.f("ix_decisions_order_id"), "decisions", ["order_id"], unique=False)
    op.create_table(
        "demand",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("this_hour", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_hour", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("recent_milli", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name=op.f("pk_demand")),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("body_sha256", sa.String(length=64), nullable=False),
        sa.Column("applied_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("request_sha256", sa.String(length=64), nullable=False),
        sa.Column("decision_id", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("actor", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(op.f("ix_idempotency_keys_created_at"), "idempotency_keys", ["created_at"], unique=False)
    op.create_table(
        "interruptions",
        sa.Column("warehouse", sa.String(length=128), nullable=False),
        sa.Column("service", sa.String(length=128), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("warehouse", "service", name=op.f("pk_interruptions")),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("decision_id", sa.String(length=128), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("num_holds", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("held_seconds", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("is_again", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
    )
    op.create_index(op.f("ix_orders_expires_at"), "orders", ["expires_at"], unique=False)
    op.create_table(
        "payloads",
        sa.Column("writer", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("writer", "seq", name=op.f("pk_payloads")),
    )
    op.create_table(
        "picks",
        sa.Column("parcel_id", sa.String(length=128), nullable=False),
        sa.Column("warehouse", sa.String(length=128), nullable=False),
        sa.Column("expected_finish_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("parcel_id", name=op.f("pk_picks")),
    )
    op.create_table(
        "punctuality",
        sa.Column("service", sa.String(length=128), nullable=False),
        sa.Column("num_delivered", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("num_late", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("transit_permille", sa.BigInteger(), server_default="1000", nullable=False),
        sa.PrimaryKeyConstraint("service", name=op.f("pk_punctuality")),
    )
    op.create_table(
        "receipts",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("warehouse", sa.String(length=128), nullable=False),
        sa.Column("sku", sa.String(length=128), nullable=False),
        sa.Column("expected_at", sa.BigInteger(), nullable=False),
        sa.Column("expected_units", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("claimed_units", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.CheckConstraint("claimed_units >= 0", name=op.f("ck_receipts_claims")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_receipts")),
        sa.UniqueConstraint("id"),
    )
    op.create_index(op.f("ix_receipts_sku_is_open"), "receipts", ["sku", "is_open"], unique=False)
    op.create_table(
        "stations",
        sa.Column("warehouse", sa.String(length=128), nullable=False),
        sa.Column("num_open", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("num_queued", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("queued_seconds", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("warehouse", name=op.f("pk_stations")),
    )
    op.create_table(
        "stock",
        sa.Column("sku", sa.String(length=128), nullable=False),
        sa.Column("warehouse", sa.String(length=128), nullable=False),
        sa.Column("on_hand_units", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("allocated_units", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reference_units", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bid_price_millicents", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "allocated_units >= 0 AND allocated_units <= on_hand_units", name=op.f("ck_stock_never_below_zero")
        ),
        sa.PrimaryKeyConstraint("sku", "warehouse", name=op.f("pk_stock")),
    )
    op.create_table(
        "tasks",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("order_id", sa.String(length=128), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("lease", sa.String(length=32), nullable=True),
        sa.Column("leased_until", sa.BigInteger(), nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_tasks")),
    )
    op.create_index(op.f("ix_tasks_done_at_due_at"), "tasks", ["done_at", "due_at"], unique=False)
    op.create_index(op.f("ix_tasks_order_id"), "tasks", ["order_id"], unique=False)
    op.create_table(
        "lines",
        sa.Column("order_id", sa.String(length=128), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sku", sa.String(length=128), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("parcel_id", sa.String(length=128), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_lines_order_id")),
        sa.PrimaryKeyConstraint("order_id", "position", name=op.f("pk_lines")),
    )
    op.create_index(op.f("ix_lines_parcel_id"), "lines", ["parcel_id"], unique=False)
    op.create_table(
        "parcels",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("order_id", sa.String(length=128), nullable=False),
        sa.Column("warehouse", sa.String(length=128), nullable=False),
        sa.Column("service", sa.String(length=128), nullable=False),
        sa.Column("stage", sa.String(length=12), nullable=False),
        sa.Column("receipt_id", sa.String(length=128), nullable=True),
        sa.Column("release_at", sa.BigInteger(), nullable=True),
        sa.Column("collection_at", sa.BigInteger(), nullable=False),
        sa.Column("is_booked", sa.Boolean(), nullable=False),
        sa.Column("transit_seconds", sa.BigInteger(), nullable=False),
        sa.Column("quoted_at", sa.BigInteger(), nullable=False),
        sa.Column("departed_at", sa.BigInteger(), nullable=True),
        sa.Column("pick_seconds", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_parcels_order_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_parcels")),
        sa.UniqueConstraint("id"),
    )
    op.create_index(op.f("ix_parcels_order_id"), "parcels", ["order_id"], unique=False)
    op.create_index(op.f("ix_parcels_receipt_id"), "parcels", ["receipt_id"], unique=False)
    op.create_index(op.f("ix_parcels_stage_release_at"), "parcels", ["stage", "release_at"], unique=False)
    # ### end Alembic commands ###


def downgrade() -> None:
    """The way back."""
    op.drop_index(op.f("ix_parcels_stage_release_at"), table_name="parcels")
    op.drop_index(op.f("ix_parcels_receipt_id"), table_name="parcels")
    op.drop_index(op.f("ix_parcels_order_id"), table_name="parcels")
    op.drop_table("parcels")
    op.drop_index(op.f("ix_lines_parcel_id"), table_name="lines")
    op.drop_table("lines")
    op.drop_index(op.f("ix_tasks_order_id"), table_name="tasks")
    op.drop_index(op.f("ix_tasks_done_at_due_at"), table_name="tasks")
    op.drop_table("tasks")
    op.drop_table("stock")
    op.drop_table("stations")
    op.drop_index(op.f("ix_receipts_sku_is_open"), table_name="receipts")
    op.drop_table("receipts")
    op.drop_table("punctuality")
    op.drop_table("picks")
    op.drop_table("payloads")
    op.drop_index(op.f("ix_orders_expires_at"), table_name="orders")
    op.drop_table("orders")
    op.drop_table("interruptions")
    op.drop_index(op.f("ix_idempotency_keys_created_at"), table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_table("events")
    op.drop_table("demand")
    op.drop_index(op.f("ix_decisions_order_id"), table_name="decisions")
    op.drop_table("decisions")
    op.drop_table("bookings")
    op.drop_table("audit_heads")
    op.drop_table("audit")
    # ### end Alembic commands ###
