"""Settings of a training, checked when they are made."""

from __future__ import annotations

from dataclasses import dataclass

from agents.learned.preferences import Preferences
from envs.prices import Pricing
from envs.world import check_weights
from scenarios.errors import InputError

_COUNTS = {
    "search_generations": 0,
    "search_candidates": 5,
    "search_traces": 1,
    "search_threads": 1,
    "num_workers": 1,
    "validation_traces": 0,
    "value_rounds": 0,
    "value_traces": 1,
    "value_checks": 1,
    "value_epochs": 1,
    "value_horizon_hours": 1,
    "total_steps": 0,
    "num_envs": 1,
    "group_size": 1,
    "num_steps": 1,
    "batch_size": 1,
    "num_epochs": 1,
    "hidden": 1,
    "num_threads": 1,
}
"""Fields that count, and their least value."""


@dataclass(frozen=True)
class TrainingConfig:
    """How to train; one step is one decision of one replication.

    Attributes:
        search_generations: of ``agents.learned.search``; 0 leaves the search out.
        search_candidates: candidates of a generation, an odd number.
        search_traces: training traces that each candidate plays.
        value_rounds: of ``agents.learned.values``; 0 leaves it out.
        value_traces: training traces on which plans are tried in a round.
        value_checks: training traces that decide how far what was learned is followed.
        value_share: of decisions at which plans are tried.
        value_horizon_hours: orders that arrive later than this after a decision do not count for it.
        value_epochs: passes over a round's lessons.
        total_steps: decisions that PPO learns from, all replications together, rounded up to whole rollouts;
            0 leaves PPO out.
        num_envs: replications stepped together.
        group_size: replications that play the same traces, rewarded against the base router on them; divides
            ``num_envs``; 1 leaves the reward as it is.
        num_steps: decisions of each replication per rollout.
        batch_size: of a minibatch; divides num_envs * num_steps.
        num_epochs: passes over a rollout.
        gamma: discount used to learn; the environment's own discount is 1.
        gae_lambda: of the advantage estimate.
        hidden: width of the plan scorer.
        temperature: of the base router at the start, in currency units.
        weights: preferences over cost, lateness and carbon.
        is_conditioned: weights are drawn for each trace instead, for one policy that follows those it is given.
        pricing: base router: ``CLOSED_FORM`` (primal-dual), ``NONE`` (myopic) or ``SCHEDULED`` (dual).
        seed: of network, sampling and training traces.
        num_threads: of torch.
        validation_traces: on which the stages are compared; 0 keeps the last.
        search_threads: traces played at once by the search; the result does not depend on it.
        num_workers: threads that share the replications; the result does not depend on it.
        learning_rate: of Adam at the start; falls linearly to zero.
    """

    search_generations: int = 8
    search_candidates: int = 41
    search_traces: int = 4
    value_rounds: int = 4
    value_traces: int = 12
    value_checks: int = 16
    value_share: float = 0.05
    value_horizon_hours: int = 12
    value_epochs: int = 20
    total_steps: int = 100_000
    num_envs: int = 16
    group_size: int = 16
    num_steps: int = 512
    batch_size: int = 1024
    num_epochs: int = 4
    learning_rate: float = 1e-3
    gamma: float = 0.997
    gae_lambda: float = 0.97
    clip_range: float = 0.2
    hidden: int = 16
    temperature: float = 0.2
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0)
    is_conditioned: bool = False
    pricing: str = "CLOSED_FORM"
    seed: int = 0
    num_threads: int = 1
    search_threads: int = 2
    validation_traces: int = 20
    num_workers: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", tuple(check_weights(self.weights).tolist()))
        for name, least in _COUNTS.items():
            value = getattr(self, name)
            _check(name, value, type(value) is int and value >= least, f"a whole number from {least}")
        _check("search_candidates", self.search_candidates, self.search_candidates % 2 == 1, "an odd number")
        is_divisor = self.num_envs % self.group_size == 0
        _check("group_size", self.group_size, is_divisor, f"a divisor of num_envs = {self.num_envs}")
        _check("seed", self.seed, isinstance(self.seed, int) and 0 <= self.seed < 10_000, "a whole number below 10000")
        for name in ("learning_rate", "clip_range", "temperature"):
            _check(name, getattr(self, name), 0 < getattr(self, name) < float("inf"), "a positive number")
        for name in ("gamma", "gae_lambda", "value_share"):
            _check(name, getattr(self, name), 0 < getattr(self, name) <= 1, "a number in (0, 1]")
        _check("pricing", self.pricing, self.pricing in Pricing.__members__, "one of " + ", ".join(Pricing.__members__))
        rollout = self.num_envs * self.num_steps
        _check("batch_size", self.batch_size, rollout % self.batch_size == 0, f"a divisor of {rollout}")
        _check("is_conditioned", self.is_conditioned, isinstance(self.is_conditioned, bool), "true or false")

    @property
    def preferences(self) -> Preferences:
        """Weights that traces are played with."""
        return Preferences(self.weights, self.is_conditioned)


def _check(name: str, value: object, is_right: bool, expected: str = "a positive whole number") -> None:
    if not is_right:
        raise InputError(f"train.{name}", value, expected, "change this setting")
