"""Decisions: from an order to a plan that is kept."""
