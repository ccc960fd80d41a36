"""Compiled code is kept on disk until the file changes that it stands in, and only then."""

import ast

import pytest

from orchestration.settings import PROJECT_ROOT

OWN = ("ml", "serving")
FILES = [
    path
    for folder in OWN
    for path in sorted((PROJECT_ROOT / folder).rglob("*.py"))
    if "cache=True" in path.read_text(encoding="utf-8")
]


def imported(module: ast.Module) -> set[str]:
    """Return the names that a module has from others of the project."""
    names = set()
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in OWN:
            names |= {one.asname or one.name for one in node.names}
        if isinstance(node, ast.Import):
            own = [one for one in node.names if one.name.split(".")[0] in OWN]
            names |= {one.asname or one.name.split(".")[0] for one in own}
    return names


def compiled(module: ast.Module) -> list[ast.FunctionDef]:
    """Return the functions of a module that are compiled and kept."""
    return [
        node
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef)
        and any("cache=True" in ast.unparse(one) for one in node.decorator_list)
    ]


def test_there_is_compiled_code():
    assert FILES


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_compiled_code_takes_nothing_from_other_files(path):
    module = ast.parse(path.read_text(encoding="utf-8"))
    functions = compiled(module)
    # What the compiler reads: all of a function but the types of its arguments.
    used = {
        node.id
        for function in functions
        for statement in function.body
        for node in ast.walk(statement)
        if isinstance(node, ast.Name)
    }
    assert functions
    assert not used & imported(module)
