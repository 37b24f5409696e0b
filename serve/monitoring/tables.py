"""The tables of monitoring: what decisions looked like, and when warehouses were last heard of."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, String, Table, Text

from serve.storage.tables import DIGEST, NAME, metadata

news = Table(  # until when a warehouse has told how it stands
    "news", metadata, Column("warehouse", NAME, primary_key=True), Column("heard_at", BigInteger, nullable=False)
)
tallies = Table(  # what the decisions of a block of time looked like, see serve.monitoring
    "tallies",
    metadata,
    Column("bundle_sha256", DIGEST, primary_key=True),
    Column("begins_at", BigInteger, primary_key=True, autoincrement=False),
    Column("writer", String(32), primary_key=True),
    Column("num_decisions", BigInteger, nullable=False),
    Column("counts", Text, nullable=False),
)
