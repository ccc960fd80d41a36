import pytest

from orchestration.tuning.digest import code_digest, digest_of
from orchestration.tuning.plan import TuningPlan


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"trials": 0}, "trials must be >= 1, got 0"),
        ({"folds": 0}, "folds must be >= 1, got 0"),
        ({"jobs": 0}, "jobs must be >= 1, got 0"),
        ({"timeout_seconds": 0}, "timeout_seconds must be > 0, got 0"),
        (
            {"parts": ("als", "sqll")},
            r"parts must be some of sql, als, blend, ranker, got \['als', 'sqll'\]",
        ),
        ({"parts": ()}, "parts must be some of"),
    ],
)
def test_what_cannot_be_searched_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        TuningPlan(**changes)


def test_a_study_has_another_name_when_the_code_changes(tmp_path):
    (tmp_path / "models" / "features").mkdir(parents=True)
    (tmp_path / "ml").mkdir()
    model = tmp_path / "models" / "features" / "ftr_user.sql"
    model.write_text("select 1")
    before = code_digest(tmp_path)
    assert code_digest(tmp_path) == before
    model.write_text("select 2")
    assert code_digest(tmp_path) != before
    model.write_text("select 1")
    # Words about a model change no value.
    (tmp_path / "models" / "features" / "_models.yml").write_text("models: []")
    assert code_digest(tmp_path) == before
    (tmp_path / "ml" / "als.py").write_text("x = 1")
    assert code_digest(tmp_path) != before


def test_a_digest_knows_no_order_of_keys():
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": 2})
