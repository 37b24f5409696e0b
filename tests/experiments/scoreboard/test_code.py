"""The hash of code: other words change nothing, other code anywhere below changes it."""

from __future__ import annotations

import pytest

from experiments.scoreboard import code
from experiments.scoreboard.code import code_hash, modules_in

TOP = 'from agents.low import two\n\n\ndef three():\n    """Three."""\n    return two() + 1\n'


@pytest.fixture
def house(tmp_path):
    """A room of two modules, one of which names a third one in a text."""
    room = tmp_path / "agents"
    room.mkdir()
    (room / "__init__.py").write_text("")
    (room / "top.py").write_text(TOP)
    (room / "low.py").write_text('LATER = "agents.late"\n\n\ndef two():\n    return 2\n')
    (room / "late.py").write_text("FOUR = 4\n")
    (room / "apart.py").write_text("FIVE = 5\n")
    return room


def hash_of(room) -> str:
    code._hash_of.cache_clear()
    return code_hash(("agents.top",), root=room.parent)


@pytest.mark.parametrize(
    ("name", "old", "new", "is_other"),
    [
        ("top.py", "Three.", "A number.", False),
        ("top.py", "    return", "    # why not\n    return", False),
        ("top.py", "+ 1", "+ 2", True),
        ("low.py", "return 2", "return 3", True),
        ("late.py", "FOUR = 4", "FOUR = 40", True),
        ("apart.py", "FIVE = 5", "FIVE = 50", False),
    ],
)
def test_what_changes_the_hash(house, name, old, new, is_other):
    before = hash_of(house)
    text = (house / name).read_text()
    assert old in text
    (house / name).write_text(text.replace(old, new))
    assert (hash_of(house) != before) is is_other


def test_data_beside_the_code_counts(house):
    before = hash_of(house)
    (house / "tuned.csv").write_text("level\n4\n")
    assert hash_of(house) != before


def test_rooms_that_are_not_followed_do_not_count(house):
    other = house.parent / "scenarios"
    other.mkdir()
    (other / "__init__.py").write_text("SIX = 6\n")
    (house / "top.py").write_text("import scenarios\n" + TOP)
    before = hash_of(house)
    (other / "__init__.py").write_text("SIX = 60\n")
    assert hash_of(house) == before
    with_it = code_hash(("agents.top",), ("agents", "scenarios"), root=house.parent)
    assert with_it != before


def test_rules_are_the_clocks_and_what_they_play_by():
    files = {path.as_posix() for path in code._closure(code.RULES, ("envs", *code._LAYOUTS), code.ROOT)}
    found = {name.partition(f"{code.ROOT.as_posix()}/")[2] for name in files}
    assert {"envs/compiled_clock.py", "envs/features.py", "envs/prices.py", "scenarios/network.py"} <= found
    assert "envs/vector_env.py" not in found
    assert code.rules_hash() == code.rules_hash()


def test_modules_are_found_in_a_factory():
    source = 'def make():\n    return import_module("agents.dual.router").dual_router(name="dual")\n'
    assert modules_in(source) == ("agents.dual.router",)
