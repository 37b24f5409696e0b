"""What can be chosen: Hydra groups. A file holds a name and overrides; the values live in Python."""
