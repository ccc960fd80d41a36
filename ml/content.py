"""What the catalogue says of items, as weighted words."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, diags
from sklearn.feature_extraction.text import TfidfVectorizer

from ml.interactions import positions

WORD = re.compile(r"\w\w+|\d")


@dataclass(frozen=True)
class ContentParams:
    """How content is read.

    Attributes
    ----------
    fewest_items : int
        A word that stands in fewer items is not read, >= 1.
    """

    fewest_items: int = 2

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        if self.fewest_items < 1:
            raise ValueError(f"fewest_items must be >= 1, got {self.fewest_items}")


@dataclass(frozen=True)
class Content:
    """What the catalogue says of items, as vectors whose products are cosines.

    Attributes
    ----------
    words : csr_matrix of shape (n, m), float32
        Rows of length 1; of zeros for an item of which nothing is said.
    item_ids : ndarray of shape (n,)
        Sorted ids.
    """

    words: csr_matrix
    item_ids: np.ndarray

    def of(self, item_ids: np.ndarray) -> csr_matrix:
        """Return the rows of some items; zeros for those that the catalogue does not list."""
        rows = positions(self.item_ids, item_ids)
        if not self.item_ids.size:
            return csr_matrix((len(rows), self.words.shape[1]), dtype=np.float32)
        known = diags((rows >= 0).astype(np.float32), format="csr")
        return (known @ self.words[np.maximum(rows, 0)]).tocsr()


def read_content(items: pd.DataFrame, params: ContentParams) -> Content:
    """Turn titles, categories and attributes into weighted words.

    Parameters
    ----------
    items : DataFrame
        ``item_id`` (unique), ``title`` and ``category`` (null where there is
        none), ``attributes`` (a dict of text to text, or null). A category
        and an attribute's value count as one word each, a title by its words.
    params : ContentParams

    Returns
    -------
    Content
        TF-IDF with logarithmic counts. Equal for equal rows in any order.

    Raises
    ------
    ValueError
        If an item occurs more than once.
    """
    repeated = int(items.duplicated("item_id").sum())
    if repeated:
        raise ValueError(f"{repeated} rows of items repeat an item_id")
    ordered = items.sort_values("item_id", ignore_index=True)
    item_ids = ordered["item_id"].to_numpy(dtype=object)
    documents = [
        _words(*row)
        for row in zip(ordered["title"], ordered["category"], ordered["attributes"], strict=True)
    ]
    counts: dict[str, int] = {}
    for word in (word for document in documents for word in set(document)):
        counts[word] = counts.get(word, 0) + 1
    vocabulary = sorted(word for word, count in counts.items() if count >= params.fewest_items)
    if not vocabulary:
        return Content(csr_matrix((len(documents), 1), dtype=np.float32), item_ids)
    vectorizer = TfidfVectorizer(
        analyzer=list, vocabulary=vocabulary, sublinear_tf=True, dtype=np.float32
    )
    return Content(vectorizer.fit_transform(documents).tocsr(), item_ids)


def _words(title: object, category: object, attributes: object) -> list[str]:
    """Words of one item; the field is part of a category's and an attribute's word."""
    words = WORD.findall(title.lower()) if isinstance(title, str) else []
    if isinstance(category, str):
        words.append(f"category={category.lower()}")
    if isinstance(attributes, dict):
        words += [f"{name}={value}".lower() for name, value in attributes.items() if value]
    return words
