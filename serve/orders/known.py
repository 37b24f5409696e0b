"""What the bundle's network knows by name: what may be stored, so that a snapshot can always be read back."""

from __future__ import annotations

from agents.rolling_calendar import RollingCalendar
from agents.table_columns import NameIndex
from envs.costs import expected_pick_seconds
from scenarios.errors import InputError, unknown_name
from scenarios.local_time import format_utc
from scenarios.network import Network
from scenarios.public import PublicScenario


class Known:
    """Names and sizes of one public scenario.

    Attributes:
        has_holds: whether orders may be held.
        names: of warehouses, services, regions and SKUs.
        index: numbers of these names in arrays.
        epoch: UTC second from which hours of demand count.
        num_stations: of each warehouse.
        calendar: collections and shifts around any time.
        calendar_end: UTC second at which a simulated calendar ends; None: it goes on.
    """

    def __init__(self, public: PublicScenario, calendar_end: int | None = None) -> None:
        self.public, self.names, self.epoch = public, public.names, public.epoch_seconds
        self.calendar, self.calendar_end = RollingCalendar(public), calendar_end
        self._network = network = self.network(self.epoch)
        self.num_stations = {
            name: int(row["num_stations"]) for name, row in zip(self.names.warehouses, network.warehouses, strict=True)
        }
        self.has_holds = bool(network.settings["hold_short_seconds"][0] or network.settings["hold_long_seconds"][0])
        self.index = NameIndex(public.id, public.names)
        self._margins = dict(zip(self.names.skus, network.skus["margin_millicents"].tolist(), strict=True))
        self._ship_from = dict(zip(self.names.skus, public.ship_from_seconds, strict=True))
        self._sets = {
            "warehouse": frozenset(self.names.warehouses),
            "service": frozenset(self.names.services),
            "region": frozenset(self.names.regions),
            "sku": frozenset(self.names.skus),
        }

    def network(self, now: int) -> Network:
        """The network around a time, UTC seconds; see ``agents.rolling_calendar``.

        Raises:
            InputError: a time that no calendar can be made for.
        """
        self.check_time(now)
        return self.calendar.network(now, self.calendar_end)

    def check_time(self, now: int) -> None:
        """Refuses a time, UTC seconds, that a simulated calendar has no room for.

        Raises:
            InputError: it ends before.
        """
        if self.calendar_end is not None and now >= self.calendar_end > self.epoch:
            expected = f"before the endpoint's --calendar-end {format_utc(self.calendar_end)}"
            remedy = "start the endpoint with the --calendar-end that `routelab replay` prints"
            raise InputError("now", format_utc(now), expected, remedy)

    def ship_from(self, sku: str) -> int:
        """UTC second from which it ships; 0 if there never was a date."""
        return int(self._ship_from[sku])

    def margin(self, sku: str) -> int:
        """Millicents a unit, lost if an order is declined."""
        return int(self._margins[sku])

    def pick_seconds(self, warehouse: str, num_lines: int, units: int) -> int:
        """Expected, of a parcel."""
        return int(
            expected_pick_seconds(self._network, self.index.find("warehouse", "warehouse", warehouse), num_lines, units)
        )

    def collections(self, network: Network, warehouse: str, service: str) -> list[int]:
        """UTC seconds of a service's collections at a warehouse, but for the end of the calendar, the last of them."""
        pair = network.pairs[self.names.warehouses.index(warehouse), self.names.services.index(service)]
        first = int(pair["first_collection"])
        last = first + max(1, int(pair["num_collections"])) - 1
        start = int(network.settings["epoch_seconds"][0])
        return (start + network.collections["time_seconds"][first:last]).tolist()

    def check_collection(self, key: str, warehouse: str, service: str, at: int, now: int) -> None:
        """Refuses a time at which a service does not collect at a warehouse in the calendar from ``now`` on.

        Args:
            key: path of what is checked.
            warehouse: known.
            service: known.
            at: of the collection, UTC seconds.
            now: UTC seconds.

        Raises:
            InputError: ``key.collection_at``, with the nearest collection; ``key.at`` if there is no calendar then.
        """
        try:
            network = self.network(now)
        except InputError as error:
            raise InputError(f"{key}.at", error.value, error.expected, error.remedy) from error
        coming = [time for time in self.collections(network, warehouse, service) if time >= now]
        if at not in coming:
            expected = f"a collection by {service} at {warehouse} in the weeks to come"
            near = min(coming, key=lambda time: abs(time - at), default=None)
            remedy = "this service never comes there"
            if near is not None:
                remedy = f"the nearest is {format_utc(near)}; leave the event out if it is over"
            raise InputError(f"{key}.collection_at", format_utc(at), expected, remedy)

    def check(self, key: str, **names: str | None) -> None:
        """Refuses a name that the network does not have; ``sku="x"`` is checked as ``key.sku``.

        Raises:
            InputError: with the nearest name.
        """
        for kind, name in names.items():
            if name is not None and name not in self._sets[kind]:
                near, known = unknown_name(kind, name, self._sets[kind]).remedy, sorted(self._sets[kind])
                if not near.startswith("did you mean"):
                    near = f"choose one of its {len(known)}, such as {', '.join(known[:3])}"
                raise InputError(f"{key}.{kind}", name, f"a {kind} of {self.public.id}", near)
