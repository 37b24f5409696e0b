"""Whom we serve: the endpoint that answers orders with a policy bundle."""
