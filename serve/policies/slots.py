"""Two slots for policies: one decides, the other waits, decides beside it, or decides a share of the orders.

A canary and an experiment are one thing, an assignment of units to slots; a canary draws for every order by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from serve.decisions.service import DecisionService
from serve.policies.answer import Mode
from serve.trials.assignment import Arm, Assignment, Draw, Subject
from serve.trials.exploring import Exploration
from serve.trials.kept import Experiment


@dataclass(frozen=True, slots=True)
class Standing:
    """Which policy stands where; ``number`` grows with every change. Policies are named by their bundle's SHA-256.

    Attributes:
        number: of the change that led to it.
        active: decides.
        previous: decided before, and may be returned to.
        candidate: in the second slot.
        mode: what the candidate does; None without one.
        share: of the orders that a canary decides, or of the units that fall to the treatment; 0 for all others.
        experiment_id: that runs in the slots; None if none does.
    """

    number: int
    active: str
    previous: str | None = None
    candidate: str | None = None
    mode: Mode | None = None
    share: float = 0.0
    experiment_id: str | None = None

    def policies(self) -> set[str]:
        """All that stand somewhere."""
        return {sha256 for sha256 in (self.active, self.previous, self.candidate) if sha256}

    def needed(self) -> list[str]:
        """Those that decide, without which some orders could not be answered; the active one first."""
        return self._with_candidate("canary", "experiment")

    def at_work(self) -> list[str]:
        """These, and one that decides for the record alone."""
        return self._with_candidate("canary", "experiment", "shadow")

    def _with_candidate(self, *modes: Mode) -> list[str]:
        return [self.active, self.candidate] if self.candidate and self.mode in modes else [self.active]


@dataclass(frozen=True, slots=True, eq=False)
class Pick:
    """Who decides one order.

    Attributes:
        service: that decides, all of it.
        arm: in which slot it stands.
        propensity: probability that an order falls to this arm.
        shadow: decides beside it, for the record alone.
        experiment: that the order is in.
        unit: of the experiment, for which the arm was drawn.
        draw: of the arm; None if chance had no part in it.
    """

    service: DecisionService
    arm: Arm = "active"
    propensity: float = 1.0
    shadow: DecisionService | None = None
    experiment: Experiment | None = None
    unit: str | None = None
    draw: Draw | None = None

    @property
    def exploration(self) -> Exploration | None:
        """How a plan is drawn among those nearly as good as the policy's; None if it is not."""
        return None if self.experiment is None else self.experiment.exploration


@dataclass(frozen=True, slots=True, eq=False)
class Slots:
    """One moment of the two slots, with the services; replaced as a whole, so that a decision sees one of them.

    Attributes:
        standing: who stands where.
        services: of policies in ``standing``, by SHA-256: all that are needed, and of the others those that are there.
        experiment: that runs, if ``standing`` names one.
    """

    standing: Standing
    services: dict[str, DecisionService]
    experiment: Experiment | None = None

    @property
    def assignment(self) -> Assignment | None:
        """How units fall to the candidate; None if all fall to the active policy."""
        standing = self.standing
        if self.experiment is not None:
            return self.experiment.assignment
        if standing.candidate is None or standing.mode != "canary":
            return None
        return Assignment(standing.candidate, standing.share)

    def pick(self, subject: Subject) -> Pick:
        """Who decides an order; its unit falls to the same arm as long as the assignment stays."""
        assignment = self.assignment
        return self.pick_unit(None if assignment is None else assignment.unit_of(subject))

    def pick_unit(self, unit: str | None) -> Pick:
        """Who decides orders of a unit; None: what belongs to no unit, or came before the experiment."""
        standing, assignment = self.standing, self.assignment
        active = Pick(self.services[standing.active])
        candidate = self.services.get(standing.candidate) if standing.candidate else None
        if standing.mode == "shadow":
            return replace(active, shadow=candidate)
        if assignment is None or candidate is None or unit is None:
            return active
        drawn = Draw(assignment, unit, None if self.experiment is None else self.experiment.id)
        arm = drawn.arm
        service = candidate if arm == "canary" else active.service
        return Pick(service, arm, drawn.propensity, None, self.experiment, drawn.told_unit, drawn)
