"""Plays a trace against a running endpoint, as a shop would."""
