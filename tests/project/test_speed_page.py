"""The examples on docs/speed.md run as written, and what it says about plans and features is so."""

from __future__ import annotations

import re

import pytest

from envs.feature_schema import NUM_FEATURES
from envs.plan_table import MAX_PLANS

PAGE = "docs/speed.md"


def page(repository) -> str:
    return (repository / PAGE).read_text(encoding="utf-8")


@pytest.mark.parametrize("number", [0, 1, 2])
def test_examples_run(repository, number):
    examples = re.findall(r"```python\n(.*?)```", page(repository), re.DOTALL)
    assert len(examples) == 3
    names: dict = {}
    exec(examples[number], names)
    if number == 0:
        assert names["rewards"].shape == (8,)
    elif number == 1:
        assert len(names["futures"]) == 3
        assert min(names["futures"]) > 0
    else:
        assert len(names["means"]) == 3
        assert min(names["means"]) > 0
        assert len(set(names["means"])) > 1


def test_the_table_is_of_this_model(repository):
    text = page(repository)
    assert f"at most {MAX_PLANS} of them" in text
    assert f"{NUM_FEATURES} features each" in text
    table = re.search(r"<!-- benchmark -->\n```text\n(.*?)```\n<!-- end -->", text, re.DOTALL)
    assert table, "paste the output of the benchmark"
    for row in ("inside the loop", "a fork that then played", "SKUs x 10", "MaskablePPO"):
        assert row in table.group(1), row
