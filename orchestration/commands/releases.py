"""The commands `topshelf releases`, `promote`, `canary`, `shadow` and `rollback`."""

from typing import Annotated

import typer

from orchestration.commands.options import JsonOption, MappingOption, settings_of

ReleaseArgument = Annotated[
    str, typer.Argument(metavar="RELEASE", help="A name that `topshelf releases` shows.")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; the history keeps it.")]


def releases(
    mapping: MappingOption = None,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Bring aliases, MLflow and the warehouse to agree first."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the releases, newest first: which answers online, how good, who made it so, and why."""
    from orchestration.terminal.releases import show_releases

    raise typer.Exit(show_releases(settings_of(mapping), repair=repair, as_json=as_json))


def promote(
    release: ReleaseArgument,
    force: Annotated[
        bool, typer.Option("--force", help="Against the gates; needs --reason.")
    ] = False,
    reason: ReasonOption = "",
    mapping: MappingOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a release answer everybody, if its gates are passed.

    Gates (docs/releases.md): every list complete and without what must not be shown, coverage,
    freshness of the log, and nDCG@10 not clearly below the best lists by SQL alone and the live
    release. A refusal names the gate, the value, the bound and by how much it was missed. In effect
    in every serving process within a second, without restart.
    """
    from orchestration.terminal.releases import promote_in_terminal

    raise typer.Exit(
        promote_in_terminal(settings_of(mapping), release, reason, force=force, as_json=as_json)
    )


def canary(
    release: Annotated[
        str, typer.Argument(metavar="RELEASE", help="A name that `topshelf releases` shows.")
    ] = "",
    percent: Annotated[
        float, typer.Option("--percent", help="Of the users; 0 ends the canary.")
    ] = 5.0,
    reason: ReasonOption = "",
    mapping: MappingOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a release answer a share of the users, the same ones each time."""
    from orchestration.terminal.answers import complain
    from orchestration.terminal.releases import canary_in_terminal

    if not release and percent != 0:
        complain("name a release, or end the canary with --percent 0")
        raise typer.Exit(2)
    raise typer.Exit(
        canary_in_terminal(settings_of(mapping), release, percent, reason, as_json=as_json)
    )


def shadow(
    release: ReleaseArgument,
    reason: ReasonOption = "",
    mapping: MappingOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask a release what it would answer, beside the live one; nobody sees its answers."""
    from orchestration.terminal.releases import shadow_in_terminal

    raise typer.Exit(shadow_in_terminal(settings_of(mapping), release, reason, as_json=as_json))


def rollback(
    reason: ReasonOption = "", mapping: MappingOption = None, as_json: JsonOption = False
) -> None:
    """Let the release answer that was live before, and end a canary."""
    from orchestration.terminal.releases import rollback_in_terminal

    raise typer.Exit(rollback_in_terminal(settings_of(mapping), reason, as_json=as_json))
