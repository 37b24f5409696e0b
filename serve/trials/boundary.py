"""How far a sum whose terms are bounded may ever stray from what was expected of it: without asymptotics."""

from __future__ import annotations

from math import lgamma, log


def boundary(square: float, scale: float, planned: float, alpha: float) -> float:
    """A sum of terms less their means, each given all before it, is ever above this with probability ``alpha`` at most.

    Each term may be guessed from what was before it. Whatever the guesses are worth, the sum is sub-exponential in the
    squares of what they missed, if no term lies more than ``scale`` below its guess. Both hold at all times together,
    and for few terms as well as for many: rare events that have not come yet are reckoned with.

    Args:
        square: sum of squares of terms less their guesses, at the time that is looked at.
        scale: see above; positive.
        planned: sum of squares at which the boundary is tightest; positive.
        alpha: probability, on this side.

    Source: Howard, Ramdas, McAuliffe and Sekhon 2021, "Time-uniform, nonparametric, nonasymptotic confidence
    sequences", Annals of Statistics 49(2): theorem 4 (empirical Bernstein) with the gamma-exponential mixture of
    proposition 9.
    """
    from scipy.optimize import brentq  # here, as an endpoint without an experiment does without its 35 MB
    from scipy.special import gammainc

    rho = planned / (-2 * log(alpha) + log(1 - 2 * log(alpha)))
    shape, ripe = rho / scale**2, (square + rho) / scale**2
    start = shape * log(shape) - lgamma(shape) - log(float(gammainc(shape, shape))) + lgamma(ripe)

    def excess(reach: float) -> float:
        """Logarithm of the mixture supermartingale, less that of what it is ever above with probability alpha."""
        place = reach / scale + ripe
        return start + log(float(gammainc(ripe, place))) - ripe * log(place) + place - shape + log(alpha)

    most = scale
    while excess(most) < 0:
        most *= 2
    return float(brentq(excess, 0.0, most))
