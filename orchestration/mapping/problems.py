"""What is wrong with a mapping, said so that the person who wrote it can put it right."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

# What pydantic finds, by the name it gives to it: the rule and the remedy.
_SAID_PLAINLY = {
    "string_type": ("must be text", "put it in quotes"),
    "string_too_short": ("is empty", "write a value, or leave the key out"),
    "int_type": ("must be a whole number", "write it in digits"),
    "float_type": ("must be a number", "write it in digits, such as 0.5"),
    "finite_number": ("must be a finite number", "write it in digits, such as 0.5"),
    "bool_type": ("must be true or false", "write one of the two, without quotes"),
    "tuple_type": ("must be a list", "write it as [one, two]"),
}


@dataclass(frozen=True)
class Problem:
    """One thing to correct.

    Parameters
    ----------
    key : str
        Where in the mapping, e.g. `events.columns.user_id`.
    value : object
        What stands there; None when nothing does.
    rule : str
        What is wrong with it, to be read after the value.
    remedy : str
        What to do about it.
    """

    key: str
    value: object
    rule: str
    remedy: str

    def __str__(self) -> str:
        value = "" if self.value is None else f"{self.value!r} "
        return f"{self.key}: {value}{self.rule}; {self.remedy}"


class MappingError(ValueError):
    """A mapping that cannot be used, with everything that is wrong with it.

    Parameters
    ----------
    file : Path
        The file of the mapping.
    problems : list of Problem
        At least one.
    """

    # What the file is.
    noun = "mapping"

    def __init__(self, file: Path, problems: list[Problem]) -> None:
        self.file = file
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join([f"{count} in the {self.noun} {file}:", *map(_item, problems)]))

    def __reduce__(self) -> tuple[type["MappingError"], tuple[Path, list[Problem]]]:
        """Let another process raise it here, which by itself would pass on the text alone."""
        return type(self), (self.file, self.problems)


def _item(problem: Problem) -> str:
    return f"- {problem}"


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the one of `words` that looks most like `word`, whatever the case; None if none."""
    by_folded = {candidate.lower(): candidate for candidate in sorted(words, reverse=True)}
    close = get_close_matches(word.lower(), sorted(by_folded), n=1)
    return by_folded[close[0]] if close else None


def problems_of(error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """Translate what pydantic found in a file of the form `model`."""
    return [_problem_of(details, model) for details in error.errors()]


def _problem_of(details: ErrorDetails, model: type[BaseModel]) -> Problem:
    path = [str(part) for part in details["loc"]]
    key = ".".join(path[1:]) or ".".join(path) or "mapping"
    kind, value = details["type"], details["input"]
    if kind == "extra_forbidden":
        known = _known_keys(model, path[:-1])
        hint = nearest(path[-1], known)
        remedy = f"did you mean {hint!r}?" if hint else f"known are {', '.join(known)}"
        if len(path) == 1:
            remedy = "everything stands under the key mapping, indented"
        return Problem(key, None, "is not a known key", remedy)
    if kind == "missing":
        return Problem(key, None, "is required", "add the key")
    if kind == "model_type":
        known = _known_keys(model, path)
        return Problem(key, value, "must hold keys", f"known are {', '.join(known)}")
    if value is None:
        return Problem(key, None, "is empty", "write a value, or leave the key out")
    if kind == "value_error":
        rule, remedy = str(details["ctx"]["error"]).split("; ", maxsplit=1)
        return Problem(key, value, rule, remedy)
    if kind.startswith("datetime"):
        return Problem(key, value, "is no moment", "write it as 2024-01-31 00:00:00")
    if kind == "greater_than_equal":
        bound = details["ctx"]["ge"]
        return Problem(key, value, f"must be >= {bound:g}", f"write {bound:g} or more")
    if kind == "greater_than":
        bound = details["ctx"]["gt"]
        return Problem(key, value, f"must be > {bound:g}", f"write more than {bound:g}")
    if kind == "less_than_equal":
        bound = details["ctx"]["le"]
        return Problem(key, value, f"must be <= {bound:g}", f"write {bound:g} or less")
    rule, remedy = _SAID_PLAINLY.get(kind, (details["msg"], "correct it"))
    return Problem(key, value, rule, remedy)


def _known_keys(model: type[BaseModel], path: list[str]) -> list[str]:
    """Return the keys that a file may have at `path`, in the order in which they are declared."""
    for part in path:
        field = model.model_fields[part]
        candidates = (field.annotation, *get_args(field.annotation))
        models = [kind for kind in candidates if _is_model(kind)]
        model = models[0]
    return list(model.model_fields)


def _is_model(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
