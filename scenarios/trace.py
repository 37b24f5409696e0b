"""A trace: one realisation of everything that no router can influence.

Self-contained (network, expanded calendars, draws), immutable, saved and loaded as one ``.npz``
file and identified by a SHA-256 over its named arrays, not over the archive.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from scenarios.errors import InputError
from scenarios.network import NETWORK_DTYPES, Network, record_dtype

FORMAT = 2
"""Bumped whenever a dtype of a trace changes."""

ORDERS = np.dtype(
    [
        (name, np.uint64 if name == "luck_key" else np.int64)
        for name in (
            "arrival_seconds",
            "customer_id",  # pseudonymous number
            "region",
            "promise_at",  # seconds
            "patience_seconds",  # until the customer cancels; FOREVER_SECONDS for never
            "requirements",  # handling bit mask of the whole order
            "first_line",
            "num_lines",
            "luck_key",
        )
    ]
)

LINES = record_dtype(
    "order",
    "sku",
    "units",
    "margin_millicents",  # of the whole line, lost if the order is declined
    "ship_from_seconds",  # presale: not before; 0 for ordinary lines
)

RECEIPTS = record_dtype(
    "warehouse",
    "sku",
    "announced_at",  # seconds; sorted ascending
    "expected_at",
    "expected_units",
    "actual_at",  # hidden until it happens
    "actual_units",  # hidden until it happens
)

OUTAGES = record_dtype(  # visible from their start on, the end included
    "service",
    "warehouse",  # ALL_WAREHOUSES: everywhere
    "starts_at",  # seconds; sorted ascending
    "ends_at",  # collections in [starts_at, ends_at) do not come
)

ALL_WAREHOUSES = -1

REGIMES = record_dtype(  # hidden: only their effect on transit is ever seen
    "service",
    "starts_at",  # seconds; sorted ascending; 1000 permille before the first
    "transit_permille",  # of parcels that depart from now on
)

SUPPLIERS = np.dtype([("luck_key", np.uint64)])  # (W,), luck of reordered goods

FUTURE_DTYPES: dict[str, np.dtype] = {
    "orders": ORDERS,
    "lines": LINES,
    "receipts": RECEIPTS,
    "outages": OUTAGES,
    "regimes": REGIMES,
    "suppliers": SUPPLIERS,
}


class Future(NamedTuple):
    """What has not happened yet at second 0. Read-only; only the clocks look inside."""

    orders: np.ndarray  # (N,), sorted by arrival
    lines: np.ndarray  # (L,), grouped by order, SKUs of one order distinct
    receipts: np.ndarray  # (M,), sorted by announcement
    outages: np.ndarray  # (number,), sorted by start
    regimes: np.ndarray  # (number,), sorted by start
    suppliers: np.ndarray  # (W,)


def quiet_future(orders: np.ndarray, lines: np.ndarray, receipts: np.ndarray, num_warehouses: int) -> Future:
    """A future without disruptions, whose suppliers all have luck key 0."""
    return Future(
        orders,
        lines,
        receipts,
        np.zeros(0, OUTAGES),
        np.zeros(0, REGIMES),
        np.zeros(num_warehouses, SUPPLIERS),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """Names of the indices, for people and for the endpoint."""

    warehouses: tuple[str, ...]
    services: tuple[str, ...]
    regions: tuple[str, ...]
    skus: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """One world to be routed through.

    Attributes:
        scenario_id: scenario and version, such as ``metro@1``.
        seed: the seed it was drawn with.
        names: names behind the indices.
        network: the public arrays.
        future: the hidden arrays.
    """

    scenario_id: str
    seed: int
    names: Names
    network: Network
    future: Future

    def __post_init__(self) -> None:
        for group, dtypes in ((self.network, NETWORK_DTYPES), (self.future, FUTURE_DTYPES)):
            for name, dtype in dtypes.items():
                array = getattr(group, name)
                if array.dtype != dtype or not array.flags.c_contiguous:
                    raise InputError(
                        f"trace array {name!r}",
                        str(array.dtype),
                        f"a C-contiguous array of {dtype}",
                        "build it with numpy.zeros(shape, dtype) and fill its fields",
                    )
                array.flags.writeable = False

    @property
    def num_orders(self) -> int:
        return len(self.future.orders)

    def arrays(self) -> dict[str, np.ndarray]:
        """All arrays by name, network first."""
        return {**self.network._asdict(), **self.future._asdict()}

    @property
    def sha256(self) -> str:
        """Hash over header and named arrays (dtype, shape, bytes), in the order of ``arrays()``."""
        digest = hashlib.sha256(self._header().encode())
        for name, array in self.arrays().items():
            digest.update(f"{name}|{array.dtype.descr}|{array.shape}|".encode())
            digest.update(array.tobytes())
        return digest.hexdigest()

    def _header(self) -> str:
        names = {field: list(getattr(self.names, field)) for field in Names.__slots__}
        header = {"format": FORMAT, "scenario_id": self.scenario_id, "seed": self.seed, "names": names}
        return json.dumps(header, sort_keys=True)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the trace to ``path`` (``.npz``) at once or not at all."""
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = target.with_name(f"{target.name}.{os.getpid()}.partial")
        try:
            with open(scratch, "wb") as file:
                np.savez_compressed(
                    file,
                    allow_pickle=False,
                    header=np.array(self._header()),
                    sha256=np.array(self.sha256),
                    **self.arrays(),
                )
                file.flush()
                os.fsync(file.fileno())
            os.replace(scratch, target)
        except BaseException:
            scratch.unlink(missing_ok=True)
            raise
        return target


def load_trace(path: str | os.PathLike[str]) -> Trace:
    """Reads a trace and checks format, dtypes and hash.

    Raises:
        InputError: missing, truncated, foreign or altered file.
    """
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            content = {name: archive[name] for name in archive.files}
        header = json.loads(str(content.pop("header")))
        recorded = str(content.pop("sha256"))
        if header["format"] != FORMAT:
            raise InputError("trace format", header["format"], str(FORMAT), "draw the trace again with this version")
        trace = Trace(
            scenario_id=header["scenario_id"],
            seed=header["seed"],
            names=Names(**{field: tuple(values) for field, values in header["names"].items()}),
            network=Network(**{name: content[name] for name in NETWORK_DTYPES}),
            future=Future(**{name: content[name] for name in FUTURE_DTYPES}),
        )
    except InputError:
        raise
    except Exception as error:  # a damaged archive fails in zipfile, zlib, json, tokenize and more
        raise InputError(
            "trace file",
            str(path),
            f"a complete .npz file written by `routelab trace` ({type(error).__name__}: {error})",
            "write it again with `routelab trace scenario=NAME`",
        ) from error
    if trace.sha256 != recorded:
        raise InputError("trace hash", trace.sha256, recorded, "the file was altered; draw the trace again")
    return trace
