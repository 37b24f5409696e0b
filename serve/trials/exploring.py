"""A choice by chance among plans that are nearly as good, so that other policies can be judged from what came of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from envs.plan_table import SCORE
from envs.snapshot import Snapshot
from serve.trials.assignment import draw

_PERMILLE = 1000


class Exploration(NamedTuple):
    """How often, and how far.

    Attributes:
        salt: of the draws.
        share: probability that a plan is drawn at all.
        margin_millicents: by how much worse than the chosen plan's a weighted score may be.
    """

    salt: str
    share: float
    margin_millicents: int


class Explored(NamedTuple):
    """What chance made of a choice.

    Attributes:
        slot: of the plan.
        propensity: probability that this plan comes out, given what the policy chose.
    """

    slot: int
    propensity: float


def near_slots(snapshot: Snapshot, slot: int, margin_millicents: int) -> np.ndarray:
    """Slots of plans that send all, with a score at most so much above that of the chosen one, which is among them.

    A hold books only its waiting and a decline sends nothing, so neither is comparable: then the choice is alone.
    """
    plans, count = snapshot.plans, snapshot.num_plans
    is_sent = plans.slots["num_parcels"][:count] > 0
    if not is_sent[slot]:
        return np.array([slot])
    scores = plans.rules[:count, SCORE]
    return np.flatnonzero(is_sent & (scores <= scores[slot] + _PERMILLE * margin_millicents))


def explore(snapshot: Snapshot, slot: int, exploration: Exploration, order_id: str) -> Explored:
    """Leaves a choice or draws one of its near plans, all alike; the same order has the same luck.

    All plans of the table keep every hard constraint, so this one does, too.
    """
    near = near_slots(snapshot, slot, exploration.margin_millicents)
    if len(near) == 1:
        return Explored(slot, 1.0)
    share, drawn = exploration.share, slot
    if draw(f"{exploration.salt} whether", order_id) < share:
        drawn = int(near[int(draw(f"{exploration.salt} which", order_id) * len(near))])
    return Explored(drawn, plan_propensity(drawn == slot, share, len(near)))


def plan_propensity(is_best: bool, share: float, num_near: int) -> float:
    """Probability of the policy's own plan, or of another one, among so many near ones."""
    return (1 - share if is_best else 0.0) + share / num_near
