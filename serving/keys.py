"""Who may ask: API keys with scopes."""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass

from starlette.requests import Request

from serving.problems import Problem

SCOPES = ("read", "write", "admin")
_HASHED = re.compile(r"sha256:([0-9a-f]{64})")
# What can be tried out by chance must be long.
SHORTEST_KEY = 16


@dataclass(frozen=True)
class ApiKey:
    """A key that was handed out.

    Parameters
    ----------
    name : str
        Who has it; in metrics and messages.
    scopes : frozenset of str
        Of `read` (lists), `write` (events) and `admin` (metrics).
    digest : bytes
        SHA-256 of the key; the key itself is not kept.
    """

    name: str
    scopes: frozenset[str]
    digest: bytes


def parse_keys(text: str) -> tuple[ApiKey, ...]:
    """Read keys from a file or an environment variable.

    Parameters
    ----------
    text : str
        A key a line, or several parted by `;`: ``name scope,scope key``. The key is the key itself,
        of at least 16 characters, or ``sha256:`` and the 64 hexadecimal digits of its digest. Empty
        lines and lines that begin with `#` are passed over.

    Returns
    -------
    tuple of ApiKey

    Raises
    ------
    ValueError
        If a line is not of that form, or a name comes twice. The message never shows a key.
    """
    lines = (line.strip() for line in text.replace(";", "\n").splitlines())
    keys = [_parse_line(line) for line in lines if line and not line.startswith("#")]
    names = [key.name for key in keys]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        msg = f"two API keys are named {', '.join(map(repr, twice))}; give each its own name"
        raise ValueError(msg)
    return tuple(keys)


def find_key(keys: Iterable[ApiKey], presented: str) -> ApiKey | None:
    """Return the key that was presented, in the same time whichever it is."""
    digest = hashlib.sha256(presented.encode()).digest()
    found = None
    for key in keys:
        if hmac.compare_digest(key.digest, digest):
            found = key
    return found


def authorise(request: Request, keys: tuple[ApiKey, ...], scope: str) -> str:
    """Return the name of the caller, who must have a scope; `anyone` where there are no keys.

    Raises
    ------
    Problem
        401 without a known key, 403 if the key lacks the scope.
    """
    if not keys:
        return "anyone"
    presented = _presented(request)
    key = find_key(keys, presented) if presented else None
    if key is None:
        detail = "an API key is missing or unknown; send Authorization: Bearer KEY or X-API-Key"
        raise Problem(401, detail, headers={"WWW-Authenticate": "Bearer"})
    if scope not in key.scopes:
        has = ", ".join(sorted(key.scopes))
        raise Problem(403, f"this needs the scope {scope}; the key {key.name!r} has {has}")
    return key.name


def _presented(request: Request) -> str:
    """Key of a request; empty if it has none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return request.headers.get("x-api-key", "")


def _parse_line(line: str) -> ApiKey:
    parts = line.split()
    if len(parts) != 3:
        msg = f"an API key needs 'name scope,scope key', got {len(parts)} words"
        raise ValueError(msg)
    name, scopes, key = parts
    wanted = frozenset(scopes.split(","))
    unknown = sorted(wanted - set(SCOPES))
    if unknown:
        msg = f"the API key {name!r} has unknown scopes {unknown}; there are {', '.join(SCOPES)}"
        raise ValueError(msg)
    hashed = _HASHED.fullmatch(key)
    if hashed:
        return ApiKey(name, wanted, bytes.fromhex(hashed[1]))
    if len(key) < SHORTEST_KEY or key.startswith("sha256:"):
        msg = f"the API key {name!r} must have >= {SHORTEST_KEY} characters, or be sha256:DIGEST"
        raise ValueError(msg)
    return ApiKey(name, wanted, hashlib.sha256(key.encode()).digest())
