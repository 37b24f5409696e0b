"""A person takes a decision back, as long as nothing of it is picked. On both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from scenarios.errors import InputError
from scenarios.local_time import parse_utc
from serve.desk import Desk
from serve.ending import Ending, cancel_order
from serve.order import Conflict, confirm_order
from serve.retry import retried
from serve.reviewing import reject
from tests.serve.reviewed import put_instead, reviews_of, state_of, take_back
from tests.serve.test_desk import allocated, ask, change, order_of
from tests.serve.test_happened import tell
from tests.serve.test_walks import check

Request = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("is_confirmed", [False, True])
def test_it_is_taken_back_while_nothing_is_picked(desk: Desk, make_request: Request, is_confirmed: bool) -> None:
    order = order_of(make_request, "one")
    answer, now = ask(desk, order, max_alternatives=31), parse_utc("t", order["placed_at"])
    if is_confirmed:
        change(desk, lambda tx, changes: confirm_order(tx, "one"))
    take_back(desk, "one", now)
    assert (allocated(desk), state_of(desk, "one")) == ({}, "review")
    (review,) = reviews_of(desk)
    assert review.reasons == ["taken_back"]
    check(desk)
    told = put_instead(desk, review.review_id, answer["alternatives"][0], now)
    assert state_of(desk, "one") == ("confirmed" if is_confirmed else "reserved")
    parcel = told["plan"]["parcels"][0]["id"]
    tell(desk, now + 60, {"kind": "pick_started", "parcel": parcel})
    with pytest.raises(Conflict, match="nothing is picked"):
        take_back(desk, "one", now)
    check(desk)


def test_a_refusal_is_taken_back_too(desk: Desk, make_request: Request) -> None:
    now = parse_utc("t", order_of(make_request, "one")["placed_at"])
    ask(desk, order_of(make_request, "one"))
    take_back(desk, "one", now)
    (review,) = reviews_of(desk)
    change(desk, lambda tx, changes: reject(tx, desk.known, changes, review.review_id, "a planner", now))
    assert state_of(desk, "one") == "declined"
    take_back(desk, "one", now)  # the refusal
    assert state_of(desk, "one") == "review"
    change(desk, lambda tx, changes: cancel_order(tx, desk.known, changes, Ending("one", now)))
    assert reviews_of(desk) == []
    with pytest.raises(Conflict, match="with lines"):
        take_back(desk, "one", now)


@pytest.mark.slow
def test_either_it_is_picked_or_taken_back(desk: Desk, make_request: Request) -> None:
    """Both at once, again and again: one of them is told that it is too late. Where they meet, one tries again."""
    order, outcomes = order_of(make_request, "x"), Counter()
    now = parse_utc("t", order["placed_at"])
    for number in range(12):
        line = {**order["lines"][0], "units": 1}
        parcels = ask(desk, {**order, "id": f"x{number}", "lines": [line]})["plan"]["parcels"]

        def pick(parcel: str = parcels[0]["id"], at: int = now + 60 + number) -> bool:
            try:
                retried(lambda: tell(desk, at, {"kind": "pick_started", "parcel": parcel}))
            except InputError:
                return False
            return True

        def back(name: str = f"x{number}") -> bool:
            try:
                retried(lambda: take_back(desk, name, now))
            except Conflict:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            acts = [pick, back] if number % 2 else [back, pick]
            first, second = (pool.submit(act) for act in acts)
            picked, taken = (first.result(), second.result())[:: 1 if number % 2 else -1]
        assert picked != taken
        outcomes[picked] += 1
        check(desk)
    assert sum(outcomes.values()) == 12
