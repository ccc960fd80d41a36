"""Which steps are tried again, and how soon."""

import dagster as dg

# For steps that talk to a server, which may be restarting. Everything else fails the same way
# twice; a file that another process holds is waited for where it is opened.
SERVER_RETRIES = dg.RetryPolicy(max_retries=2, delay=3, backoff=dg.Backoff.EXPONENTIAL)
