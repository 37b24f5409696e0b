"""``render_mode="human"``: a window where there is a screen, a clear word where there is none."""

from __future__ import annotations

import pickle
import sys
from types import ModuleType

import matplotlib
import pytest
from matplotlib import pyplot
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg

from envs.routing_env import MOOrderRoutingEnv, OrderRoutingEnv
from scenarios.errors import InputError


class Canvas(FigureCanvasAgg):
    """Of a screen that nobody sees; matplotlib calls a machine without a screen headless."""

    required_interactive_framework = "headless"
    num_drawn = 0

    def draw_idle(self, *args, **kwargs):
        self.draw()
        Canvas.num_drawn += 1

    def start_event_loop(self, timeout=0):
        assert 0 < timeout < 1


class Manager(FigureManagerBase):
    def show(self):
        pass


@pytest.fixture
def screen(monkeypatch):
    """An interactive backend without a screen."""
    before, name = matplotlib.get_backend(), "a_screen_that_nobody_sees"
    backend = ModuleType(name)
    Canvas.manager_class, Canvas.num_drawn = Manager, 0
    backend.FigureCanvas, backend.FigureManager = Canvas, Manager
    monkeypatch.setitem(sys.modules, name, backend)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    pyplot.switch_backend(f"module://{name}")
    yield Canvas
    pyplot.close("all")
    pyplot.switch_backend(before)


@pytest.mark.parametrize("env_class", [OrderRoutingEnv, MOOrderRoutingEnv])
def test_every_step_is_shown(screen, env_class):
    env = env_class("tiny", render_mode="human")
    env.reset(seed=0)
    assert screen.num_drawn == 1
    assert len(pyplot.get_fignums()) == 1
    for _ in range(3):
        env.step(0)
    assert screen.num_drawn == 4
    assert env.render() is None
    env.close()
    assert pyplot.get_fignums() == []


def test_the_picture_changes_and_is_that_of_rgb_array(screen):
    env, other = (OrderRoutingEnv("metro-small", render_mode=mode) for mode in ("human", "rgb_array"))
    pictures = []
    for one in (env, other):
        one.reset(seed=0)
    for _ in range(2):
        env._window._figure.canvas.draw()
        pictures.append(bytes(env._window._figure.canvas.buffer_rgba()))
        assert pictures[-1][:4] == other.render().tobytes()[:3] + b"\xff"
        for one in (env, other):
            for _ in range(8):
                one.step(0)
    assert pictures[0] != pictures[1]
    env.close()


def test_a_closed_window_stays_closed(screen):
    env = OrderRoutingEnv("tiny", render_mode="human")
    env.reset(seed=0)
    pyplot.close("all")
    env.step(0)
    assert pyplot.get_fignums() == []
    env.close()


def test_a_pickle_opens_its_own_window(screen):
    env = OrderRoutingEnv("tiny", render_mode="human")
    env.reset(seed=0)
    other = pickle.loads(pickle.dumps(env))
    other.reset(seed=0)
    assert len(pyplot.get_fignums()) == 2
    env.close()
    other.close()
    assert pyplot.get_fignums() == []


@pytest.mark.parametrize("backend", ["agg", "template"])
def test_without_a_screen_it_says_so_when_made(backend):
    before = matplotlib.get_backend()
    pyplot.switch_backend(backend)
    try:
        with pytest.raises(InputError, match=r"human.*rgb_array"):
            OrderRoutingEnv("tiny", render_mode="human")
        assert pyplot.get_fignums() == []
    finally:
        pyplot.switch_backend(before)
