"""The tables of policies: which were loaded, who stands where, and what a shadow would have decided."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, String, Table, Text

from serve.storage.tables import DIGEST, NAME, metadata

policies = Table(  # that were loaded, and by whom
    "policies",
    metadata,
    Column("sha256", DIGEST, primary_key=True),
    Column("loaded_by", NAME, primary_key=True),
    Column("folder", Text, nullable=False),  # below the endpoint's folder of policies
    Column("name", NAME, nullable=False),
    Column("loaded_at", BigInteger, nullable=False),
)
standings = Table(  # append-only; the last row holds, see serve.policies.slots.Standing
    "standings",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(32), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("active", DIGEST, nullable=False),
    Column("previous", DIGEST),
    Column("candidate", DIGEST),
    Column("mode", String(12)),
    Column("share", Float, nullable=False),
    Column("experiment_id", NAME),
)
shadows = Table(  # what a policy would have decided
    "shadows",
    metadata,
    Column("decision_id", NAME, primary_key=True),
    Column("bundle_sha256", DIGEST, nullable=False),
    Column("stage", String(12), nullable=False),
    Column("latency_ms", Float, nullable=False),
    Column("is_same", Boolean, nullable=False),  # as what was decided
    Column("plan", Text),  # none: it would have asked a person
    Index(None, "bundle_sha256"),
)
