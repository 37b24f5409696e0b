"""Records are whole, refuse what is not theirs, and survive being cut off."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from experiments.record import CONFIG, RECORD, Run, append_line, read_json, read_lines, write_json, write_text
from scenarios.errors import InputError


def test_record_holds_where_it_comes_from(folder):
    run = Run.begin(folder, "evaluate", {"traces": 3, "agents": ["a b", "c"]}, ["traces=3", "agents=[a b,c]"])
    run.finish(scenario_id="tiny@1")
    record = json.loads((folder / RECORD).read_text())
    assert record["command_line"] == "routelab evaluate traces=3 'agents=[a b,c]'"
    assert record["status"] == "finished"
    assert {"git", "packages", "python", "platform", "processor", "rules", "started_at"} <= set(record)
    assert set(record["git"]) == {"commit", "is_dirty"}
    assert record["packages"]["numpy"][0].isdigit()
    assert Run.open(folder).config == {"traces": 3, "agents": ["a b", "c"]}


def test_a_run_in_a_place_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file" / "run", Path("/proc/none/run")):
        with pytest.raises(InputError, match="a folder that can be written") as caught:
            Run.begin(folder, "evaluate", {"traces": 3})
        assert caught.value.key == "run_dir"


def test_run_goes_on_with_the_same_settings(folder):
    first = Run.begin(folder, "evaluate", {"traces": 3, "workers": 1})
    again = Run.begin(folder, "evaluate", {"traces": 3, "workers": 2})  # processes change no result
    assert again.record["earlier"][0]["started_at"] == first.record["started_at"]


def test_other_settings_are_refused_in_the_same_folder(folder):
    Run.begin(folder, "evaluate", {"traces": 3})
    with pytest.raises(InputError, match="traces=3"):
        Run.begin(folder, "evaluate", {"traces": 4})


def test_foreign_folder_is_refused_and_left_alone(folder):
    folder.mkdir()
    (folder / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="run_dir"):
        Run.begin(folder, "evaluate", {})
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]


def test_what_is_no_run_is_not_opened(folder):
    with pytest.raises(InputError, match="folder of a run"):
        Run.open(folder)
    write_text(folder / RECORD, "{")
    with pytest.raises(InputError, match="JSON"):
        Run.open(folder)
    write_text(folder / RECORD, "[]")
    with pytest.raises(InputError, match="record of a run"):
        Run.open(folder)


def test_damaged_configuration_is_named(folder):
    run = Run.begin(folder, "evaluate", {"traces": 3})
    (folder / CONFIG).write_text("traces: [")
    with pytest.raises(InputError, match=CONFIG):
        _ = run.config


def test_nothing_half_written_remains(folder, monkeypatch):
    def full_disk(*_):
        raise OSError("no space")

    write_json(folder / "a.json", {"x": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(folder / "a.json", {"x": float("nan")})
    assert read_json(folder / "a.json") == {"x": 1}
    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(OSError, match="no space"):
        write_text(folder / "b.txt", "text")
    assert sorted(path.name for path in folder.iterdir()) == ["a.json"]


def test_a_line_that_was_cut_off_is_skipped(folder):
    path = folder / "rows.jsonl"
    append_line(path, {"n": 1})
    with open(path, "a") as file:
        file.write('{"n": 2, "x"')
    append_line(path, {"n": 3})
    assert list(read_lines(path)) == [{"n": 1}, {"n": 3}]
    assert list(read_lines(folder / "none.jsonl")) == []
