"""An order's document as the order that is decided: who asks for it, what it needs, when it must be there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agents.documents import LineDocument, OrderDocument, promise_of_line
from agents.table_columns import NameIndex
from envs.state import Observable
from scenarios.checks import MAX_MILLICENTS
from scenarios.errors import InputError, unknown_name
from scenarios.handling import Handling
from scenarios.local_time import parse_utc
from scenarios.network import FOREVER_SECONDS, Network
from scenarios.public import PublicScenario


class OrderReader:
    """Reads orders of one network. Safe to share between threads.

    Args:
        public: the network.
        index: numbers of its names.
    """

    def __init__(self, public: PublicScenario, index: NameIndex) -> None:
        self._presale, self._index = public.ship_from_seconds, index

    def skus_of(self, order: OrderDocument) -> list[int]:
        """Numbers of the SKUs of its lines.

        Raises:
            InputError: an unknown one, or one twice.
        """
        skus: list[int] = []
        for i, line in enumerate(order.lines):
            sku = self._index.find("sku", f"order.lines[{i}].sku", line.sku)
            if sku in skus:
                raise InputError(f"order.lines[{i}].sku", line.sku, "a SKU once an order", "add the units up")
            skus.append(sku)
        return skus

    def read(self, network: Network, seen: Observable, order: OrderDocument, skus: Sequence[int]) -> None:
        """Fills ``order`` and ``lines`` of the state.

        Args:
            network: around now, with the SKUs of the order alone: that of line i has number i.
            seen: whose clock is set.
            order: the document.
            skus: of its lines.

        Raises:
            InputError: a name, time or amount that does not fit, by its path in the document.
        """
        start = int(network.settings["epoch_seconds"][0])
        now = int(seen.clock["now_seconds"][0])
        placed_at = now if order.placed_at is None else parse_utc("order.placed_at", order.placed_at) - start
        promise_at = parse_utc("order.promise_at", order.promise_at) - start
        if placed_at > now:
            raise InputError("order.placed_at", order.placed_at, "not after snapshot.now", "correct one of them")
        _check_promise("order.promise_at", order.promise_at, promise_at, placed_at)
        asked = seen.order[0]
        asked["order"], asked["region"] = 0, self._index.find("region", "order.region", order.region)
        asked["arrival_seconds"], asked["num_lines"] = placed_at, len(order.lines)
        asked["requirements"] = _requirements("order.requirements", order.requirements)
        asked["num_holds"], asked["held_seconds"], asked["is_again"] = (
            order.num_holds,
            order.held_seconds,
            order.is_again,
        )
        if order.held_seconds and not order.num_holds:
            raise InputError("order.held_seconds", order.held_seconds, "0 if num_holds is", "correct one of them")
        margin = 0
        for i, line in enumerate(order.lines):
            key = f"order.lines[{i}]"
            ship_from = self._ship_from(line, skus[i], key, start, now)
            promised = promise_of_line(promise_at, placed_at, ship_from)
            if line.promise_at is not None:
                promised = parse_utc(f"{key}.promise_at", line.promise_at) - start
                _check_promise(f"{key}.promise_at", line.promise_at, promised, placed_at)
            own = asked["requirements"]
            if line.requirements is not None:
                own = _requirements(f"{key}.requirements", line.requirements)
            row, units = network.skus[i], line.units
            requirements = row["requirements"] | own
            seen.lines[i] = (i, i, units, units * row["grams"], requirements, ship_from, line.order, promised)
            own_margin = line.margin_millicents
            margin += units * int(row["margin_millicents"]) if own_margin is None else own_margin
        lines = seen.lines[: len(order.lines)]
        asked["promise_at"], asked["num_orders"] = lines["promise_at"].min(), len(set(lines["order"].tolist()))
        margin = margin if order.margin_millicents is None else order.margin_millicents
        if margin > MAX_MILLICENTS:
            raise InputError("order.margin_millicents", margin, f"at most {MAX_MILLICENTS}", "correct the units")
        asked["margin_millicents"] = margin

    def _ship_from(self, line: LineDocument, sku: int, key: str, start: int, now: int) -> int:
        """Second from which a line ships, of the SKU if the document has none; long ago for ordinary lines."""
        if line.ship_from is not None:
            return parse_utc(f"{key}.ship_from", line.ship_from) - start
        public = self._presale[sku] - start
        return public if public > now else -FOREVER_SECONDS


def _check_promise(key: str, text: str, promise_at: int, placed_at: int) -> None:
    if promise_at < placed_at:
        raise InputError(key, text, "not before the order was placed", "correct one of them")


def _requirements(key: str, names: Iterable[str]) -> int:
    mask = 0
    for i, name in enumerate(names):
        if name not in _HANDLING:
            raise unknown_name(f"{key}[{i}]", name, _HANDLING)
        mask |= _HANDLING[name]
    return mask


_HANDLING = {flag.name.lower(): int(flag) for flag in Handling if flag and flag.name}
