"""The tables: what a router may know, what was decided, what is owed. Times are UTC seconds, names the bundle's.

``serve.storage.migrations`` makes them; a test compares.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    false,
    text,
    true,
)


def _of_few(name: str) -> Index:
    """An index of those rows alone that have something in a column that most leave empty."""
    has = text(f"{name} IS NOT NULL")
    return Index(None, name, sqlite_where=has, postgresql_where=has)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

NAME = String(128)
DIGEST = String(64)
NUMBER = BigInteger().with_variant(Integer, "sqlite")
"""Counts up by itself; SQLite does that for its plain integers only."""


def _units(name: str, default: int = 0) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default=str(default))


# What a router may know -------------------------------------------------------------------------

stock = Table(
    "stock",
    metadata,
    Column("sku", NAME, primary_key=True),
    Column("warehouse", NAME, primary_key=True),
    _units("on_hand_units"),
    _units("allocated_units"),
    _units("reference_units"),
    Column("bid_price_millicents", BigInteger),  # none: the bundle's rule
    CheckConstraint("allocated_units >= 0 AND allocated_units <= on_hand_units", name="never_below_zero"),
)
receipts = Table(  # announced goods, numbered in the order of announcement
    "receipts",
    metadata,
    Column("number", NUMBER, primary_key=True),
    Column("id", NAME, nullable=False, unique=True),
    Column("warehouse", NAME, nullable=False),
    Column("sku", NAME, nullable=False),
    Column("expected_at", BigInteger, nullable=False),
    _units("expected_units"),
    _units("claimed_units"),
    Column("is_open", Boolean, nullable=False),
    CheckConstraint("claimed_units >= 0", name="claims"),
    Index(None, "sku", "is_open"),
)
_QUEUE = (_units("num_open"), _units("num_queued"), _units("queued_seconds"))
stations = Table("stations", metadata, Column("warehouse", NAME, primary_key=True), *_QUEUE)
picks = Table(  # running ones
    "picks",
    metadata,
    Column("parcel_id", NAME, primary_key=True),
    Column("warehouse", NAME, nullable=False),
    Column("expected_finish_at", BigInteger, nullable=False),
)
bookings = Table(
    "bookings",
    metadata,
    Column("collection_at", BigInteger, primary_key=True, autoincrement=False),
    Column("warehouse", NAME, primary_key=True),
    Column("service", NAME, primary_key=True),
    _units("booked_parcels"),
    Column("capacity_parcels", BigInteger),  # as the carrier said; none: the scenario's
    CheckConstraint("booked_parcels >= 0", name="never_below_zero"),
)
interruptions = Table(
    "interruptions",
    metadata,
    Column("warehouse", NAME, primary_key=True),
    Column("service", NAME, primary_key=True),
    Column("until", BigInteger, nullable=False),
)
punctuality = Table(
    "punctuality",
    metadata,
    Column("service", NAME, primary_key=True),
    _units("num_delivered"),
    _units("num_late"),
    _units("transit_permille", 1000),
)
demand = Table(  # counters as they stood in an hour since the scenario's epoch, see serve.orders.demand_seen
    "demand",
    metadata,
    Column("kind", String(8), primary_key=True),  # all, region, sku
    Column("name", NAME, primary_key=True),
    Column("hour", BigInteger, nullable=False),
    _units("total"),
    _units("this_hour"),
    _units("last_hour"),
    _units("recent_milli"),
)

# What was ordered, decided and sent -------------------------------------------------------------

orders = Table(
    "orders",
    metadata,
    Column("id", NAME, primary_key=True),
    Column("document", Text, nullable=False),  # as asked first, without its customer
    Column("state", String(12), nullable=False),  # see serve.orders.order.State
    Column("decision_id", NAME, nullable=False),  # the latest
    Column("is_confirmed", Boolean, nullable=False, server_default=false()),  # whatever is reserved does not expire
    Column("expires_at", BigInteger),  # of a reservation that is not confirmed
    _units("num_holds"),
    _units("held_seconds"),
    Column("is_again", Boolean, nullable=False),  # a plan for its open lines broke
    Column("group_id", NAME),  # the first of the orders that are decided together; none: it is alone
    Column("place", Integer, nullable=False, server_default="0"),  # in the sequence of joining
    Column("held_since", BigInteger),  # of a group, in the row of its first order, as are its holds
    Column("hold_until", BigInteger),
    Index(None, "expires_at"),
    _of_few("group_id"),
)
_IS_OPEN = text("state = 'open'")
customers = Table(  # whose next order may join one that is held
    "customers",
    metadata,
    Column("customer", NAME, primary_key=True),  # a pseudonym
    Column("region", NAME, primary_key=True),
    Column("order_id", NAME, nullable=False),  # the latest
)
lines = Table(
    "lines",
    metadata,
    Column("order_id", NAME, ForeignKey("orders.id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("sku", NAME, nullable=False),
    Column("units", BigInteger, nullable=False),
    Column("state", String(12), nullable=False),  # of serve.orders.order.LineState or serve.orders.parcel.ENDING
    Column("parcel_id", NAME),
    Column("promise_at", BigInteger),  # by agents.documents.promise_of_line, as kept by serve.orders.parcel.place_lines
    Column(
        "ended_at", BigInteger
    ),  # since when it is owed to nobody, see serve.orders.ending.note_ends; 0: nobody noted when
    Index(None, "parcel_id"),
    # What waits for a decision, looked for at every start; and with each order, of which few lines are open.
    Index(None, "state", "order_id", sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
)
parcels = Table(  # numbered in the order of planning, in which claims are served
    "parcels",
    metadata,
    Column("number", NUMBER, primary_key=True),
    Column("id", NAME, nullable=False, unique=True),
    Column("order_id", NAME, ForeignKey("orders.id"), nullable=False),
    Column("warehouse", NAME, nullable=False),
    Column("service", NAME, nullable=False),
    Column("stage", String(12), nullable=False),  # see serve.orders.parcel.Stage
    Column("receipt_id", NAME),  # whose units it claims
    Column("release_at", BigInteger),  # presale: not picked before
    Column("collection_at", BigInteger, nullable=False),
    Column("is_booked", Boolean, nullable=False),  # on that collection
    Column("transit_seconds", BigInteger, nullable=False),  # expected
    Column("quoted_at", BigInteger, nullable=False),
    Column("queued_at", BigInteger),
    Column("picked_at", BigInteger),
    Column("packed_at", BigInteger),
    Column("departed_at", BigInteger),
    Column("delivered_at", BigInteger),
    _units("pick_seconds"),
    Index(None, "order_id"),
    _of_few("receipt_id"),
    Index(None, "stage", "release_at"),  # not of few: what an outage looks for is in the queue, mostly without a date
    # Missing outcomes are counted every minute, of a week of parcels and not of all that were ever sent, and from these
    # indexes alone: from the dates alone SQLite takes ten times as long, which pays only when a week is less than a
    # tenth of all. They cost 15 us of CPU a parcel, of 6 ms or more a decision, and 13 us a change of stage.
    Index(None, "collection_at", "departed_at", "stage"),
    Index(None, "quoted_at", "delivered_at", "stage"),
)
decisions = Table(
    "decisions",
    metadata,
    Column("id", NAME, primary_key=True),
    Column("order_id", NAME, nullable=False),
    Column("decided_at", BigInteger, nullable=False),
    Column("is_kept", Boolean, nullable=False, server_default=true()),  # else advice, whatever order has this id
    Column("stage", String(12), nullable=False),
    Column("bundle_sha256", DIGEST, nullable=False),
    Column("writer", String(32), nullable=False),  # with seq: its audit row and payload
    Column("seq", BigInteger, nullable=False),
    Column("arm", String(12), nullable=False, server_default="active"),  # see serve.policies.slots
    Column("propensity", Float, nullable=False, server_default="1"),
    Column("plan_propensity", Float, nullable=False, server_default="1"),  # given the arm
    Index(None, "order_id"),
)

# Once, in order, and later ----------------------------------------------------------------------

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("actor", NAME, primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("request_sha256", DIGEST, nullable=False),
    Column("decision_id", NAME, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index(None, "created_at"),
)
events = Table(
    "events",
    metadata,
    Column("id", NAME, primary_key=True),
    Column("body_sha256", DIGEST, nullable=False),
    Column("applied_at", BigInteger, nullable=False),
)
tasks = Table(
    "tasks",
    metadata,
    Column("number", NUMBER, primary_key=True),
    Column("kind", String(20), nullable=False),  # see serve.orders.tasks.Kind
    Column("order_id", NAME, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("lease", String(32)),
    Column("leased_until", BigInteger),
    Column("done_at", BigInteger),
    Index(None, "done_at", "due_at"),
    Index(None, "order_id"),
)
breaks = Table(  # a parcel lost lines against the plan; its task may have been owed already
    "breaks",
    metadata,
    Column("number", NUMBER, primary_key=True),
    Column("order_id", NAME, nullable=False),
    Column("cause", String(20), nullable=False),  # see serve.orders.order.Cause
    Column("broke_at", BigInteger, nullable=False),
    Index(None, "broke_at", "cause"),
)
reviews = Table(
    "reviews",
    metadata,
    Column("number", NUMBER, primary_key=True),
    Column("order_id", NAME, nullable=False),
    Column("decision_id", NAME, nullable=False),
    Column("reasons", String(128), nullable=False),  # see serve.reviews.queue.Reason, with commas between
    Column("detail", Text),
    Column("state", String(12), nullable=False),  # see serve.reviews.queue.ReviewState
    Column("opened_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger),
    Column("closed_by", NAME),
    Column("label_decision_id", NAME),  # whose record holds what a person chose instead
    Index(None, "state", "due_at"),
    Index(None, "order_id"),
)
baselines = Table(  # health reports to compare others with
    "baselines", metadata, Column("name", NAME, primary_key=True), Column("document", Text, nullable=False)
)
audit = Table(
    "audit",
    metadata,
    Column("writer", String(32), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),  # UTC microseconds
    Column("kind", String(32), nullable=False),
    Column("actor", NAME, nullable=False),
    Column("subject", NAME, nullable=False),
    Column("payload_sha256", DIGEST, nullable=False),
    Column("previous", DIGEST, nullable=False),
    Column("hash", DIGEST, nullable=False),
)
audit_heads = Table(
    "audit_heads",
    metadata,
    Column("writer", String(32), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", DIGEST, nullable=False),
)
payloads = Table(  # erasable, unlike the rows that it belongs to
    "payloads",
    metadata,
    Column("writer", String(32), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("salt", LargeBinary, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
