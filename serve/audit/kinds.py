"""Kinds of rows of the audit log: whose payloads can be erased when their time is over, and whose stay for good."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

PassingKind: TypeAlias = Literal[
    "decided",
    "confirmed",
    "cancelled",
    "expired",
    "taken_back",
    "review_approved",
    "review_rejected",
    "review_overridden",
    "review_expired",
    "events",
    "inventory",
    "stations",
]
"""What happened to orders and goods, which may name an order or its customer, and is most of what is kept."""

LastingKind: TypeAlias = Literal[
    "chain_begun",
    "payload_erased",
    "review_rules",
    "prices_solved",
    "baseline",
    "policy_started",
    "policy_loaded",
    "policy_shadowed",
    "policy_canaried",
    "policy_activated",
    "policy_rolled_back",
    "policy_withdrawn",
    "policy_experiment",
    "policy_experiment_over",
    "experiment_created",
    "experiment_started",
    "experiment_stopped",
    "experiment_alarmed",
]
"""What decisions were made by, and what the log says of itself; nothing of it is about an order or a customer."""

Kind: TypeAlias = PassingKind | LastingKind
"""Of every row. A new kind belongs to one of both, or the type checker refuses whoever writes it."""

ERASABLE: frozenset[str] = frozenset(get_args(PassingKind))
ERASED: LastingKind = "payload_erased"
"""Kind of the row without which a missing payload is a complaint."""
BEGUN: LastingKind = "chain_begun"
"""Kind of the first row of a chain that others were there before."""
