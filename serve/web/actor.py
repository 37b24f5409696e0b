"""Who asks, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Request

from scenarios.errors import InputError

Role = Literal["viewer", "planner", "rule_editor", "approver", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "planner", "rule_editor", "approver", "admin")
"""Each may do all that those before it may."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks.

    Attributes:
        name: of the token, for the audit log; no person's.
        role: what they may do.
        is_told_apart: whether another name is another actor, so that four eyes can be asked for.
    """

    name: str
    role: Role
    is_told_apart: bool = True

    def check(self, role: Role) -> None:
        """Refuses who may less than ``role``.

        Raises:
            Forbidden: always then.
        """
        if ROLES.index(self.role) < ROLES.index(role):
            raise Forbidden(InputError("role", self.role, f"{role} or above", "ask somebody who has this role"))


ANYONE = Actor("anyone", "admin", is_told_apart=False)
"""Who asks in development mode without a token."""


KEEPER, WATCH, GUARDRAIL, RETENTION = "keeper", "watch", "guardrail", "retention"
"""What the audit log calls the program itself: who ends what is due, looks at experiments, stops them, erases."""

OWN_NAMES = frozenset({ANYONE.name, KEEPER, WATCH, GUARDRAIL, RETENTION})
"""Nobody else's."""


class Forbidden(Exception):
    """The actor may not do this.

    Args:
        detail: in the error schema.
    """

    def __init__(self, detail: InputError) -> None:
        self.detail = detail
        super().__init__(detail)


async def _actor(request: Request) -> Actor:
    actor: Actor = request.scope["actor"]
    return actor


Who = Annotated[Actor, Depends(_actor)]
"""A path's parameter: who asks, as ``serve.web.guard`` found out."""
