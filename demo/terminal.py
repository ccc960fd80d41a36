"""The command `topshelf demo`."""

import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.status import Status
from rich.text import Text

from demo.plan import NAME, DemoPlan
from orchestration.mapping import MappingError
from orchestration.run_lock import LogInUseError, only_run
from orchestration.settings import Settings
from orchestration.terminal.answers import complain, write_json
from orchestration.terminal.job import STOPPED
from orchestration.terminal.streams import own_terminal, plain_console

if TYPE_CHECKING:
    from demo.summary import DemoSummary

MARK = "demo.json"
# Folder of the lock that a demo holds from its beginning to its end.
LOCK = "living"
KEPT = {MARK, LOCK, "run.lock", "run.json"}
PICTURE, PAGE = "lift.svg", "experiment.html"


def demo_in_terminal(settings: Settings, plan: DemoPlan, *, as_json: bool, verbose: bool) -> int:
    """Run the demo, show how it goes, and what came of it.

    Parameters
    ----------
    settings : Settings
        Of the home.
    plan : DemoPlan
    as_json : bool
        Whether the summary goes to standard output as JSON. Progress goes to standard error.
    verbose : bool
        Whether to show what other programs print.

    Returns
    -------
    int
        Exit code.
    """
    folder = settings.places(NAME).home
    with ExitStack() as until_its_end:
        try:
            until_its_end.enter_context(fresh_folder(folder))
        except FileExistsError as error:
            complain(str(error))
            return 2
        except LogInUseError as error:
            complain(str(error))
            return 1
        return _lived(settings, plan, folder, as_json=as_json, verbose=verbose)


@contextmanager
def fresh_folder(folder: Path) -> Iterator[None]:
    """Clear what an earlier demo left, and keep other demos away for the length of a `with` block.

    Stopped at any moment, it leaves a folder that the next demo takes for one of a demo.

    Parameters
    ----------
    folder : Path
        Of the log of the demo; made if it does not exist.

    Raises
    ------
    FileExistsError
        If the folder holds what no demo has made.
    LogInUseError
        If another demo lives, or a run is working on the log of an earlier one.
    """
    if folder.exists() and _is_strange(folder):
        raise FileExistsError(
            f"{folder} was not made by a demo; choose another --home, or move it away"
        )
    # The lock of the runs is taken and given back by each of them.
    with only_run(folder / LOCK, "demo"):
        with only_run(folder, "demo"):
            _clear(folder)
        yield


def _lived(
    settings: Settings, plan: DemoPlan, folder: Path, *, as_json: bool, verbose: bool
) -> int:
    """Run the demo in a fresh folder, and show it; return the exit code."""
    # It takes seconds to load what the pipeline and the application are made of.
    settings.export()
    from demo.application import RefusedError
    from demo.experiment import NoResultError
    from demo.pipeline import RunFailedError

    try:
        with own_terminal(verbose) as console:
            summary = _told(settings, plan, folder, console)
    except (RunFailedError, RefusedError, NoResultError, LogInUseError, MappingError) as error:
        complain(str(error))
        return 1
    except KeyboardInterrupt:
        complain("Stopped. The next demo starts anew.")
        return STOPPED
    from demo.summary import summary_text

    if as_json:
        write_json(
            {**asdict(summary), "picture": str(folder / PICTURE), "page": str(folder / PAGE)}
        )
    else:
        out = plain_console()
        out.print(summary_text(summary))
        for name, file in (("picture", PICTURE), ("page", PAGE)):
            out.print(f"{name + ':':<9} {folder / file}", soft_wrap=True)
    return 0


def _told(settings: Settings, plan: DemoPlan, folder: Path, console: Console) -> "DemoSummary":
    """Live, compare with the truth, and draw."""
    from demo.experiment import measured
    from demo.life import live
    from demo.page import write_page
    from demo.picture import draw_lift
    from demo.summary import summarised
    from demo.truth import true_lift

    began = time.monotonic()
    with Status("Loading ...", console=console) as status:

        def tell(text: str) -> None:
            console.print(f"[{time.monotonic() - began:4.0f} s] {text}")

        def follow(text: str) -> None:
            # A status takes a string for markup, whatever its console does.
            status.update(Text(text))

        story = live(plan, settings, folder, follow, tell)
        snapshot = settings.places(NAME).snapshot
        found = measured(snapshot)
        truth = true_lift(plan, story.world, story.start, story.releases, follow)
        tell(f"{2 * plan.replays} lives with one arm for everybody")
    summary = summarised(plan, story, found, truth, time.monotonic() - began)
    draw_lift(summary, folder / PICTURE)
    write_page(summary, snapshot, folder / PAGE)
    return summary


def _is_strange(folder: Path) -> bool:
    """Tell whether a folder holds more than a demo has that was killed before it had its mark."""
    return not (folder / MARK).exists() and any(path.name not in KEPT for path in folder.iterdir())


def _clear(folder: Path) -> None:
    """Remove all but the mark and the locks, which would be no locks any more."""
    (folder / MARK).write_text('{"made_by": "topshelf demo"}\n', encoding="utf-8")
    for path in folder.iterdir():
        if path.name in KEPT:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
