"""Explanations: why a decision is as it is, and what would flip it."""
