"""Figures of a run, each one function of results or records; all are remade from the record alone."""
