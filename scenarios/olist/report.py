"""The command that tells what became of every row of an Olist folder."""

from __future__ import annotations

import sys

from scenarios.arguments import Arguments
from scenarios.errors import InputError
from scenarios.olist.read import load_olist


def main(arguments: list[str]) -> int:
    """Reads a folder, prints rows by table and outcome, the fits' facts and the caveat.

    Returns:
        0, or 2 if the folder cannot be used.
    """
    parser = Arguments(prog="routelab olist", description="what is used of the Olist tables, and why not")
    parser.add_argument("data", nargs="?", help="folder with the published tables, CSV plain or gzipped")
    try:
        scenario = load_olist(parser.parse_args(arguments).data)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    print(scenario.stream.report.text())
    print(f"caveat: {scenario.caveat}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
