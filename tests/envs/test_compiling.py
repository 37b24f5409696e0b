"""Rules run uncompiled as they do compiled, and a cache is never stale."""

from __future__ import annotations

import shutil

from agents import load_agent
from envs.compiling import cache_directory, rule_sources, source_hash
from envs.simulation import simulate
from tests.envs.test_clocks import digest
from tests.worlds import random_trace

_UNCOMPILED = """
import sys, warnings
import numba, numpy
numpy.seterr(over="ignore")  # luck wraps around; compiled integers do so silently
assert numba.config.DISABLE_JIT
from agents import load_agent
from envs.simulation import simulate
from scenarios import load_trace
from tests.envs.test_clocks import digest
for agent in ("random", "primal-dual"):
    for clock in ("compiled", "simpy"):
        print(digest(simulate(load_trace(sys.argv[1]), load_agent(agent), clock)))
"""


def test_uncompiled_rules_give_the_same_bytes(fresh_process, tmp_path):
    """Debug mode: with NUMBA_DISABLE_JIT=1 the same code runs as plain Python."""
    trace = random_trace(11, num_orders=12, max_lines=7, num_skus=8)
    path = trace.save(tmp_path / "trace.npz")
    wanted = [digest(simulate(trace, load_agent(agent))) for agent in ("random", "primal-dual") for _ in range(2)]
    assert fresh_process(_UNCOMPILED, str(path), NUMBA_DISABLE_JIT="1").split() == wanted


def test_any_change_of_a_rule_moves_the_cache(repository, tmp_path):
    """numba looks at the file of a function, not at those of its callees; the directory's name looks at all."""
    for room in ("envs", "scenarios"):
        shutil.copytree(repository / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    root = tmp_path / "envs"
    before = source_hash(root)
    assert before == source_hash(repository / "envs") == source_hash()
    assert before in cache_directory().name
    for path in rule_sources(root):
        text = path.read_text()
        path.write_text(text + "\n# changed")
        assert source_hash(root) != before, path.name
        path.write_text(text)
    assert source_hash(root) == before


def test_the_layouts_of_arrays_are_rule_sources(repository):
    names = {path.name for path in rule_sources()}
    assert {"network.py", "trace.py", "handling.py", "shifts.py", "stock.py", "plans.py"} <= names
