"""How much is let in."""

from __future__ import annotations

from dataclasses import dataclass, replace

from scenarios.errors import InputError


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of an endpoint.

    Attributes:
        in_flight: decisions that are worked on at once.
        waiting: decisions that wait for that; the next one is refused.
        client_rate: requests a second of one client; None: any.
        decision_rate: decisions a second of all clients; None: any.
        burst_seconds: a rate may be saved up for so long, and then used at once; one request can always be saved up.
    """

    in_flight: int = 4
    waiting: int = 128
    client_rate: float | None = 1000.0
    decision_rate: float | None = None
    burst_seconds: float = 0.25

    def __post_init__(self) -> None:
        for option, count, least in (("--in-flight", self.in_flight, 1), ("--waiting", self.waiting, 0)):
            if not least <= count <= 10_000:
                raise InputError(option, count, f"{least} to 10000", "correct the number")
        for option, rate in (("--client-rate", self.client_rate), ("--decision-rate", self.decision_rate)):
            if rate is not None and not 0 < rate <= 1e6:  # false for NaN, too
                raise InputError(option, rate, "above 0, at most a million a second", "correct the number")
        if not 0 <= self.burst_seconds <= 3600:
            raise InputError("--burst", self.burst_seconds, "0 to 3600 seconds", "correct the number")

    def of_each(self, number: int) -> Limits:
        """Of each of so many processes that serve together: its share of what is let in."""
        if number == 1:
            return self
        client, everybody = (None if rate is None else rate / number for rate in (self.client_rate, self.decision_rate))
        return replace(self, waiting=-(-self.waiting // number), client_rate=client, decision_rate=everybody)
