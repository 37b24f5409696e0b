"""The report as one HTML file that needs nothing else: styles and pictures are inside it."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import jinja2

from experiments.comparison import Table
from experiments.gallery import Picture
from experiments.record import Run, yaml_of

TITLES = {
    "evaluate": "Routers compared",
    "whatif": "What if",
    "train": "Training",
    "demo": "The whole lab in a few minutes",
}


def render(
    run: Run,
    *,
    headline: Sequence[str],
    compared: Sequence[tuple[str, str]],
    tables: Sequence[Table],
    pictures: Sequence[Picture],
) -> str:
    """The page of a run.

    Args:
        run: whose record gives provenance, notes and hashes.
        headline: sentences computed from the results.
        compared: what was compared, as pairs of name and value.
        tables: results.
        pictures: figures.
    """
    return rendered(
        "report.html.j2",
        **frame_of(run),
        headline=headline,
        compared_title="What was compared" if tables else "What was done",
        compared=compared,
        tables=tables,
        pictures=embedded(pictures),
    )


def rendered(template: str, **values: Any) -> str:
    """A template of ``templates/`` with its values, all of which must be there."""
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(values)


def _template(name: str) -> str:
    return files("experiments").joinpath("templates", name).read_text(encoding="utf-8")


def embedded(pictures: Sequence[Picture]) -> list[dict[str, Any]]:
    """Pictures as a template takes them, their bytes as text."""
    return [{**picture._asdict(), "data": base64.b64encode(picture.png).decode()} for picture in pictures]


def frame_of(run: Run) -> dict[str, Any]:
    """What every page says about its run: title, notes, provenance and how to make it again."""
    record = run.record
    title = TITLES.get(record["command"], record["command"])
    return {
        "title": f"{title}: {record['scenario_id']}" if record.get("scenario_id") else title,
        "command": record["command"],
        "started": record["started_at"].replace("T", " "),
        "notes": record.get("notes", ()),
        "provenance": provenance_rows(record),
        "hashes": [
            f"seed {t['seed']:>10}  {t['num_orders']:>7,} orders  {t['sha256']}" for t in record.get("traces", ())
        ],
        "packages": sorted(record["packages"].items()),
        "config": yaml_of(run.config).strip(),
        "again": f"{record['command_line']}\n{shlex.join(['routelab', 'report', str(run.folder)])}",
    }


def provenance_rows(record: dict[str, Any]) -> list[tuple[str, str]]:
    """Commit, machine and versions as pairs of name and value."""
    git = record["git"]
    state = {None: "", True: ", with changes that are not committed", False: ""}[git["is_dirty"]]
    rows = [
        ("commit", f"{git['commit']}{state}"),
        ("routelab", f"{record['routelab']}, rules {record['rules']}"),
        ("machine", f"{record['processor']}, {record['platform']}"),
        ("Python", record["python"]),
    ]
    if "seconds" in record:
        rows.append(("duration", f"{record['seconds']:.0f} s"))
    for earlier in record.get("earlier", ()):
        rows.append(("went on from", f"{earlier['started_at']}, commit {earlier['git']['commit']}"))
    return rows
