"""The packed heap gives back what it was given, in the order of (time, rank, entity)."""

from hypothesis import given
from hypothesis import strategies as st

from envs.agenda import LAST_SECOND, Agenda, event, pop, push
from envs.ranks import Rank
from envs.world import World
from tests.worlds import random_trace

TRIPLES = st.tuples(
    st.integers(0, LAST_SECOND), st.sampled_from([int(rank) for rank in Rank]), st.integers(0, (1 << 26) - 1)
)


@given(st.lists(st.tuples(TRIPLES, st.booleans()), max_size=40))
def test_events_leave_in_order(steps):
    agenda, waiting = World(random_trace(0)).agenda, []
    agenda = Agenda(agenda.keys.copy(), agenda.size.copy())
    for triple, takes_one in steps:
        push(agenda, *triple)
        waiting.append(triple)
        if takes_one:
            waiting.sort()
            assert tuple(pop(agenda)) == waiting.pop(0)
    assert sorted(tuple(event(key)) for key in agenda.keys[: agenda.size[0]].tolist()) == sorted(waiting)
    while waiting:
        waiting.sort()
        assert tuple(pop(agenda)) == waiting.pop(0)
    assert agenda.size[0] == 0


def test_every_rank_fits():
    assert all(event(int(rank) << 26)[1] == rank for rank in Rank)
