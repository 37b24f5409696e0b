"""Learned routers. Import their modules one by one; they need torch."""
