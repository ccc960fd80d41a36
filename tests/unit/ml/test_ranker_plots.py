from io import BytesIO

import numpy as np
import pandas as pd
import pytest

from ml.ranker_plots import importance_figure, shap_figure


def size_of(figure):
    """Draw to memory; more than one colour means more than an empty page."""
    page = BytesIO()
    figure.savefig(page, format="png", dpi=40)
    return page.tell()


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_the_most_important_feature_is_on_top():
    importances = pd.DataFrame({"feature": ["b", "a", "c"], "importance": [0.001, 0.002, -0.001]})
    figure = importance_figure(importances, limit=2)
    assert size_of(figure) > 0
    assert [bar.get_width() for bar in figure.axes[0].patches] == pytest.approx([1.0, 2.0])
    assert "The ranker rests most on a" in texts(figure)


def test_the_feature_that_moves_scores_most_is_on_top_with_a_dot_for_every_row():
    explanations = pd.DataFrame(
        {
            "feature": ["a", "a", "b", "b", "c", "c"],
            "value": [1.0, np.nan, 3.0, 4.0, 5.0, 6.0],
            "shap_value": [0.1, -0.2, 0.5, -0.6, 0.0, 0.0],
        }
    )
    figure = shap_figure(explanations, limit=2)
    assert size_of(figure) > 0
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    drawn = [points.get_offsets()[:, 0].tolist() for points in axes.collections]
    assert drawn == [[-0.2], [0.1], [], [0.5, -0.6]]
    assert "Scores of served items are moved most by b" in texts(figure)
