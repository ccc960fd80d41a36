"""What neighbours say of items, added up."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.bundle_rows import NeighbourRows
from serving.covisited import ITEMS_FOLLOWED, covisited_with

# By owner its neighbours: other item, score, place of the source, people.
NEIGHBOUR = st.tuples(
    st.integers(0, 5), st.sampled_from([0.25, 0.5, 1.0]), st.integers(0, 1), st.integers(1, 9)
)
RELEASES = st.lists(st.lists(NEIGHBOUR, max_size=4), min_size=6, max_size=6)
STRENGTHS = st.dictionaries(st.integers(0, 5), st.sampled_from([0.5, 0.8, 1.0]), max_size=6)


def release_of(neighbours: list[list[tuple]]) -> SimpleNamespace:
    """Return what is read of a release."""

    def neighbours_of(items: np.ndarray) -> tuple[np.ndarray, NeighbourRows]:
        rows = [(place, *row) for place, item in enumerate(items) for row in neighbours[item]]
        owners, others, scores, sources, people = np.array(rows, dtype=float).reshape(-1, 5).T
        told = (others.astype(np.int32), scores.astype(np.float32), sources.astype(np.uint8))
        return owners.astype(np.int64), NeighbourRows(*told, people.astype(np.int32))

    return SimpleNamespace(sources=["als", "covisitation"], neighbours_of=neighbours_of)


@settings(max_examples=200)
@given(neighbours=RELEASES, strengths=STRENGTHS)
def test_contributions_of_all_touched_items_are_added_up(neighbours, strengths):
    found = covisited_with(release_of(neighbours), strengths)
    said: dict[int, list[tuple[float, int, int]]] = {}
    for item, strength in sorted(strengths.items(), key=lambda pair: (-pair[1], pair[0])):
        for other, score, source, people in neighbours[item]:
            if source == 1:
                said.setdefault(other, []).append((score * strength, people, item))
    assert found.items.tolist() == sorted(said)
    for place, other in enumerate(sorted(said)):
        parts = said[other]
        assert found.scores[place] == pytest.approx(sum(part for part, _, _ in parts))
        assert found.counts[place] == len(parts)
        assert found.supports[place] == sum(people for _, people, _ in parts)
        # `max` returns the first of equal ones, and the loudest speak first.
        assert (found.best[place], found.evidence[place]) == max(
            ((part, item) for part, _, item in parts), key=lambda pair: pair[0]
        )
    assert found.items[found.ranked()].tolist() == sorted(
        said, key=lambda other: (-sum(part for part, _, _ in said[other]), other)
    )


def test_scores_are_found_by_item_and_are_0_for_others():
    neighbours = [[(2, 0.5, 1, 3), (4, 1.0, 1, 3)], *([] for _ in range(5))]
    found = covisited_with(release_of(neighbours), {0: 1.0})
    assert found.scores_of(np.array([4, 5, 2, 0])).tolist() == [1.0, 0.0, 0.5, 0.0]
    nothing = covisited_with(release_of(neighbours), {1: 1.0})
    assert nothing.scores_of(np.array([4, 5])).tolist() == [0.0, 0.0]


def test_only_the_loudest_items_are_followed():
    count = ITEMS_FOLLOWED + 1
    strengths = dict.fromkeys(range(count), 0.5) | {count - 1: 1.0}
    found = covisited_with(release_of([[(item, 1.0, 1, 1)] for item in range(count)]), strengths)
    assert found.items.tolist() == [*range(ITEMS_FOLLOWED - 1), count - 1]
