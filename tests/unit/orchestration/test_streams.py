import io
import re

import pytest
from rich.table import Table

from orchestration.settings import PROJECT_ROOT
from orchestration.terminal.answers import complain
from orchestration.terminal.streams import own_terminal, plain_console

AWKWARD = ["a[/b]", "shop:id:77", "o'brien", "[red]", "[/]", "long" * 50]


@pytest.mark.parametrize("text", AWKWARD)
def test_text_is_written_as_it_is_in_lines_and_in_tables(text):
    stream = io.StringIO()
    console = plain_console(file=stream, soft_wrap=True)
    console.print(text, style="red")
    table = Table(title=text, box=None)
    table.add_column(text)
    table.add_row(text)
    console.width = 300
    console.print(table)
    assert [line.strip() for line in stream.getvalue().splitlines()] == [text] * 4


@pytest.mark.parametrize("text", AWKWARD)
def test_complaints_and_progress_are_written_as_they_are(text, capfd):
    complain(text)
    with own_terminal(verbose=False) as console:
        console.print(text)
    assert capfd.readouterr().err == f"{text}\n" * 2


def test_nothing_makes_a_console_of_its_own():
    files = [*PROJECT_ROOT.glob("orchestration/**/*.py"), *PROJECT_ROOT.glob("demo/**/*.py")]
    makers = [file.name for file in files if re.search(r"\bConsole\(", file.read_text())]
    assert makers == ["streams.py"]
