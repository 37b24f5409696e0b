"""Bid prices by linear programs over sampled futures."""
