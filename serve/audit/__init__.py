"""The audit log: written, tied together, verified."""
