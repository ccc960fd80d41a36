"""Which tables and columns of a log mean what: reading a mapping, and checking it on the data."""

from orchestration.mapping.check import MappingReport, check_mapping, needs_warehouse
from orchestration.mapping.load import dbt_vars, find_mapping, load_mapping, settings_file
from orchestration.mapping.model import Mapping
from orchestration.mapping.problems import MappingError
from orchestration.mapping.seeds import check_seeds

__all__ = [
    "Mapping",
    "MappingError",
    "MappingReport",
    "check_mapping",
    "check_seeds",
    "dbt_vars",
    "find_mapping",
    "load_mapping",
    "needs_warehouse",
    "settings_file",
]
