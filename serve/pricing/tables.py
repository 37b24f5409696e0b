"""The table of solved bid prices."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, Table

from serve.storage.tables import DIGEST, metadata

bid_prices = Table(  # one row a job; none of its prices yet: somebody is solving them, or nobody could
    "bid_prices",
    metadata,
    Column("pricer_sha256", DIGEST, primary_key=True),
    Column("due_at", BigInteger, primary_key=True, autoincrement=False),
    Column("claimed_until", BigInteger, nullable=False),  # from then on somebody else may try
    Column("solved_at", BigInteger),  # second of the state that they were solved with
    Column("valid_from", BigInteger),
    Column("content", LargeBinary),  # see serve.pricing.kept
)
