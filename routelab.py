"""The ``routelab`` command: finds the module behind a subcommand and imports it only when it is used.

Importing this module costs nothing: help, a typing mistake and ``--version`` never load a learning
library. A subcommand is one line in ``COMMANDS``; its function takes the remaining arguments and
returns an exit code.

Exit codes: 0 done, 1 the command says no (see its help), 2 the input cannot be used, 130 interrupted.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

__version__ = "0.1.0"


class Command(NamedTuple):
    """One subcommand.

    Attributes:
        target: ``module:function``; the function gets a list of arguments and returns an exit code.
        summary: one line for ``routelab --help``.
        usage: what follows ``routelab``, for its own help.
        details: more lines for its own help.
    """

    target: str
    summary: str
    usage: str
    details: str = ""


HYDRA = """KEY=VALUE overrides one setting, --multirun with KEY=A,B,C runs every combination, and
--cfg job prints the settings that would be used. What can be chosen, and settings with their defaults:"""

COMMANDS: dict[str, Command] = {
    "demo": Command(
        "experiments.demo:main",
        "simulate, train, compare, export and answer one order, in a few minutes",
        "demo [KEY=VALUE ...]",
        HYDRA,
    ),
    "scenarios": Command(
        "scenarios.registry:main",
        "list the worlds that can be simulated",
        "scenarios",
    ),
    "agents": Command(
        "agents.registry:main",
        "list the routers that can decide",
        "agents",
    ),
    "trace": Command(
        "experiments.trace:main",
        "draw one realisation of a scenario and save it",
        "trace scenario=NAME [KEY=VALUE ...]",
        HYDRA,
    ),
    "validate": Command(
        "scenarios.tables.validate:main",
        "check a folder of your own CSV tables, row by row",
        "validate DIR",
        "DIR holds the tables described in docs/tables.md. Exit code 2 when a row cannot be used.",
    ),
    "train": Command(
        "experiments.train:main",
        "train a routing agent",
        "train scenario=NAME [KEY=VALUE ...]",
        HYDRA,
    ),
    "evaluate": Command(
        "experiments.evaluate:main",
        "compare agents on the same unseen traces, with confidence intervals",
        "evaluate scenario=NAME [KEY=VALUE ...]",
        HYDRA,
    ),
    "whatif": Command(
        "experiments.whatif.command:main",
        "what would change, if ...? Changed demand, warehouses, carriers, stock or routers, paired on the same luck",
        "whatif [SCENARIO|STUDY] [--change TEXT] [--variant NAME=TEXT] [--rerun NAME] [KEY=VALUE ...]",
        """SCENARIO is a name, STUDY a name in configs/whatif/ or a YAML file. TEXT is a change such as "warehouse river
closed"; several are separated by semicolons. docs/whatif.md lists them all. --rerun NAME goes on with a saved
study, or makes it again. --routers A,B and --replications N stand for routers=[A,B] and replications=N.

"""
        + HYDRA,
    ),
    "scoreboard": Command(
        "experiments.scoreboard.command:main",
        "routers, bounds and learned policies on all scenarios of the board, cell by cell, and pages of results",
        "scoreboard [SCENARIO ...] [--part NAME] [--routers A,B] [--traces N] [--seeds N] [--workers N] [--folder DIR]",
        """Goes on where it stopped. Parts: routers, probes, bounds, train, learned, exported, front, generalisation,
cells, pages; all if none is named. docs/scoreboard.md says what each does. All of the board takes hours; one
scenario of it with --traces 20 --seeds 2 and a few routers takes minutes. --anew plays what is published, too.""",
    ),
    "export": Command(
        "experiments.export:main",
        "write a trained policy as a self-contained, checked bundle",
        "export [KEY=VALUE ...]",
        HYDRA,
    ),
    "fetch": Command(
        "experiments.fetch:main",
        "take a bundle from MLflow's model registry, and check it",
        "fetch NAME@ALIAS --into FOLDER [--tracking-uri URI]",
        """NAME@ALIAS is a registered model, such as shop@champion. The bundle is checked as the endpoint checks it
before FOLDER is made. `routelab policy load` puts it into a running endpoint.""",
    ),
    "report": Command(
        "experiments.report:main",
        "make the tables, figures and HTML page of a recorded run again",
        "report RUN",
        "RUN is the folder of a recorded run.",
    ),
    "serve": Command(
        "serve.command:main",
        "answer orders over HTTP with an exported bundle",
        "serve --bundle DIR [--database URL] [--host HOST] [--port PORT] [--budget-ms MS] [--example-request]",
        """DIR is a folder written by `routelab export`. --example-request prints a request that it can answer. URL is
