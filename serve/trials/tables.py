"""The tables of experiments: what was planned and what became of it, and the orders that are in one."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text, and_

from serve.storage.tables import DIGEST, NAME, metadata

experiments = Table(
    "experiments",
    metadata,
    Column("id", NAME, primary_key=True),
    Column("design", Text, nullable=False),  # see serve.trials.design.Design
    Column("state", String(12), nullable=False),  # draft, running, stopped
    Column("salt", String(32), nullable=False),
    Column("created_by", NAME, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("control", DIGEST),  # none before the start
    Column("started_by", NAME),
    Column("started_at", BigInteger),
    Column("stopped_by", NAME),
    Column("stopped_at", BigInteger),
    Column("stop_reason", Text),
    Column("alarmed_at", BigInteger),  # units do not fall to the arms as they should
)
trials = Table(  # orders of an experiment: where each belongs since its first decision, and what is expected of it
    "trials",
    metadata,
    Column("experiment_id", NAME, ForeignKey("experiments.id"), primary_key=True),
    Column("order_id", NAME, primary_key=True),
    Column("unit", String(160), nullable=False),
    Column("arm", String(12), nullable=False),
    Column("entered_at", BigInteger, nullable=False),
    Column("is_counted", Boolean, nullable=False),  # not in a washout, nor after its customer's time
    Column("is_pending", Boolean, nullable=False),  # held: what it costs is not known
    Column("is_manual", Boolean, nullable=False),  # nobody but a person could decide
    Column("promise_at", BigInteger, nullable=False),
    Column("cost_millicents", BigInteger),  # none without a plan, as in all below
    Column("lateness_millicents", BigInteger),
    Column("carbon_millicents", BigInteger),
    Column("late_probability", Float),
    Column("num_parcels", Integer),
    Index(None, "experiment_id", "unit"),
)
HAS_JOINED = and_(trials.c.cost_millicents.is_not(None), trials.c.num_parcels.is_(None))
"""Of orders whose plan is that of another one, under which all is booked: they cost nothing more."""
