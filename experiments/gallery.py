"""All figures of a run, from its record alone. Adding one is a module in ``figures/`` and a line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.figure import Figure

from experiments.figures import cost_parts, differences, learning_curve, network_map, tradeoff, utilisation
from experiments.figures.style import png_of, styled
from experiments.record import Run, write_bytes
from experiments.results import Results


@dataclass(frozen=True)
class Material:
    """What figures are made of; whatever a run does not have is None or empty.

    Attributes:
        results: of an evaluation.
        place: the network of the first trace.
        portraits: simulations of the first trace by agent.
        curve: columns of ``learning_curve.csv``.
        references: cost per order of heuristics beside the learning curve.
    """

    results: Results | None = None
    place: dict[str, Any] | None = None
    portraits: dict[str, dict[str, Any]] | None = None
    curve: pd.DataFrame | None = None
    references: dict[str, float] | None = None


class Entry(NamedTuple):
    """A figure of the gallery."""

    name: str
    title: str
    caption: str
    make: Callable[[Material], Figure | None]


def _curve(material: Material) -> Figure | None:
    if material.curve is None:
        return None
    return learning_curve.draw(material.curve, material.references or {})


def _of_results(draw: Callable[[Results], Figure | None]) -> Callable[[Material], Figure | None]:
    return lambda material: draw(material.results) if material.results is not None else None


def _map(material: Material) -> Figure | None:
    if material.results is None or not material.place or not material.portraits:
        return None
    pair = [material.results.rival, material.results.subject]
    shown = {agent: material.portraits[agent] for agent in pair if agent in material.portraits}
    return network_map.draw(material.place, shown) if shown else None


def _load(material: Material) -> Figure | None:
    if material.results is None or not material.place or not material.portraits:
        return None
    subject = material.results.subject
    return utilisation.draw(material.place, material.portraits[subject], subject)


GALLERY = (
    Entry(
        learning_curve.NAME,
        learning_curve.TITLE,
        "Training episodes are other traces than those compared here; they show the trend, not the verdict.",
        _curve,
    ),
    Entry(
        differences.NAME,
        differences.TITLE,
        "Every agent meets the same orders and the same luck, so most of the noise cancels in the differences.",
        _of_results(differences.draw),
    ),
    Entry(
        cost_parts.NAME,
        cost_parts.TITLE,
        "The parts add up to the cost that agents are compared by.",
        _of_results(cost_parts.draw),
    ),
    Entry(
        tradeoff.NAME,
        tradeoff.TITLE,
        "Cheap, punctual and clean pull apart; an agent without a ring is beaten in all three by another one.",
        _of_results(tradeoff.draw),
    ),
    Entry(
        network_map.NAME,
        network_map.TITLE,
        "The agent of the headline and its closest rival on the first trace.",
        _map,
    ),
    Entry(
        utilisation.NAME,
        utilisation.TITLE,
        "Picking is where queues form: a warehouse that is full all day sends parcels late.",
        _load,
    ),
)


class Picture(NamedTuple):
    """A finished figure."""

    name: str
    title: str
    caption: str
    png: bytes


def draw_all(material: Material) -> list[Picture]:
    """Every figure that the material allows."""
    pictures = []
    with styled():
        for entry in GALLERY:
            figure = entry.make(material)
            if figure is not None:
                pictures.append(Picture(entry.name, entry.title, entry.caption, png_of(figure)))
    return pictures


def save_all(run: Run, pictures: list[Picture]) -> None:
    """Writes the pictures to the run's ``figures/``, and removes those of an earlier report."""
    folder = run.path("figures")
    for old in folder.glob("*.png") if folder.is_dir() else ():
        if old.stem not in {picture.name for picture in pictures}:
            old.unlink()
    for picture in pictures:
        write_bytes(folder / f"{picture.name}.png", picture.png)
