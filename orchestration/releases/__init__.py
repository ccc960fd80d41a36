"""Releases: writing them, recording them, and choosing which one answers."""
