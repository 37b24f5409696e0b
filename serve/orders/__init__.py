"""Orders and their parcels after the decision: events, claims, releases, tasks."""
