"""Rules run uncompiled as they do compiled, and a cache is never stale."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from agents import load_agent
from envs.compiling import cache_directory, rule_sources, source_hash
from envs.simulation import CLOCKS, simulate
from scenarios import draw_trace, load_scenario
from tests.envs.test_clocks import digest
from tests.worlds import every_trouble, random_trace

_UNCOMPILED = """
import sys, warnings
import numba, numpy
numpy.seterr(over="ignore")  # luck wraps around; compiled integers do so silently
assert numba.config.DISABLE_JIT
from agents import load_agent
from envs.simulation import simulate
from scenarios import load_trace
from tests.envs.test_clocks import digest
for path in sys.argv[1:]:
    for agent in AGENTS:
        for clock in ("compiled", "simpy"):
            print(digest(simulate(load_trace(path), load_agent(agent), clock)))
"""

AGENTS = ("random", "primal-dual", "consolidate")


def test_uncompiled_rules_give_the_same_bytes(fresh_process, tmp_path):
    """Debug mode: with NUMBA_DISABLE_JIT=1 the same code runs as plain Python, whatever happens in a world."""
    worlds = [random_trace(11, **every_trouble(num_orders=12, max_lines=7, num_skus=8))]
    worlds += [draw_trace(load_scenario(name), 1) for name in ("toy-outage", "toy-short-pick", "toy-hold")]
    paths = [str(trace.save(tmp_path / f"{number}.npz")) for number, trace in enumerate(worlds)]
    wanted = [digest(simulate(trace, load_agent(agent))) for trace in worlds for agent in AGENTS for _ in CLOCKS]
    code = _UNCOMPILED.replace("AGENTS", repr(AGENTS))
    assert fresh_process(code, *paths, NUMBA_DISABLE_JIT="1").split() == wanted


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


_CALL = "from envs.caller import twice; print(twice(3))"


def test_a_callee_edited_in_another_file_is_noticed(repository, tmp_path):
    """The cached caller does not keep its callee's old answer, and nothing is compiled twice without a reason."""
    (tmp_path / "envs").mkdir()
    shutil.copy(repository / "envs" / "compiling.py", tmp_path / "envs")
    (tmp_path / "envs" / "__init__.py").touch()
    callee = tmp_path / "envs" / "callee.py"
    callee.write_text(
        "from envs.compiling import compiled\n\n\n@compiled\ndef more(x):\n    return x + 1\n",
    )
    (tmp_path / "envs" / "caller.py").write_text(
        "from envs.callee import more\nfrom envs.compiling import compiled\n\n\n"
        "@compiled\ndef twice(x):\n    return 2 * more(x)\n",
    )

    def call() -> tuple[str, int]:
        environment = {**os.environ, "ROUTELAB_CACHE": str(tmp_path / "cache"), "PYTHONPATH": ""}
        environment.pop("NUMBA_DISABLE_JIT", None)
        done = subprocess.run(
            [sys.executable, "-c", _CALL], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip(), len(list((tmp_path / "cache").glob("*")))

    assert call() == call() == ("8", 1)
    callee.write_text(callee.read_text().replace("x + 1", "x + 2"))
    assert call() == ("10", 2)
