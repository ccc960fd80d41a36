"""The commands that keep running: `serve` and `consume`."""

from dataclasses import replace
from typing import Annotated

import typer

from orchestration.commands.options import MappingOption, refuse, settings_of


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen at; beyond this machine it needs API keys.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen at.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    explore: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Share of the answers that explore.", show_default=False),
    ] = None,
    mapping: MappingOption = None,
) -> None:
    """Answer over HTTP: lists, what goes with an item, and events in.

    Lists follow what is sent to POST /v1/events within the second. A new release is taken up
    without a restart. The pages at /docs say what can be asked; docs/serving.md how to go on.
    Stop it with Ctrl-C: what was accepted is on disk.
    """
    from orchestration.serve import serve_in_terminal

    settings = settings_of(mapping)
    if explore is not None:
        settings = replace(settings, explore=explore)
    raise typer.Exit(serve_in_terminal(settings, host, port, workers))


def consume(
    url: Annotated[str, typer.Option(help="The Redis server.")] = "redis://127.0.0.1:6379/0",
    stream: Annotated[str, typer.Option(help="Key of the stream.")] = "events",
    group: Annotated[str, typer.Option(help="Name of the group of consumers.")] = "topshelf",
    consumer: Annotated[
        str, typer.Option(help="Name of this consumer; the same one after a restart.")
    ] = "topshelf-1",
    mapping: MappingOption = None,
) -> None:
    """Take events from a Redis stream, as POST /v1/events takes them over HTTP.

    A message has the fields of an event, or one field `event` with all of them as JSON. It is
    acknowledged when it is on disk; after a restart nothing is lost, and what comes again counts
    once. Stop it with Ctrl-C.
    """
    from orchestration.consume import consume_in_terminal
    from serving.consuming import RedisStream

    settings = settings_of(mapping)
    try:
        source = RedisStream(url, stream, group, consumer)
    except ValueError as error:
        refuse(error)
    raise typer.Exit(consume_in_terminal(settings, source))
