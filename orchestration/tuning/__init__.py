"""Searching for better settings of a log, judged by periods before the test period."""
