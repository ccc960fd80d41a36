"""The lines of the landing log for an answer."""

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from serving.impressions import impression_lines

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
# With what parts and ends objects in the log, as an id or a surface may.
PIECES = ["},{", '"item_id":', '"', "\\", "\n", "{", "}", "é", "🙂", "a"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
NAMES = ("item_id", "rank", "source")
ITEMS = st.tuples(TEXTS, st.integers(1, 100), TEXTS).map(
    lambda values: dict(zip(NAMES, values, strict=True))
)
SHOWN = st.lists(st.tuples(ITEMS, st.floats(0.01, 1)), max_size=4)


def members(items: list[dict]) -> list[bytes]:
    """Write items down without braces."""
    return [json.dumps(item, separators=(",", ":"))[1:-1].encode() for item in items]


@given(user_id=TEXTS, surface=TEXTS, shown=SHOWN)
def test_every_item_has_a_line_with_all_that_is_known(user_id, surface, shown):
    request = {"request_id": "r1", "user_id": user_id, "surface": surface, "is_degraded": False}
    items, propensities = [item for item, _ in shown], [chance for _, chance in shown]
    lines = impression_lines(request, members(items), propensities, NOW)
    assert lines.endswith(b"\n") or not shown
    told = {"propensity_kind": "marginal", "shown_at": "2026-03-01T12:00:00.000000Z"}
    # Nothing in a text ends a line: JSON writes it as two characters.
    assert [json.loads(line) for line in lines.split(b"\n")[:-1]] == [
        {**request, **item, "propensity": chance, **told} for item, chance in shown
    ]


def test_the_members_of_a_line_keep_their_order():
    items = members([{"item_id": f"i{rank}", "rank": rank} for rank in (1, 2)])
    first, second = impression_lines({"request_id": "r1"}, items, [1.0, 1.0], NOW).splitlines()
    rest = (
        b'"propensity":1.0,"propensity_kind":"marginal","shown_at":"2026-03-01T12:00:00.000000Z"}'
    )
    assert first == b'{"request_id":"r1","item_id":"i1","rank":1,' + rest
    assert second == b'{"request_id":"r1","item_id":"i2","rank":2,' + rest
