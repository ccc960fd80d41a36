"""Feature views over the `ftr_` tables, the store that holds them, and reads from it."""
