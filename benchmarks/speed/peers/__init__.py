"""The dbt models again, as people write them for other engines."""
