"""Published numbers beside ours: how much of the gap from myopic down to hindsight is closed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from experiments.scoreboard.evidence import WHOLE, Evidence
from experiments.scoreboard.pages.markdown import DASH, page, share, table
from experiments.scoreboard.pages.summaries import BASE, DUAL
from experiments.scoreboard.statistics import Gap, mean_share
from experiments.scoreboard.task import HINDSIGHT


class Published(NamedTuple):
    """One share of the gap as it was reported.

    Attributes:
        who: the rule.
        percent: of the gap from myopic to hindsight.
        where: it was measured.
    """

    who: str
    percent: str
    where: str


PUBLISHED = {
    "jasin-sinha": (
        Published("dual averaged over sampled futures, solved again", "60 to 86 %", "these instances, re-implemented"),
        Published("static dual", "36 %", "Acimovic and Graves 2015, other orders"),
    )
}
"""By scenario. Source: Acimovic and Graves 2015, "Making better fulfillment decisions on the fly in an online retail
environment", M&SOM 17(1); the other is the bar that the board was built to (docs/scoreboard.md)."""

NEAREST = "nearest"
OURS = (DUAL, "static-dual", "primal-dual")


def literature_section(evidence: Evidence) -> str:
    """The section of a scenario's page, or nothing where nothing was published or the bound is not solved."""
    bound = evidence.bound(HINDSIGHT)
    if evidence.scenario not in PUBLISHED or bound is None:
        return ""
    rows = [[f"reported: {one.who}", one.percent, DASH, one.where] for one in PUBLISHED[evidence.scenario]]
    ours = {who: evidence.values(who, WHOLE) for who in OURS if who in evidence.routers}
    for who, costs in [*ours.items(), ("**learned**", evidence.learned(WHOLE))]:
        if costs is not None:
            rows.append([who, *(_closed(evidence, base, costs, bound) for base in (BASE, NEAREST)), "here"])
    head = ("", f"gap from {BASE} closed [95 %]", f"gap from {NEAREST} closed [95 %]", "measured on")
    return page(
        "## Beside published numbers",
        table(head, rows),
        f"Gap closed: of the way down to `{HINDSIGHT}`, a ratio of mean differences, with a bootstrap over traces (and "
        f"training seeds). What is called {BASE} differs: there each line goes out from its nearest warehouse, as "
        f"{NEAREST} does; {BASE} here takes the cheapest boxes for the whole basket, so it leaves less to be closed. "
        f"[What else differs](../board.md#from-the-literature); [whence the published numbers are]"
        f"(../scoreboard.md#how-to-read-the-pages).",
    ).rstrip("\n")


def _closed(evidence: Evidence, base: str, costs: np.ndarray, bound: np.ndarray) -> str:
    """Share of the gap from a router, with its interval; ``costs`` are float (traces,) or (seeds, traces)."""
    upper = evidence.values(base, WHOLE) if base in evidence.routers else None
    if upper is None:
        return DASH
    gap = Gap(upper, np.atleast_2d(costs), bound)
    if gap.share is None or (upper <= bound).any():  # of traces drawn again none might leave a gap: no interval
        return share(gap.share)
    found = mean_share([gap])
    return f"{100 * found.mean:.1f} % [{', '.join(f'{100 * end:.1f}' for end in found[1:] if end is not None)}]"
