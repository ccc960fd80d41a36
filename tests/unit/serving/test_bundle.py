import hashlib
import json
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml.als import fold_in_user
from orchestration.releases.writing import writing_release
from serving.bundle import Bundle
from serving.bundle_arrays import ARRAYS
from serving.bundle_files import FORMAT_VERSION, BundleError, manifest_checksum, verify_files
from serving.texts import IdColumn
from tests.unit.serving.shop_release import make_shop, scribble
from tests.unit.serving.small_release import ITEMS, TOLD, fill

IDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@pytest.fixture
def bundle(make_release):
    return Bundle.open(make_release())


def test_a_list_comes_back_as_it_was_written(bundle):
    rows = bundle.personal(bundle.user_row(""))
    assert [bundle.item_ids[item] for item in rows.items] == ["oak chair", "spoon"]
    assert [bundle.sources[code] for code in rows.sources] == ["covisitation", "popular"]
    assert rows.scores[0] == 0.25
    assert np.isnan(rows.scores[1])
    assert rows.evidence.tolist() == [0, -1]
    assert rows.evidence_counts.tolist() == [7, -1]
    assert bundle.personal(bundle.user_row("bob")).items.size == 0


def test_a_stranger_has_no_row(bundle):
    assert bundle.user_row("carl") is None
    assert bundle.user_row("zoe") is None
    assert bundle.user_row("\ud800") is None
    assert bundle.item_index("lamp ") is None


def test_items_are_described(bundle):
    assert bundle.item_index("lamp") == 1
    assert [bundle.title(item) for item in range(2)] == ["Cup", None]
    assert [bundle.category(item) for item in range(2)] == [None, "living"]
    assert bundle.neighbours(0).items.tolist() == [1]
    assert bundle.neighbours(3).items.size == 0


def test_popular_lists_answer_by_segment(bundle):
    assert bundle.popular().items.tolist() == [3, 0]
    assert bundle.popular("de").user_counts.tolist() == [1]
    assert bundle.popular("fr").items.size == 0
    assert bundle.segment_of(0) == "de"
    assert bundle.segment_of(1) is None


def test_the_vector_of_a_user_is_solved_from_what_was_released(bundle):
    items, weights = bundle.history(0)
    rows = bundle.arrays["item_factor_row"][items]
    vector = fold_in_user(bundle.als, bundle.arrays["gram"], rows, weights)
    factors = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 2.0]])
    # (0.5 Y'Y + I + sum w y y') x = sum w y, with w = 2 for the first item and 0.5 for the second.
    left = 0.5 * factors.T @ factors + np.eye(2) + 2 * np.outer(factors[0], factors[0])
    left += 0.5 * np.outer(factors[1], factors[1])
    assert np.allclose(left @ vector, 2 * factors[0] + 0.5 * factors[1], atol=1e-6)


def test_negative_numbers_are_refused(bundle):
    with pytest.raises(IndexError, match="got -1"):
        bundle.personal(-1)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(users=st.sets(IDS, min_size=1, max_size=30), strangers=st.lists(IDS, max_size=5))
def test_any_text_is_an_id_and_finds_its_own_row(users, strangers):
    texts = sorted(user.encode() for user in users)
    starts = np.r_[0, np.cumsum([len(text) for text in texts])].astype(np.int64)
    column = IdColumn(np.frombuffer(b"".join(texts), dtype=np.uint8), starts)
    for user in [*users, *strangers]:
        row = column.find(user)
        assert (row is not None) == (user in users)
        if row is not None:
            assert column[row] == user
    assert list(column) == [text.decode() for text in texts]


@settings(max_examples=8, deadline=None)
@given(users=st.lists(IDS, min_size=1, max_size=12, unique=True))
def test_odd_ids_make_the_round_trip_through_files(users):
    with tempfile.TemporaryDirectory() as folder:
        with writing_release(Path(folder), "r1") as writer:
            fill(writer, users, ITEMS)
            writer.finish({**TOLD, "release_id": "r1"})
        bundle = Bundle.open(Path(folder) / "r1")
        rows = [bundle.user_row(user) for user in users]
        assert sorted(rows) == list(range(len(users)))
        assert [bundle.user_ids[row] for row in rows] == users


def test_a_changed_byte_is_found(make_release):
    folder = make_release()
    path = folder / "list_item.npy"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(BundleError, match=r"list_item\.npy was changed .*topshelf run"):
        Bundle.open(folder)


def test_a_truncated_file_is_found(make_release):
    folder = make_release()
    os.truncate(folder / "history_item.npy", 130)
    with pytest.raises(BundleError, match=r"history_item\.npy has 130 bytes instead of 136"):
        Bundle.open(folder)


def test_a_missing_file_is_named(make_release):
    folder = make_release()
    (folder / "ranker.json").unlink()
    with pytest.raises(BundleError, match=r"ranker\.json is missing"):
        Bundle.open(folder)


def test_a_folder_without_a_manifest_is_no_release(tmp_path):
    with pytest.raises(BundleError, match=r"is not a release: it has no manifest\.json"):
        Bundle.open(tmp_path)


