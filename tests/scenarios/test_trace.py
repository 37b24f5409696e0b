import numpy as np
import pytest

import scenarios
from scenarios.errors import InputError
from scenarios.trace import Trace, load_trace


@pytest.fixture
def trace() -> Trace:
    return scenarios.draw_trace(scenarios.load_scenario("tiny"), 3)


def test_save_and_load(trace, tmp_path):
    path = trace.save(tmp_path / "deep" / "one.npz")
    again = scenarios.load_trace(path)
    assert again.sha256 == trace.sha256
    assert again.seed == 3
    assert again.scenario_id == "tiny@1"
    assert again.names.warehouses == trace.names.warehouses
    for name, array in trace.arrays().items():
        assert again.arrays()[name].tobytes() == array.tobytes()
        assert not again.arrays()[name].flags.writeable
    assert [file.name for file in path.parent.iterdir()] == ["one.npz"]


def test_the_hash_is_over_content_not_the_archive(trace, tmp_path):
    one, two = trace.save(tmp_path / "one.npz"), trace.save(tmp_path / "two.npz")
    assert load_trace(one).sha256 == load_trace(two).sha256


def test_a_trace_cannot_be_written(trace):
    with pytest.raises(ValueError, match="read-only"):
        trace.future.orders["promise_at"][0] = 1


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(trace, tmp_path, share):
    path = trace.save(tmp_path / "one.npz")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(InputError, match="trace file"):
        load_trace(path)


def test_missing_and_foreign_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="trace file"):
        load_trace(tmp_path / "none.npz")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(InputError, match="trace file"):
        load_trace(tmp_path / "other.npz")
    np.save(tmp_path / "array.npy", np.zeros(3))
    with pytest.raises(InputError, match="trace file"):
        load_trace(tmp_path / "array.npy")


def test_an_altered_array_is_refused(trace, tmp_path):
    path = trace.save(tmp_path / "one.npz")
    with np.load(path) as archive:
        content = {name: archive[name] for name in archive.files}
    content["orders"]["promise_at"][0] += 1
    np.savez(path, **content)
    with pytest.raises(InputError, match="hash"):
        load_trace(path)


@pytest.mark.parametrize("step", range(0, 100, 7))
def test_a_flipped_byte_is_refused_or_harmless(trace, tmp_path, step):
    """Never another error, never another content."""
    path = trace.save(tmp_path / "one.npz")
    content = bytearray(path.read_bytes())
    content[len(content) * step // 100] ^= 0xFF
    path.write_bytes(bytes(content))
    try:
        again = load_trace(path)
    except InputError:
        return
    assert again.sha256 == trace.sha256


def test_a_failed_write_leaves_nothing_and_spares_the_old_file(trace, tmp_path, monkeypatch):
    path = trace.save(tmp_path / "one.npz")
    before = path.read_bytes()

    def half(file, **_):
        file.write(before[:100])
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez_compressed", half)
    with pytest.raises(OSError, match="disk full"):
        trace.save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["one.npz"]


def test_wrong_dtypes_are_refused(trace):
    orders = np.zeros(3, np.int64)
    with pytest.raises(InputError, match="'orders'"):
        Trace(trace.scenario_id, 1, trace.names, trace.network, trace.future._replace(orders=orders))
