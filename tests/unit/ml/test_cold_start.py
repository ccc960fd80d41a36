import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from ml.cold_start import (
    content_neighbours,
    profile_scores,
    vectors_from_content,
    vectors_from_neighbours,
)
from ml.content import ContentParams, read_content

EVERY_WORD = ContentParams(fewest_items=1)


def catalogue(*rows):
    return pd.DataFrame(rows, columns=["item_id", "title", "category", "attributes"])


@pytest.fixture
def items():
    return catalogue(
        ("b", "Red hat", "hats", None),
        ("a", "Red hat", "hats", None),
        ("c", "Blue shoe", "shoes", {"brand": "Ox", "size": None}),
        ("new", "Green shoe", "shoes", {"brand": "Ox"}),
        ("silent", None, None, None),
    )


def as_ids(*ids):
    return np.array(ids, dtype=object)


def test_words_are_those_of_titles_categories_and_attributes(items):
    content = read_content(items, EVERY_WORD)
    assert content.item_ids.tolist() == ["a", "b", "c", "new", "silent"]
    cosines = (content.words @ content.words.T).toarray()
    assert cosines[0, 1] == pytest.approx(1)
    assert cosines[0, 2] == 0
    # They share shoe, the category and the brand, each of idf 1 + ln(6 / 3), of four words; the
    # fourth has idf 1 + ln(6 / 2).
    shared, own = 1 + np.log(6 / 3), 1 + np.log(6 / 2)
    assert cosines[2, 3] == pytest.approx(3 * shared**2 / (3 * shared**2 + own**2))
    assert not content.words[4].nnz


def test_a_category_is_no_word_of_a_title():
    content = read_content(
        catalogue(("a", "shoes", None, None), ("b", None, "shoes", None)), EVERY_WORD
    )
    assert (content.words @ content.words.T).toarray()[0, 1] == 0


def test_words_of_too_few_items_are_not_read(items):
    content = read_content(items, ContentParams(fewest_items=2))
    # Without blue and green nothing tells the two shoes apart.
    assert (content.words @ content.words.T).toarray()[2, 3] == pytest.approx(1)


def test_the_order_of_the_rows_does_not_matter(items):
    whole, shuffled = (
        read_content(frame, EVERY_WORD) for frame in (items, items.sample(frac=1, random_state=1))
    )
    assert (whole.words != shuffled.words).nnz == 0


def test_a_catalogue_without_words_is_read_too():
    content = read_content(catalogue(("a", None, None, None)), EVERY_WORD)
    assert content.of(as_ids("a", "unlisted")).nnz == 0
    empty = read_content(catalogue(), EVERY_WORD)
    assert empty.of(as_ids("a")).nnz == 0


def test_an_item_that_is_listed_twice_is_refused(items):
    with pytest.raises(ValueError, match="1 rows of items repeat an item_id"):
        read_content(pd.concat([items, items.head(1)]), EVERY_WORD)


def test_neighbours_are_the_likest_and_ties_go_by_id(items):
    content = read_content(items, EVERY_WORD)
    found = content_neighbours(content, as_ids("new", "a", "silent"), as_ids("c", "b", "a"), 2)
    rows = found[["item_id", "neighbour_item_id", "neighbour_rank"]].to_numpy().tolist()
    # An item is not its own neighbour; what shares no word is none.
    assert rows == [["a", "b", 1], ["new", "c", 1]]
    both = content_neighbours(content, as_ids("b"), as_ids("b", "a"), 5)
    assert both["similarity"].tolist() == [1.0]
    tied = content_neighbours(
        read_content(pd.concat([items, catalogue(("d", "Red hat", "hats", None))]), EVERY_WORD),
        as_ids("d"),
        as_ids("b", "a"),
        1,
    )
    assert tied["neighbour_item_id"].tolist() == ["a"]


def test_blocks_do_not_change_the_neighbours(items, monkeypatch):
    content, ids = read_content(items, EVERY_WORD), as_ids("a", "b", "c", "new")
    whole = content_neighbours(content, ids, ids, 9)
    monkeypatch.setattr("ml.cold_start.BLOCK_CELLS", 1)
    pd.testing.assert_frame_equal(content_neighbours(content, ids, ids, 9), whole)


def test_nothing_asked_gives_no_rows_of_the_same_columns(items):
    content = read_content(items, EVERY_WORD)
    whole = content_neighbours(content, as_ids("a"), as_ids("b"), 9)
    none = content_neighbours(content, as_ids(), as_ids("b"), 9)
    assert none.empty
    assert none.dtypes.tolist() == whole.dtypes.tolist()


def test_a_new_item_gets_the_weighted_mean_of_its_neighbours():
    neighbours = pd.DataFrame(
        {
            "item_id": ["new", "new"],
            "neighbour_item_id": ["a", "c"],
            "similarity": [0.75, 0.25],
        }
    )
    vectors = np.array([[4.0, 0.0], [9.0, 9.0], [0.0, 8.0]])
    found = vectors_from_neighbours(neighbours, as_ids("silent", "new"), as_ids(*"abc"), vectors)
    assert found.tolist() == [[0, 0], [3, 2]]


def test_regression_predicts_the_vectors_of_items_with_the_same_words(items):
    content = read_content(items, EVERY_WORD)
    known, vectors = as_ids("a", "c"), np.array([[1.0, 0.0], [0.0, 1.0]])
    found = vectors_from_content(content, as_ids("b", "new", "silent"), known, vectors, 1e-6)
    assert found[0] == pytest.approx([1, 0], abs=1e-3)
    assert found[1, 1] > found[1, 0]
    # Nothing is said of it: what two items of nothing in common have on average.
    assert found[2] == pytest.approx([0.5, 0.5], abs=0.01)


def test_a_profile_adds_up_the_likeness_to_the_history(items):
    content = read_content(items, EVERY_WORD)
    weights = csr_matrix(np.array([[2.0, 3.0], [0.0, 0.0]]))
    scores = profile_scores(weights, content, as_ids("a", "c"), as_ids("b", "silent"))
    assert scores[0] == pytest.approx([2.0, 0.0])
    assert scores[1].tolist() == [0, 0]


def test_words_of_no_items_cannot_be_asked_for():
    with pytest.raises(ValueError, match="fewest_items must be >= 1, got 0"):
        ContentParams(fewest_items=0)
