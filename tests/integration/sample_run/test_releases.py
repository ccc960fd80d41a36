"""The release of a run on the shipped sample: the same as the tables, and moved by commands."""

import json
import subprocess

import numpy as np
import pytest
from typer.testing import CliRunner

from ml.als import fold_in_user
from orchestration.cli import app
from orchestration.settings import PROJECT_ROOT
from serving.bundle import Bundle
from serving.bundle_files import releases_on_disk
from serving.pointers import read_pointers
from serving.reasons import reason
from tests.integration.runs import query, step

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("summary")]


@pytest.fixture(scope="module")
def bundle(places, summary):
    return Bundle.open(places.releases / summary["release_id"], trust_record=False)


def test_the_first_release_is_live_and_named_after_the_run(bundle, places, summary):
    assert read_pointers(places.releases).live == summary["release_id"]
    assert query(places.warehouse, "select release_id from serving.rec_releases where is_live") == [
        (summary["release_id"],)
    ]
    assert bundle.manifest["fingerprints"]["data"]["row_count"] > 0
    assert bundle.manifest["fingerprints"]["libraries"]["numpy"] == np.__version__


def test_every_list_is_that_of_the_table_with_reasons(bundle, places):
    rows = query(
        places.snapshot,
        """
        select user_id, item_id, score, source, reason, evidence_item_id, evidence_count
        from serving.rec_user_top_items
        order by user_id, recommended_rank
        """,
    )
    found = []
    for number, user_id in enumerate(bundle.user_ids):
        assert bundle.user_row(user_id) == number
        lists = bundle.personal(number)
        for item, score, source, evidence, count in zip(
            lists.items,
            lists.scores,
            lists.sources,
            lists.evidence,
            lists.evidence_counts,
            strict=True,
        ):
            evidence_id = None if evidence < 0 else bundle.item_ids[evidence]
            title = None if evidence < 0 else bundle.title(evidence) or evidence_id
            name, counted = bundle.sources[source], None if count < 0 else int(count)
            found.append(
                (
                    user_id,
                    bundle.item_ids[item],
                    None if np.isnan(score) else pytest.approx(float(score), rel=1e-6),
                    name,
                    reason(name, title, counted),
                    evidence_id,
                    counted,
                )
            )
    assert len(found) == 18_000
    assert rows == found


def test_the_ranker_of_the_release_gives_the_scores_of_the_tables(bundle, places):
    names = ", ".join(f'frame."{name}"' for name in bundle.ranker.features)
    rows = query(
        places.warehouse,
        f"""
        select ranked.score, {names}
        from ranking.rnk_frame as frame
        inner join ml.ranked_candidates as ranked
            using (cutoff_at, user_id, item_id)
        where frame.cutoff_at = (select ranked_at from serving.rec_release)
        """,
    )
    matrix = np.array(rows, dtype=np.float64)
    assert len(matrix) > 10_000
    assert np.abs(bundle.ranker.score(matrix[:, 1:]) - matrix[:, 0]).max() < 1e-9


def test_features_are_those_that_the_ranker_was_given(bundle, places):
    for side, columns in (("item", "item_features"), ("user", "user_features")):
        names = bundle.manifest[columns]
        selected = ", ".join(f'"{name}"' for name in names)
        rows = query(
            places.warehouse,
            f"""
            select {side}_id, {selected} from ranking.rnk_frame
            where cutoff_at = (select ranked_at from serving.rec_release)
            """,
        )
        find = bundle.item_index if side == "item" else bundle.user_row
        numbers = [find(row[0]) for row in rows]
        expected = np.array([row[1:] for row in rows], dtype=np.float64)
        np.testing.assert_array_equal(bundle.arrays[columns][numbers], expected)
        assert len(names) > 15


def test_folding_a_history_in_gives_the_trained_vector(bundle, places):
    trained = query(
        places.warehouse,
        """
        select entity_id, factors from ml.factors
        where entity = 'user' and cutoff_at = (select generated_at from serving.rec_release)
        """,
    )
    assert len(trained) > 500
    for user_id, factors in trained[:100]:
        items, weights = bundle.history(bundle.user_row(user_id))
        rows = bundle.arrays["item_factor_row"][items]
        vector = fold_in_user(bundle.als, bundle.arrays["gram"], rows, weights)
        np.testing.assert_allclose(vector, factors, atol=2e-5)


def topshelf(environment, *arguments: str) -> dict:
    # In this process: what the graph is made of takes long to load.
    told = CliRunner().invoke(app, [*arguments, "--json"], env=environment)
    assert told.exit_code == 0, told.output
    return json.loads(told.stdout)


def test_another_release_goes_live_and_back_and_everybody_is_told(places, environment, summary):
    first, second = summary["release_id"], f"{summary['release_id']}-2"
    keys = ["published/release", "published/promotion"]
    subprocess.run(
        step("topshelf", *keys),
        cwd=PROJECT_ROOT,
        env=environment,
        check=True,
        capture_output=True,
    )
    assert releases_on_disk(places.releases) == [second, first]
    assert read_pointers(places.releases).live == second

    back = topshelf(environment, "rollback", "--reason", "a look at the old lists")
    assert back["warnings"] == []
    assert back["aliases"]["live"] == first
    canary = topshelf(environment, "canary", second, "--percent", "5")
    assert canary["aliases"]["canary"]["percent"] == 5
    assert query(
        places.warehouse,
        """
        select release_id, is_live, canary_percent, last_action, last_reason
        from serving.rec_releases order by release_id
        """,
    ) == [
        (first, True, None, "rollback", "a look at the old lists"),
        (second, False, 5.0, "canary", ""),
    ]
    shown = topshelf(environment, "releases")
    assert [row["aliases"] for row in shown["releases"]] == [["canary"], ["live"]]
    assert topshelf(environment, "canary", "--percent", "0")["aliases"]["canary"] is None
