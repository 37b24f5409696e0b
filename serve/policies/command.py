"""``routelab policy``: who decides at a running endpoint, and changes of that."""

from __future__ import annotations

import os
from collections.abc import Sequence

from scenarios.arguments import Arguments
from scenarios.errors import InputError
from serve.client import TOKEN_VARIABLE, Client
from serve.policies.answer import PolicyAnswer, SlotsAnswer

CHANGES = ("shadow", "canary", "activate", "withdraw", "rollback")
"""Of one policy; what each does, and who may: docs/serving.md."""

SECONDS = 60.0
"""For an answer: a bundle is verified before there is one."""


def main(args: Sequence[str] | None = None) -> int:
    """Changes what is asked for, and prints who decides then.

    Returns:
        0.

    Raises:
        InputError: the endpoint refused, or is away.
    """
    options = _parser().parse_args(args)
    if (options.action in ("load", "canary")) != (options.what is not None):
        expected = {"load": "a folder below the endpoint's --policies", "canary": "a share of the orders"}
        raise InputError(options.action, options.what, expected.get(options.action, "nothing"), "correct the command")
    with Client(options.url, os.environ.get(TOKEN_VARIABLE), timeout_seconds=SECONDS) as client:
        slots = client.load_policy(options.what) if options.action == "load" else client.policies()
        if options.action in CHANGES:
            share = _share(options.what) if options.action == "canary" else None
            slots = client.change_policy(options.policy or _meant(slots, options.action), options.action, share=share)
    print("\n".join(lines(slots)))
    return 0


def _parser() -> Arguments:
    parser = Arguments(prog="routelab policy", description="Who decides at a running endpoint, and changes of that.")
    parser.add_argument("action", nargs="?", default="show", choices=("show", "load", *CHANGES))
    parser.add_argument("what", nargs="?", metavar="FOLDER|SHARE", help="of load, of canary")
    parser.add_argument("--policy", metavar="SHA256", help="which one; else the candidate, of rollback the active one")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="of the endpoint (default: %(default)s)")
    return parser


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise InputError("canary", text, "a share between 0 and 1", "correct the number")
    return share


def _meant(slots: SlotsAnswer, action: str) -> str:
    policy = slots.active if action == "rollback" else slots.candidate
    if policy is None:
        raise InputError(action, None, "a candidate, but there is none", "load one with `routelab policy load FOLDER`")
    return policy.bundle_sha256


def lines(slots: SlotsAnswer) -> list[str]:
    """Who stands where."""
    found = [f"active:    {_told(slots.active)}"]
    if slots.previous is not None:
        found.append(f"previous:  {_told(slots.previous)}")
    if slots.candidate is not None:
        share = f", {slots.share:g} of the {'units' if slots.experiment else 'orders'}" if slots.share else ""
        found.append(f"candidate: {_told(slots.candidate)}, {slots.mode}{share}")
    if slots.shadow is not None and slots.shadow.same_share is not None:
        found.append(f"shadow:    {slots.shadow.count} decisions, {slots.shadow.same_share:.1%} as decided")
    return found


def _told(policy: PolicyAnswer) -> str:
    return f"{policy.name}  {policy.bundle_sha256}  loaded by {', '.join(policy.loaded_by)}"
