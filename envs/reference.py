"""The tables of ``docs/reference.md``, made from the code: ``python -m envs.reference > docs/reference.md``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from envs.costs import COST_PARTS
from envs.feature_schema import CONTEXT_FEATURES, SCHEMA_VERSION, SLOT_FEATURES
from envs.log import EVENT_COLUMNS, LEDGER_COLUMNS, Kind
from envs.plan_table import Rule
from envs.prices import Pricing
from envs.ranks import Rank


def _table(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [f"## {title}", "", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def reference() -> str:
    """The whole page as Markdown."""
    features = ("name", "unit", "scale", "meaning")
    parts = [
        "# Reference\n\nMade from the code by `python -m envs.reference`; a test compares.\n",
        _table(
            "Order of simultaneous events",
            ("rank", "event"),
            ((int(r), r.name.lower().replace("_", " ")) for r in Rank),
        ),
        _table(
            "Cost parts",
            ("part", "objective", "meaning"),
            ((p.name, p.objective.name.lower(), p.doc) for p in COST_PARTS),
        ),
        _table("Kinds of events in the log", ("number", "kind"), ((int(k), k.name.lower()) for k in Kind)),
        _table(
            "Columns",
            ("table", "int64 columns"),
            (("events", ", ".join(EVENT_COLUMNS)), ("ledger", ", ".join(LEDGER_COLUMNS))),
        ),
        _table("Columns that plans are ranked by", ("number", "rule"), ((int(r), r.name.lower()) for r in Rule)),
        _table("Who fills the bid-price table", ("number", "pricing"), ((int(p), p.name) for p in Pricing)),
        _table(f"Features of a plan (schema version {SCHEMA_VERSION})", features, SLOT_FEATURES),
        _table(f"Features of the moment (schema version {SCHEMA_VERSION})", features, CONTEXT_FEATURES),
    ]
    return "\n".join(parts)


if __name__ == "__main__":
    print(reference(), end="")
