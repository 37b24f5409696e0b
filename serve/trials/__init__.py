"""Experiments on the real stream: who falls to which policy, what came of it, and when it has to stop."""
