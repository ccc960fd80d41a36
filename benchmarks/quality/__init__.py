"""How good the lists are on public data, beside what others have published."""
