"""Which models two states of the dbt project do not share."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from sqlmesh.core.context_diff import ContextDiff


@dataclass(frozen=True)
class ModelChange:
    """A model that differs between the two states.

    Parameters
    ----------
    name : str
        Schema and table, such as ``candidates.cnd_popular_items``.
    kind : str
        ``added``, ``removed``, ``changed`` (its own SQL or settings) or ``downstream`` (only what
        it reads).
    text : str
        Unified difference of the model's definition; empty unless it is ``changed``.
    """

    name: str
    kind: str
    text: str = ""


def model_changes(difference: "ContextDiff") -> list[ModelChange]:
    """List the models that differ, each with the way it does.

    Parameters
    ----------
    difference : ContextDiff
        Of the plan that built the newer state on the older one.

    Returns
    -------
    list of ModelChange
        Ordered by kind, then name.
    """
    changes = [ModelChange(short_name(added.name), "added") for added in difference.added]
    changes += [
        ModelChange(short_name(removed.name), "removed") for removed in difference.removed_snapshots
    ]
    for name in difference.modified_snapshots:
        if difference.directly_modified(name):
            changes.append(ModelChange(short_name(name), "changed", difference.text_diff(name)))
        elif difference.indirectly_modified(name):
            changes.append(ModelChange(short_name(name), "downstream"))
    kinds = ("changed", "added", "removed", "downstream")
    # Singular tests are compared too; they have no schema, and hold no rows.
    models = [change for change in changes if "." in change.name]
    return sorted(models, key=lambda change: (kinds.index(change.kind), change.name))


def short_name(name: str) -> str:
    """Drop the catalogue and the quotes of SQLMesh's name of a model."""
    return ".".join(part.strip('"') for part in name.split(".")[-2:])


def primary_keys(project_root: Path) -> dict[str, list[str]]:
    """Read the primary keys that the contracts state, by the name of the model."""
    keys = {}
    for file in sorted((project_root / "models").rglob("_*.yml")):
        properties = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        for model in properties.get("models", []):
            for constraint in model.get("constraints", []):
                if constraint["type"] == "primary_key":
                    keys[model["name"]] = constraint["columns"]
    return keys
