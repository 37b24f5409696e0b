"""The commands, changes and settings in docs/whatif.md work."""

from __future__ import annotations

import re
import shlex

import pytest
import yaml

import routelab
from experiments.settings import known_keys, launch
from experiments.whatif.change import parse_change
from experiments.whatif.command_line import STUDY_KEYS, read_arguments
from experiments.whatif.study import Study
from experiments.whatif.variant import Variant
from scenarios.registry import load_scenario

PAGE = "docs/whatif.md"


def text_of(repository) -> str:
    return (repository / PAGE).read_text(encoding="utf-8")


def blocks(repository) -> list[list[list[str]]]:
    """Commands of each fenced block, as arguments after ``routelab``."""
    found = re.findall(r"```bash\n(.*?)```", text_of(repository), re.DOTALL)
    return [[shlex.split(line, comments=True)[1:] for line in block.strip().splitlines()] for block in found]


@pytest.mark.slow
def test_first_block_runs_as_written(repository, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for arguments in blocks(repository)[0]:
        assert routelab.main(arguments) == 0, arguments
    assert (tmp_path / "runs" / "whatif" / "second" / "report.html").exists()
    assert "rush" in capsys.readouterr().out


def test_other_commands_are_understood(repository, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    saved = tmp_path / "runs" / "whatif" / "strike" / "study.yaml"
    saved.parent.mkdir(parents=True)
    saved.write_text((repository / "configs" / "whatif" / "carrier-strike.yaml").read_text())
    seen = []
    for command, *arguments in blocks(repository)[1]:
        assert command == "whatif"
        launch(command, lambda settings, _: seen.append(Study.of(settings)) or 0, read_arguments(arguments).arguments())
    assert len(seen) == len(blocks(repository)[1])
    assert all(study.variants for study in seen)


def documented_changes(repository) -> list[str]:
    section = re.search(r"## Changes\n(.*?)\n## ", text_of(repository), re.DOTALL)
    assert section
    spans = re.findall(r"`([^`]+)`", section[1])
    return [span for span in spans if " " in span]


def test_every_documented_change_fits_metro(repository):
    scenario = load_scenario("metro-small")
    lines = documented_changes(repository)
    assert len(lines) >= 17
    for line in lines:
        Variant.of("v", line).apply(scenario)


def test_every_kind_and_form_is_documented(repository):
    documented = {type(parse_change(line)) for line in documented_changes(repository)}
    every = {
        kind
        for module in {kind.__module__ for kind in documented}
        for kind in vars(__import__(module, fromlist=["x"])).values()
        if isinstance(kind, type) and kind.__module__ == module and hasattr(kind, "apply")
    }
    assert documented == every


def test_every_setting_is_explained(repository):
    text = text_of(repository)
    for key in known_keys("whatif"):
        name = key.partition(".")[0]
        if name != "command":
            assert re.search(rf"`{name}\b|{name}=", text), name


def test_the_example_file_is_a_study(repository):
    (example,) = re.findall(r"```yaml\n(.*?)```", text_of(repository), re.DOTALL)
    assert set(yaml.safe_load(example)) <= set(STUDY_KEYS)


@pytest.mark.parametrize("name", ["carrier-strike"])
def test_shipped_studies_are_sound(repository, name, tmp_path):
    seen = []
    arguments = read_arguments([name]).arguments()
    launch("whatif", lambda settings, _: seen.append(Study.of(settings)) or 0, [*arguments, f"root={tmp_path}"])
    assert seen[0].num_cells > 100


def test_the_example_file_runs(repository, tmp_path):
    (example,) = re.findall(r"```yaml\n(.*?)```", text_of(repository), re.DOTALL)
    path = tmp_path / "study.yaml"
    path.write_text(example)
    seen = []
    arguments = read_arguments([str(path)]).arguments()
    launch("whatif", lambda settings, _: seen.append(Study.of(settings)) or 0, [*arguments, f"root={tmp_path}"])
    assert [variant.name for variant in seen[0].variants] == ["strike", "nothing"]
    assert seen[0].scenario.overrides == {"horizon_days": 14}
