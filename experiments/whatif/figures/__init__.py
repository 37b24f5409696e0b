"""Figures of a what-if study, each one function of its findings."""
