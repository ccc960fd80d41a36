"""The assets, one module a step of the way from the log to the published snapshot."""
