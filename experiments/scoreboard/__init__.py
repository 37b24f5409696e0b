"""The scoreboard: routers, bounds and learned policies on the same unseen traces, cell by cell, and pages of them."""
