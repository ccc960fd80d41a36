"""Starting the online application."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from ml.guardrails import GuardLimits
from orchestration.mapping import MappingError, load_mapping
from orchestration.releases.guard import guarding_canary
from orchestration.running_experiments import published_holdout, running_experiments
from orchestration.settings import Settings, keep_compiled_code, read_settings
from orchestration.terminal.answers import complain
from serving.app import create_app
from serving.bundle_files import releases_on_disk
from serving.keys import ApiKey, parse_keys
from serving.settings import Exploration, ServingSettings

LOOPBACK = ("127.0.0.1", "::1", "localhost")
FACTORY = "orchestration.serve:app_from_environment"


def serving_settings(settings: Settings) -> ServingSettings:
    """Return what the application needs to know of a log.

    Parameters
    ----------
    settings : Settings

    Raises
    ------
    MappingError
        If there is no such mapping.
    ValueError
        If the API keys, the address of the online store or the exploration cannot be used.
    OSError
        If the file of API keys cannot be read.
    """
    name = load_mapping(settings.mapping, settings.project_root).name
    places = settings.places(name)
    if settings.online_store and not settings.online_store.startswith(("redis://", "rediss://")):
        msg = (
            f"TOPSHELF_ONLINE_STORE must be redis://HOST:PORT/NUMBER, got {settings.online_store!r}"
        )
        raise ValueError(msg)
    return ServingSettings(
        home=places.home,
        project=f"topshelf_{name}",
        online_store=settings.online_store,
        keys=_keys(settings),
        exploration=_exploration(settings),
        metrics_folder=Path(settings.metrics_folder) if settings.metrics_folder else None,
        experiments=running_experiments(places.snapshot, releases_on_disk(places.releases)),
        holdout=published_holdout(places.snapshot),
    )


def usable_settings(settings: Settings) -> ServingSettings | None:
    """Return `serving_settings`, or say in the terminal what is wrong with them."""
    try:
        return serving_settings(settings)
    except (MappingError, ValueError, OSError) as error:
        complain(str(error))
        return None


def app_from_environment() -> FastAPI:
    """Build the application of a worker process, from the variables that its parent exported."""
    keep_compiled_code()
    return create_app(serving_settings(read_settings()))


def serve_in_terminal(settings: Settings, host: str, port: int, workers: int) -> int:
    """Serve until told to stop.

    Parameters
    ----------
    settings : Settings
    host : str
        Address; one beyond this machine needs API keys.
    port : int
    workers : int
        Processes, >= 1.

    Returns
    -------
    int
        Exit code.
    """
    chosen = usable_settings(settings)
    if chosen is None:
        return 1
    if host not in LOOPBACK and not chosen.keys:
        complain(
            f"{host} can be reached by others, and there are no API keys; set TOPSHELF_API_KEYS or "
            "TOPSHELF_API_KEYS_FILE (docs/serving.md), or serve at 127.0.0.1"
        )
        return 2
    options: dict[str, Any] = {
        "host": host,
        "port": port,
        "access_log": False,
        "log_level": "warning",
    }
    print(f"http://{host}:{port}/docs  Ctrl-C stops", flush=True)  # noqa: T201
    with guarding_canary(chosen.releases, GuardLimits()):
        _serve(settings, chosen, workers, options)
    return 0


def _serve(
    settings: Settings, chosen: ServingSettings, workers: int, options: dict[str, Any]
) -> None:
    """Serve in this process, or in several others."""
    import uvicorn

    if workers == 1:
        uvicorn.run(create_app(chosen), **options)
        return
    folder = chosen.home / "serving_metrics"
    # What processes that are gone have counted would be added for ever.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    replace(settings, metrics_folder=str(folder)).export()
    uvicorn.run(FACTORY, factory=True, workers=workers, **options)


def _exploration(settings: Settings) -> Exploration:
    """Return how lists explore; what is not told is as the application has it."""
    chosen = {"rank": settings.explore_rank, "depth": settings.explore_depth}
    told = {name: value for name, value in chosen.items() if value is not None}
    return replace(Exploration(rate=settings.explore), **told)


def _keys(settings: Settings) -> tuple[ApiKey, ...]:
    """Read the keys, from the environment and from a file."""
    text = settings.api_keys
    if settings.api_keys_file:
        path = Path(settings.api_keys_file).expanduser()
        text = f"{text}\n{path.read_text(encoding='utf-8')}"
    return parse_keys(text)
