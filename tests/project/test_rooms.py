"""Which room may import which: the contract holds, would notice a breach, and holds at run time too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOMS = ("scenarios", "envs", "agents", "experiments", "serve")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs import-linter with ``folder/pyproject.toml`` on the packages in ``folder``."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); from importlinter.cli import lint_imports_command as run; run("
    code += "['--no-cache'])"
    return subprocess.run(
        [sys.executable, "-c", code, str(folder)], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture
def house(tmp_path, repository) -> Path:
    """Five empty rooms under the project's own contracts."""
    (tmp_path / "pyproject.toml").write_text((repository / "pyproject.toml").read_text())
    for room in ROOMS:
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").touch()
        (tmp_path / room / "thing.py").touch()
    return tmp_path


def test_contracts_hold(repository):
    done = lint_imports(repository)
    assert done.returncode == 0, done.stdout + done.stderr


def test_contracts_allow_imports_downwards(house):
    for upper, lower in [("experiments", "agents"), ("serve", "agents"), ("agents", "envs"), ("envs", "scenarios")]:
        (house / upper / "thing.py").write_text(f"import {lower}.thing\n")
    (house / "experiments" / "records.py").write_text("import mlflow\nimport hydra\nimport torch\n")
    done = lint_imports(house)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("room", "imported"),
    [
        ("scenarios", "envs.thing"),
        ("envs", "agents.thing"),
        ("agents", "experiments.thing"),
        ("agents", "serve.thing"),
        ("experiments", "serve.thing"),
        ("serve", "experiments.thing"),
        ("serve", "torch"),
        ("serve", "mlflow"),
        ("serve", "hydra"),
        ("serve", "stable_baselines3"),
        ("serve", "sb3_contrib"),
        ("envs", "torch"),
        ("agents", "mlflow"),
    ],
)
def test_contracts_notice_a_breach(house, room, imported):
    (house / room / "thing.py").write_text(f"def later():\n    import {imported}\n")
    done = lint_imports(house)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "BROKEN" in done.stdout


def test_contracts_notice_torch_behind_an_agent(house):
    (house / "agents" / "learned.py").write_text("import torch\n")
    (house / "serve" / "thing.py").write_text("import agents.learned\n")
    done = lint_imports(house)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "agents.learned -> torch" in done.stdout


LEARNING = ("torch", "stable_baselines3", "sb3_contrib", "mlflow", "hydra")


@pytest.mark.parametrize("module", [*ROOMS, "serve.app"])
def test_import_loads_no_learning_library(fresh_process, module):
    code = f"import sys, {module}; print([name for name in {(*LEARNING, 'matplotlib')!r} if name in sys.modules])"
    assert fresh_process(code).strip() == "[]"
