"""Bid prices that are solved on a schedule: who solves them when, where they are kept, and which are in force."""
