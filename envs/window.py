"""A window that shows the world while it is played: ``render_mode="human"``."""

from __future__ import annotations

import matplotlib
from matplotlib import pyplot

from envs.render import DOTS_PER_INCH, SIZE_INCHES, draw_on
from envs.world import World
from scenarios.errors import InputError

_SECONDS = 0.001
"""Given to the window at each picture, so that it can be moved and closed."""


class Window:
    """One figure of matplotlib's interactive backend; drawn again at each decision.

    Raises:
        InputError: no screen, or a backend without windows.
    """

    def __init__(self) -> None:
        figure = pyplot.figure(figsize=SIZE_INCHES, dpi=DOTS_PER_INCH, layout="constrained")
        if figure.canvas.required_interactive_framework is None:
            pyplot.close(figure)
            raise InputError(
                "render_mode",
                "human",
                f"a screen and a matplotlib backend with windows; here it is {matplotlib.get_backend()!r}",
                "set MPLBACKEND, for instance to TkAgg, or use render_mode='rgb_array'",
            )
        self._figure = figure

    @property
    def is_open(self) -> bool:
        """Whether nobody has closed it."""
        return pyplot.fignum_exists(self._figure.number)

    def show(self, world: World) -> None:
        """Draws the present decision; a closed window stays closed."""
        if self.is_open:
            self._figure.clear()
            draw_on(self._figure, world)
            self._figure.show()
            self._figure.canvas.draw_idle()
            self._figure.canvas.start_event_loop(_SECONDS)

    def close(self) -> None:
        """Closes the window."""
        pyplot.close(self._figure)
