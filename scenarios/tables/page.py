"""``docs/tables.md``, derived from the schema.

``python -m scenarios.tables.page > docs/tables.md`` writes it again.
"""

from __future__ import annotations

from scenarios.tables.cells import Anything, Kind, Name, Word
from scenarios.tables.column import Column, Table
from scenarios.tables.schema import TABLES
from scenarios.tables.settings_keys import SETTINGS

OPENING = """# Your own network

Put these CSV files in a folder, check them, and use them like any other scenario:

```bash
routelab validate DIR
routelab evaluate scenario=tables scenario.data=DIR
```

```python
from scenarios import draw_trace, load_scenario

scenario = load_scenario("tables", data="DIR")
trace = draw_trace(scenario, seed=0)
```

Without `data` the scenario is the shipped example, `scenarios/tables/example/`: copy it and change it.
Other settings are overrides as everywhere (`scenario.max_parcels=1`); `epoch` and `time_zone` are none, as the times in
the tables are read by them.
`routelab validate` prints each problem with file, line, column, value, what was expected and what to do; its exit
code is 0 when the tables can be simulated and 2 when not. Checks that need several tables at once (can every order be
sent at all?) run when the tables of the network have no other problem.

## What holds for all files
- Comma-separated, UTF-8, the header in the first line. Columns may come in any sequence; one that may be blank may be
  missing. Other columns and other `.csv` files are problems, so that nothing is ignored in silence.
- Numbers have a decimal point and no thousands separator. Money is in units of your currency, whichever it is.
  Amounts are converted exactly: one that has no exact value in the simulation's unit is a problem, never rounded.
- Times are ISO, such as `2025-03-03T14:30`, on the clock of the place where it happens. With an offset
  (`2025-03-03T14:30+01:00`, or `Z`) they mean that instead. A time that happens twice when summer time ends means the
  first.
- Weekdays are written `mon-fri` or `sat sun`. Handling is written as words with blanks in between.
- Distances are great circles between positions; a service's zone is the first whose `max_km` is not exceeded.
- The orders are taken as they are. A seed draws only luck: how long picks and transit really take. In logs and reports
  orders are numbered from 0 by `placed_at`, those of the same second in the sequence of the file.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([OPENING, *map(_table, TABLES), _settings()])


def _table(table: Table) -> str:
    lines = [f"## `{table.file}`", table.doc]
    if not table.is_required:
        lines.append(f"The file may be missing: {table.without}.")
    if table.key:
        keys = " and ".join(f"`{name}`" for name in table.key)
        lines.append(f"No two rows have the same {keys}.")
    return "\n".join([" ".join([lines[0] + "\n\n" + lines[1], *lines[2:]]), "", *_columns(table.columns, "column"), ""])


def _settings() -> str:
    opening = "## Keys of `settings.csv`\n\nEvery key may be left out."
    return "\n".join([opening, "", *_columns(SETTINGS, "key"), ""])


def _columns(columns: tuple[Column, ...], head: str) -> list[str]:
    lines = [f"| {head} | unit | what it is | values | if blank |", "|---|---|---|---|---|"]
    for column in columns:
        blank = "must be filled in" if column.blank is None else column.blank
        lines.append(f"| `{column.name}` | {column.unit} | {column.doc} | {_values(column.kind)} | {blank} |")
    return lines


def _values(kind: Kind) -> str:
    if isinstance(kind, Anything) or type(kind) is Name:
        return "text"
    return kind.expected if isinstance(kind, Word) else kind.expected.replace("|", "\\|")


if __name__ == "__main__":
    print(page(), end="")
