"""Is the share of units in each arm what it should be? A test that may be looked at as often as one likes."""

from __future__ import annotations

from math import exp, lgamma, log

ALARM = 0.001
"""p-value below which assignment or logging is broken; of sound experiments at most one in a thousand ever alarms."""

CONCENTRATION = 100.0
"""Of the mixture around the planned share; the larger, the more it looks for small deviations among many units.

The authors take 10,000; switchbacks have hundreds of units, of which that would miss an arm twice too large, and among
millions this costs little: of a million units at one half, it alarms at 4.8 standard errors instead of 4.4.
"""


def sample_ratio_p_value(num_treated: int, num_control: int, share: float) -> float:
    """Sequential p-value that units fall to the treatment with probability ``share``.

    The beta mixture of likelihoods over the likelihood of ``share`` is a martingale that starts at one, so it exceeds
    1/p with probability p at most, over all times together (Ville). A chi-square test looked at again and again would
    alarm sooner or later for sure.

    Source: Lindon and Malek 2022, "Anytime-valid inference for multinomial count data", NeurIPS 35, eq. 5 and 6, with
    two categories and a Dirichlet prior of mean ``share``.

    Args:
        num_treated: units in the treatment so far.
        num_control: units in the control so far.
        share: of the treatment, between 0 and 1.

    Returns:
        In (0, 1].
    """
    treated, control = CONCENTRATION * share, CONCENTRATION * (1 - share)
    mixture = _log_beta(treated + num_treated, control + num_control) - _log_beta(treated, control)
    log_odds = mixture - num_treated * log(share) - num_control * log(1 - share)
    return min(1.0, exp(-max(0.0, min(log_odds, 700.0))))


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
