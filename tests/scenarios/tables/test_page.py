"""``docs/tables.md`` says what the schema says."""

from __future__ import annotations

import re

from scenarios.settings import Settings
from scenarios.tables.page import page
from scenarios.tables.read import EXAMPLE
from scenarios.tables.schema import TABLES
from scenarios.tables.settings_keys import SETTINGS, settings_of


def test_the_page_is_derived_from_the_schema(repository):
    written = (repository / "docs" / "tables.md").read_text(encoding="utf-8")
    assert written == page(), "write it again: python -m scenarios.tables.page > docs/tables.md"


def test_the_page_names_every_table_column_and_key():
    sections = re.split(r"^## ", page(), flags=re.MULTILINE)
    for table in TABLES:
        section = next(text for text in sections if text.startswith(f"`{table.file}`"))
        for column in table.columns:
            row = next(line for line in section.splitlines() if line.startswith(f"| `{column.name}` |"))
            assert len(re.findall(r"(?<!\\)\|", row)) == 6
            assert column.doc in row
            assert ("must be filled in" in row) == column.is_required
    keys = next(text for text in sections if text.startswith("Keys of"))
    assert re.findall(r"^\| `(\w+)`", keys, re.MULTILINE) == [column.name for column in SETTINGS]


def test_every_table_ships_with_the_example():
    assert {path.name for path in EXAMPLE.glob("*.csv")} == {table.file for table in TABLES}


def test_defaults_are_those_of_the_settings():
    assert settings_of({column.name: column.blank_value() for column in SETTINGS}) == Settings()


def test_names_are_unique_and_references_come_later():
    seen = set()
    for table in TABLES:
        names = [column.name for column in table.columns]
        assert len(names) == len(set(names))
        assert set(table.key) <= set(names)
        for column in table.columns:
            assert getattr(column.kind, "table", table.name) in {*seen, table.name}
        seen.add(table.name)


def test_every_default_can_be_read():
    for column in [*SETTINGS, *(column for table in TABLES for column in table.columns)]:
        if not column.is_required:
            column.blank_value()
            assert column.blank, column.name
