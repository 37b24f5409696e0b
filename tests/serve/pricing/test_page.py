"""What the page on serving says of bid prices."""

from __future__ import annotations

import re
from pathlib import Path

from agents.bundle_files import MORE_FILES
from agents.dual.pricer import DualPricer
from envs.pricer import stale_seconds
from scenarios.local_time import HOUR_SECONDS, MINUTE_SECONDS
from serve.decisions.service import DecisionService
from serve.pricing import jobs

WORDS = {"three": 3, "five": 5, "six": 6, "ten": 10, "a": 1}


def test_its_numbers_are_those_of_the_code(repository: Path, service: DecisionService) -> None:
    page = (repository / "docs" / "serving.md").read_text(encoding="utf-8")
    section = " ".join(page.split("## Bid prices\n")[1].split("\n## ")[0].split())

    def told(pattern: str) -> int:
        (word,) = re.findall(pattern, section)
        return WORDS[word] if word in WORDS else int(word)

    assert service.scheduled is not None
    pricer = service.scheduled.pricer
    assert isinstance(pricer, DualPricer)
    assert told(r"is due every (\w+) hours") * HOUR_SECONDS == pricer.interval_seconds
    assert told(r"come into force (\w+) minutes after") * MINUTE_SECONDS == pricer.delay_seconds
    assert told(r"late ones (\w+) seconds after") == jobs.NOTICE_SECONDS
    assert told(r"is ended after (\w+) minutes") * MINUTE_SECONDS == jobs.SOLVE_SECONDS
    assert told(r"tried again after (\w+) minute") * MINUTE_SECONDS == jobs.RETRY_SECONDS
    assert told(r"\((\d+) hours\)") * HOUR_SECONDS == stale_seconds(pricer)
    assert told(r"of (\d+) past traces") == len(pricer.forecast.history.futures)
    assert all(f"`{name}`" in page for name in MORE_FILES)


def test_its_training_trains_nothing(repository: Path) -> None:
    """The settings that another test trains with, and with which that policy decides as the dual does."""
    page = (repository / "docs" / "serving.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^routelab train .*train\.pricing.*$", page, re.MULTILINE)
    found = dict(word.removeprefix("train.").split("=") for word in command.split() if word.startswith("train."))
    assert found == {
        "pricing": "SCHEDULED",
        **dict.fromkeys(("value_rounds", "search_generations", "total_steps"), "0"),
    }
