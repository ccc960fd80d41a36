"""The command `topshelf demo`."""

import shutil
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.status import Status
from rich.text import Text

from demo.plan import NAME, DemoPlan
from orchestration.run_lock import LogInUseError
from orchestration.settings import Settings
from orchestration.terminal.answers import complain, write_json
from orchestration.terminal.job import STOPPED
from orchestration.terminal.streams import own_terminal, plain_console

if TYPE_CHECKING:
    from demo.summary import DemoSummary

MARK = "demo.json"
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
    try:
        _clear(folder)
    except FileExistsError as error:
        complain(str(error))
        return 2
    # It takes seconds to load what the pipeline and the application are made of.
    settings.export()
    from demo.application import RefusedError
    from demo.experiment import NoResultError
    from demo.pipeline import RunFailedError

    try:
        with own_terminal(verbose) as console:
            summary = _told(settings, plan, folder, console)
    except (RunFailedError, RefusedError, NoResultError, LogInUseError) as error:
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


def _clear(folder: Path) -> None:
    """Remove what an earlier demo left; refuse to touch anything else."""
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise FileExistsError(
            f"{folder} was not made by a demo; choose another --home, or move it away"
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).write_text('{"made_by": "topshelf demo"}\n', encoding="utf-8")
