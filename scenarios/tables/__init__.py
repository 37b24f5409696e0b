"""Your own network: plain CSV tables, documented in ``docs/tables.md``."""
