"""Feature views over the `ftr_` tables, the store that holds them, and reads from it."""

from feature_repo.unchecked import leave_types_unchecked

leave_types_unchecked()