sqlite:///FILE, postgresql://... or none, which keeps nothing. docs/serving.md tells all options.""",
    ),
    "replay": Command(
        "serve.replay.command:main",
        "play a trace or an order file against a running endpoint, as a shop would",
        "replay ORDERS [KEY=VALUE ...] [--url URL] [--seed N] [--speed X] [--clock request|wall] [--name NAME]",
        """ORDERS is a scenario's name, a file of `routelab trace` or a folder of tables. If the endpoint wants a token,
it stands in the environment variable ROUTELAB_TOKEN. docs/replay.md tells all options.""",
    ),
    "policy": Command(
        "serve.policies.command:main",
        "who decides at a running endpoint, and changes of that",
        "policy [show | load FOLDER | shadow | canary SHARE | activate | withdraw | rollback] [--url URL]",
        """FOLDER lies below the endpoint's --policies. All but show and load mean the candidate (rollback the active
policy), or what --policy SHA256 names. If the endpoint wants a token, it stands in the environment variable
ROUTELAB_TOKEN.""",
    ),
    "token": Command(
        "serve.web.token_command:main",
        "make a token for the endpoint",
        "token NAME ROLE",
        "Prints the token and its entry for ROUTELAB_TOKENS. docs/serving.md tells what each role may do.",
    ),
    "audit": Command(
        "serve.audit.command:main",
        "check the endpoint's audit log, or erase old payloads",
        "audit verify [--database URL] | audit erase --older-than-days N [--database URL]",
        "verify ends with exit code 1 when something does not fit; each complaint is a line.",
    ),
}


def overview() -> str:
    """The text of ``routelab --help``."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {command.summary}" for name, command in COMMANDS.items()]
    return "\n".join(
        [
            "usage: routelab COMMAND [ARGUMENTS]",
            "",
            "A simulation lab in which routing agents learn to send orders through warehouses and carriers.",
            "",
            *lines,
            "",
            "routelab COMMAND --help says more. ROUTELAB_DEBUG=1 shows where a refused input was refused.",
        ]
    )


def help_of(command: Command) -> str:
    """The text of ``routelab COMMAND --help``."""
    parts = [f"usage: routelab {command.usage}", f"{command.summary[:1].upper()}{command.summary[1:]}."]
    if command.details:
        parts.append(command.details)
    if command.details.endswith(HYDRA):
        parts.append(importlib.import_module("configs").choices_of(command.usage.split()[0]))
    return "\n\n".join(parts)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one subcommand.

    Args:
        argv: arguments without the program's name; those of the process if None.

    Returns:
        The exit code.
    """
    name, *arguments = (list(sys.argv[1:]) if argv is None else list(argv)) or ["--help"]
    if name in ("-h", "--help", "help"):
        print(overview())
        return 0
    if name == "--version":
        print(f"routelab {__version__}")
        return 0
    if name in COMMANDS and arguments in (["-h"], ["--help"]):
        print(help_of(COMMANDS[name]))
        return 0
    return _guarded(name, arguments)


def _guarded(name: str, arguments: list[str]) -> int:
    """Runs a command; what is wrong with the input becomes one clear line instead of a traceback."""
    from scenarios.errors import InputError, unknown_name

    try:
        if name not in COMMANDS:
            raise unknown_name("command", name, COMMANDS)
        return _run(name, arguments)
    except KeyboardInterrupt:
        print("routelab: interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        # Hydra refuses unknown settings and options itself and names the known ones.
        is_refusal = isinstance(error, InputError) or type(error).__module__ in ("hydra.errors", "omegaconf.errors")
        if not is_refusal or os.environ.get("ROUTELAB_DEBUG", "0") not in ("", "0"):
            raise
        override = getattr(error, "override", None)  # set by Hydra when it cannot even read one
        words = [f"{override}:" if override else "", *str(error).split()]
        print("routelab:", " ".join(filter(None, words)), file=sys.stderr)
        return 2


def _run(name: str, arguments: list[str]) -> int:
    """Imports the command's module and calls it with ``sys.argv`` as argparse and Hydra expect it."""
    module, _, function = COMMANDS[name].target.partition(":")
    # Without it Hydra prints an exception itself and exits, so that an InputError would never get here.
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    argv_before, sys.argv = sys.argv, [f"routelab {name}", *arguments]
    try:
        return int(getattr(importlib.import_module(module), function)(arguments) or 0)
    finally:
        sys.argv = argv_before


if __name__ == "__main__":
    sys.exit(main())
