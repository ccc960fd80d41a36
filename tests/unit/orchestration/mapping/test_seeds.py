"""Seeds as spreadsheets save them."""

import shutil

import pytest

from orchestration.manifest import prepared_project
from orchestration.mapping.seeds import SeedError, check_seeds, read_seed
from orchestration.settings import PROJECT_ROOT
from tests.unit.orchestration.mapping.checked import message, report

LINES = "mapping,event_type,role\nshop,view,view\n"


def fault(file, content: bytes, *needed: str) -> list[str]:
    """Read a seed that is wrong; return the lines of the message after the first."""
    file.write_bytes(content)
    with pytest.raises(SeedError) as error:
        read_seed(file, *([needed] if needed else []))
    first, *lines = str(error.value).splitlines()
    count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
    assert first == f"{count} in the seed {file}:"
    return [line.removeprefix("- ") for line in lines]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "decisions.csv"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_byte_order_mark_and_line_ends_of_windows_do_not_matter(file, encoding, end):
    text = 'mapping,event_type,note\n\nshop,gefällt,"a, b"\n'
    file.write_bytes(text.replace("\n", end).encode(encoding))
    seed = read_seed(file)
    assert seed.header == ["mapping", "event_type", "note"]
    assert seed.rows == [{"mapping": "shop", "event_type": "gefällt", "note": "a, b"}]


@pytest.mark.parametrize(("mark", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_other_separators_are_named(file, mark, name):
    assert fault(file, LINES.replace(",", mark).encode()) == [
        f"line 1: is separated by {name}; save the file separated by commas"
    ]


def test_a_line_with_another_number_of_fields_is_named_by_where_it_begins(file):
    text = f'{LINES}shop,"one\ntwo",view\nshop,like\n\nshop,a,b,c\nshop\n'
    remedy = "leave a field empty between commas, and put one with a comma in quotes"
    assert fault(file, text.encode()) == [
        f"line 5: has 2 fields and must have 3, as the first line has; {remedy}",
        f"line 7: has 4 fields and must have 3, as the first line has; {remedy}",
        f"line 8: has 1 field and must have 3, as the first line has; {remedy}",
    ]


def test_another_encoding_is_named_with_its_first_line(file):
    assert fault(file, f"{LINES}shop,gefällt,view\n".encode("latin-1")) == [
        "line 3: is not in UTF-8; save the file as UTF-8 (in Excel: CSV UTF-8)"
    ]


@pytest.mark.parametrize("content", [b"", b"\n"])
def test_a_file_without_names_of_columns_is_refused(file, content):
    assert fault(file, content) == ["line 1: is empty; write the names of the columns there"]


def test_a_column_that_is_needed_must_be_there(file):
    content = b"mapping,event_type,Role\nshop,view,view\n"
    file.write_bytes(content)
    assert read_seed(file).header[-1] == "Role"
    assert fault(file, content, "mapping", "role") == [
        "line 1: names no column 'role'; write it as it was there before"
    ]


def test_a_file_that_is_not_there_is_named(file):
    with pytest.raises(SeedError, match="file: cannot be read: No such file or directory"):
        read_seed(file)


def test_the_seeds_of_the_project_can_be_read():
    check_seeds(PROJECT_ROOT)


def test_a_log_is_not_looked_at_before_all_seeds_can_be_read(write, shop, project):
    mapping = write(shop)
    for name in ("event_types", "rules"):
        file = project / "seeds" / f"{name}.csv"
        before = file.read_text() if file.exists() else "mapping,rule\n"
        file.write_text(before.replace(",", ";"))
        assert message(mapping, project) == (
            f"1 problem in the seed {file}:\n"
            "- line 1: is separated by semicolons; save the file separated by commas"
        )
        file.write_text(before, encoding="utf-8-sig")
        assert report(mapping, project).event_types == {"view": 4, "purchase": 2}


def test_a_project_is_not_parsed_with_a_seed_that_breaks_dbt(tmp_path):
    shutil.copy(PROJECT_ROOT / "dbt_project.yml", tmp_path)
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "rules.csv").write_bytes(b"mapping,rule\nshop,gef\xe4llt\n")
    with pytest.raises(SeedError, match="line 2: is not in UTF-8"):
        prepared_project(tmp_path)
