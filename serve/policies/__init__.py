"""Policies: loaded, tried beside the active one, activated, given up."""
