"""``routelab token``: makes a token and its entry for the endpoint's environment."""

from __future__ import annotations

from collections.abc import Sequence

from scenarios.arguments import Arguments
from serve.web.actor import ROLES
from serve.web.tokens import VARIABLE, Tokens, digest_of, make_token


def main(args: Sequence[str] | None = None) -> int:
    """Prints a new token, which is kept nowhere, and what the endpoint is to know of it.

    Returns:
        0.

    Raises:
        InputError: a name that cannot be used.
    """
    parser = Arguments(prog="routelab token", description="A new token for the endpoint.")
    parser.add_argument("name", help="a name of whoever gets it, for the audit log: small letters, digits, . _ -")
    parser.add_argument("role", choices=ROLES, help="what it opens")
    options = parser.parse_args(args)
    token = make_token()
    entry = f"{options.name}:{options.role}:{digest_of(token).hex()}"
    Tokens(entry)
    print(f"token, for {options.name} alone; it is not shown again: {token}")
    print(f"entry, to be added to {VARIABLE} of the endpoint:  {entry}")
    return 0