def test_half_a_manifest_is_refused(make_release):
    folder = make_release()
    text = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(text[: len(text) // 2])
    with pytest.raises(BundleError, match="cannot be read"):
        Bundle.open(folder)


def rewrite(folder: Path, *, signed: bool, **changes: object) -> None:
    manifest = {**json.loads((folder / "manifest.json").read_text()), **changes}
    if signed:
        manifest["manifest_sha256"] = manifest_checksum(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_a_changed_manifest_is_refused(make_release):
    folder = make_release()
    rewrite(folder, signed=False, release_id="r2")
    with pytest.raises(BundleError, match="was changed after it was written"):
        Bundle.open(folder)


def test_a_format_from_the_future_is_refused(make_release):
    folder = make_release()
    rewrite(folder, signed=True, format_version=FORMAT_VERSION + 1)
    with pytest.raises(
        BundleError, match=rf"format {FORMAT_VERSION + 1}, .* reads {FORMAT_VERSION}"
    ):
        Bundle.open(folder)


def test_a_manifest_cannot_point_out_of_its_folder(make_release):
    folder = make_release()
    rewrite(folder, signed=True, files={"../other/list_item.npy": {"bytes": 1, "sha256": ""}})
    with pytest.raises(BundleError, match="is no file of its folder"):
        Bundle.open(folder)


def put(folder: Path, name: str, values: np.ndarray) -> None:
    """Put another array into a release, whose checksums are right."""
    np.save(folder / f"{name}.npy", values, allow_pickle=True)
    data = (folder / f"{name}.npy").read_bytes()
    files = json.loads((folder / "manifest.json").read_text())["files"]
    files[f"{name}.npy"] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    rewrite(folder, signed=True, files=files)


def test_pickles_are_not_read(make_release):
    folder = make_release()
    put(folder, "list_item", np.array([print], dtype=object))
    with pytest.raises(BundleError, match=r"list_item\.npy is no array"):
        Bundle.open(folder)


def test_what_was_verified_is_not_read_again_until_it_changes(make_release):
    folder = make_release()
    manifest = json.loads((folder / "manifest.json").read_text())
    assert verify_files(folder, manifest)
    assert not verify_files(folder, manifest)
    assert verify_files(folder, manifest, trust_record=False)
    path = folder / "list_item.npy"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(1, 1))
    with pytest.raises(BundleError, match="was changed"):
        verify_files(folder, manifest)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("list_starts", "list_starts has 6 entries instead of 7"),
        ("list_score", "list_score has 1 entries instead of 2"),
        ("item_id_text", "item_id_text has 20 entries instead of 21"),
        ("title_starts", "title_starts has 4 entries instead of 5"),
        ("item_is_offered", "item_is_offered has 3 entries instead of 4"),
        ("user_segment", "user_segment has 5 entries instead of 6"),
        ("user_features", "user_features has 5 entries instead of 6"),
        ("factor_item", "item_factors has 3 entries instead of 2"),
        ("item_factor_row", "item_factor_row has 3 entries instead of 4"),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(make_release, name, words):
    folder = make_release()
    put(folder, name, np.load(folder / f"{name}.npy")[:-1])
    with pytest.raises(BundleError, match=f"{words}; make another release"):
        Bundle.open(folder)


def test_ids_without_a_beginning_are_refused(make_release):
    folder = make_release()
    put(folder, "user_id_starts", np.empty(0, dtype=np.int64))
    with pytest.raises(BundleError, match="user_id_starts has 0 entries instead of 1"):
        Bundle.open(folder)


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("node_feature", [5000, -1, -1, 0, -1, -1], "column 5000, of inputs of 3"),
        ("node_left", [3, -1, -1, 4, -1, -1], "1 nodes must follow others in their tree"),
        ("tree_starts", [0, 3, 9], "the trees must share 6 nodes"),
    ],
)
def test_a_ranker_that_leads_out_of_its_arrays_is_refused(tmp_path, name, values, words):
    folder = make_shop(tmp_path)
    put(folder, name, np.array(values, dtype=ARRAYS[name]))
    with pytest.raises(BundleError, match=f"the ranker cannot be used .*{words}.*topshelf run"):
        Bundle.open(folder)


def test_a_ranker_stays_as_it_was_when_its_files_are_damaged_later(tmp_path):
    folder = make_shop(tmp_path)
    inputs = np.array([[0.1, 0.9, 1.0], [np.nan, np.nan, np.nan]])
    expected = Bundle.open(folder).ranker.raw_scores(inputs)
    bundle = Bundle.open(folder)
    scribble(folder, "node_feature", "node_left", "tree_starts")
    assert bundle.ranker.raw_scores(inputs).tolist() == expected.tolist()


def test_neighbours_of_several_items_follow_each_other(bundle):
    owners, rows = bundle.neighbours_of(np.array([3, 0, 1, 0]))
    assert owners.tolist() == [1, 3]
    assert rows.items.tolist() == [1, 1]
    assert rows.supports.tolist() == [12, 12]
    assert bundle.neighbours_of(np.empty(0, dtype=np.int64))[1].items.size == 0
    with pytest.raises(IndexError, match="got -1"):
        bundle.neighbours_of(np.array([0, -1]))
