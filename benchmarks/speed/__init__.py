"""Seconds and memory beside named peers, in one run."""
