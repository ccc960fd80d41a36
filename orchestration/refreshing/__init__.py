"""Micro-batches: rows of the users who did something since the last run, and of no others."""
