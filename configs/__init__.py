"""What can be chosen: Hydra groups. A file holds a name and overrides; the values live in Python."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

_FOLDER = Path(__file__).parent
_SETTING = re.compile(r"^(?!defaults:|hydra:|command:)\w+:.*$", re.MULTILINE)
_GROUP = re.compile(r"^  - (\w+): ", re.MULTILINE)


def choices_of(command: str) -> str:
    """Groups of a command with their members, and its settings with their defaults, as its files state them.

    Read as text, so that help needs none of what composes them.
    """
    own, shared = (file_of(name).read_text(encoding="utf-8") for name in (command, "run"))
    groups = [_line(group) for group in _GROUP.findall(own)]
    settings = _SETTING.findall(own)
    known = {line.partition(":")[0] for line in settings}
    settings += [line for line in _SETTING.findall(shared) if line.partition(":")[0] not in known]
    return "\n".join([*groups, *(["", *settings] if groups else settings)])


def file_of(command: str) -> Path:
    """The file of a command."""
    return _FOLDER / f"{command}.yaml"


def members_of(group: str) -> list[str]:
    """Names that can be chosen in a group."""
    return sorted(path.stem for path in (_FOLDER / group).glob("*.yaml"))


def groups() -> list[str]:
    """All of them."""
    return sorted(path.name for path in _FOLDER.iterdir() if any(path.glob("*.yaml")))


def _line(group: str) -> str:
    return textwrap.fill(
        ", ".join(members_of(group)), 118, initial_indent=f"{group}: ", subsequent_indent="  ", break_on_hyphens=False
    )
