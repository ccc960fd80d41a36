"""The releases of a log in MLflow's registry: versions of a model, with the aliases.

The file that serving processes watch is written first, because a rollback must work while a server
of MLflow does not answer. MLflow gets the aliases next, and last of all a tag with the version that
they are of. So a tag that is behind means that MLflow has yet to hear of changes, and aliases that
differ from a tag that is not behind were moved by hand in MLflow's pages: they are taken over.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.releases.aliases import read_history
from orchestration.releases.changes import Change, pointers_json
from orchestration.settings import Settings
from orchestration.tracking import NAME, tracking_client
from serving.bundle_files import BundleError, read_manifest, releases_on_disk
from serving.pointers import Canary, Pointers, pointers_of

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

ALIASES = ("live", "canary", "shadow", "previous")
# Of the registered model: the aliases as they were written here last.
POINTERS = "topshelf.pointers"
RELEASE = "topshelf.release_id"
# Share of the users for a canary that was named in MLflow's pages, where there is no place for it.
CANARY_PERCENT = 5.0


@dataclass(frozen=True)
class Registered:
    """What the registry says.

    Attributes
    ----------
    told : Pointers
        The aliases that it was told last.
    aliases : dict of str to str
        The aliases that it has: name to release.
    """

    told: Pointers
    aliases: dict[str, str]


def model_name(mapping: str) -> str:
    """Return the name under which the releases of a log are registered."""
    return f"topshelf.{mapping}"


def aliases_of(pointers: Pointers) -> dict[str, str]:
    """Return the releases behind the aliases, by their names."""
    found = {name: pointers.release_of(name) for name in ALIASES}
    return {name: release for name, release in found.items() if release}


def moved_by_hand(local: Pointers, registered: Registered) -> Pointers | None:
    """Return the aliases to take over from the registry; None if there is nothing to.

    Parameters
    ----------
    local : Pointers
        As in the file.
    registered : Registered
        As in MLflow.
    """
    if registered.told.version < local.version:
        return None
    if registered.aliases == aliases_of(registered.told) and registered.told == local:
        return None
    if registered.told.version == 0 and not registered.aliases:
        return None
    canary = registered.aliases.get("canary")
    known = registered.told.canary
    if canary is None:
        chosen = None
    elif known and known.release_id == canary:
        chosen = known
    else:
        chosen = Canary(canary, CANARY_PERCENT, salt=canary)
    return Pointers(
        version=max(registered.told.version, local.version) + 1,
        live=registered.aliases.get("live"),
        canary=chosen,
        shadow=registered.aliases.get("shadow"),
        previous=registered.aliases.get("previous"),
    )


def read_registered(settings: Settings, mapping: str) -> Registered:
    """Ask the registry.

    Raises
    ------
    TrackingError
        If it does not answer.
    """
    with tracking_client(settings) as client:
        return _registered(client, model_name(mapping))


def register(settings: Settings, mapping: str, releases: Path, pointers: Pointers) -> None:
    """Bring the registry up to date: every release a version, the aliases, and who changed what.

    Safe to repeat, and to stop anywhere: the tag that says how far it came is written last.

    Raises
    ------
    TrackingError
        If it does not take it.
    """
    with tracking_client(settings) as client:
        name = model_name(mapping)
        if not client.search_registered_models(f"name = '{name}'"):
            client.create_registered_model(name)
        versions = _versions(client, name)
        for release_id in reversed(releases_on_disk(releases)):
            if release_id in versions:
                continue
            try:
                manifest = read_manifest(releases / release_id)
            except BundleError:
                continue  # It is damaged, and no alias can be given to it.
            folder = releases / release_id
            versions[release_id] = _new_version(client, name, mapping, folder, manifest)
        for change in read_history(releases):
            if change.release_id in versions:
                _tell(client, name, versions[change.release_id], change)
        wanted = aliases_of(pointers)
        found = _registered(client, name).aliases
        for alias in ALIASES:
            release = wanted.get(alias)
            if release is None and alias in found:
                client.delete_registered_model_alias(name, alias)
            elif release in versions and found.get(alias) != release:
                client.set_registered_model_alias(name, alias, versions[str(release)])
        client.set_registered_model_tag(name, POINTERS, json.dumps(pointers_json(pointers)))


def _registered(client: "MlflowClient", name: str) -> Registered:
    models = client.search_registered_models(f"name = '{name}'")
    if not models:
        return Registered(Pointers(), {})
    model = models[0]
    releases = {number: release for release, number in _versions(client, name).items()}
    told = model.tags.get(POINTERS)
    aliases = {
        alias: releases[str(number)]
        for alias, number in model.aliases.items()
        if alias in ALIASES and str(number) in releases
    }
    return Registered(pointers_of(json.loads(told)) if told else Pointers(), aliases)


def _versions(client: "MlflowClient", name: str) -> dict[str, str]:
    """Return the numbers of the versions by their releases."""
    found: dict[str, str] = {}
    token = None
    while True:
        page = client.search_model_versions(f"name = '{name}'", max_results=1000, page_token=token)
        found |= {v.tags[RELEASE]: str(v.version) for v in page if RELEASE in v.tags}
        token = page.token
        if not token:
            return found


def _new_version(
    client: "MlflowClient", name: str, mapping: str, folder: Path, manifest: dict[str, Any]
) -> str:
    """Register a release, beside the record of the run that made it."""
    tags = {RELEASE: folder.name, "topshelf.created_at": str(manifest["created_at"])}
    experiment = client.get_experiment_by_name(mapping)
    run_id = None
    if experiment is not None:
        wanted = f"tags.`{NAME}` = '{manifest['ranked_by']}'"
        runs = client.search_runs([experiment.experiment_id], wanted, max_results=1)
        run_id = runs[0].info.run_id if runs else None
    made = client.create_model_version(name, folder.as_uri(), run_id=run_id, tags=tags)
    return str(made.version)


def _tell(client: "MlflowClient", name: str, version: str, change: Change) -> None:
    """Keep who did what, when and why, as a tag of the version."""
    key = f"topshelf.{change.changed_at.replace(':', '-').replace('+', 'Z')}.{change.action}"
    told = {"by": change.changed_by, "why": change.reason, "forced": change.is_forced}
    client.set_model_version_tag(name, version, key, json.dumps(told))
