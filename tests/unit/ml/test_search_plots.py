import pandas as pd

from ml.search_plots import history_figure, slice_figure

TRIALS = pd.DataFrame(
    {
        "trial_number": [0, 1, 3],
        "value": [0.2, 0.1, 0.25],
        "is_present": [True, False, False],
        "factors": [64, 16, 256],
        "share": [0.5, 0.0, 0.1],
    }
)


def test_the_history_says_what_was_won():
    (axes,) = history_figure(TRIALS, "als").axes
    assert axes.texts[0].get_text() == "als: 0.2500 after 3 trials, 0.2000 before"
    line = axes.lines[0]
    assert list(line.get_ydata()) == [0.2, 0.2, 0.25]
    assert list(axes.lines[1].get_ydata()) == [0.2, 0.2]


def test_a_study_without_the_present_settings_has_no_line_for_them():
    (axes,) = history_figure(TRIALS.assign(is_present=False), "als").axes
    assert axes.texts[0].get_text() == "als: 0.2500 after 3 trials"
    assert len(axes.lines) == 1


def test_slices_come_by_importance_and_wide_ranges_are_logarithmic():
    first, second = slice_figure(TRIALS, {"share": 0.9, "factors": 0.1}, "als").axes
    assert first.get_title(loc="left") == "share, explains 90%"
    assert first.get_xscale() == "linear"
    assert second.get_title(loc="left") == "factors, explains 10%"
    assert second.get_xscale() == "log"


def test_without_importances_slices_come_by_name():
    titles = [axes.get_title(loc="left") for axes in slice_figure(TRIALS, {}, "als").axes]
    assert titles == ["factors", "share"]
