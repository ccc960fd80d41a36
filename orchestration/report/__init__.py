"""Pages for people: what an experiment showed, and whether users come back."""
