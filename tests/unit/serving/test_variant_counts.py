from ml.variants import VariantCounts
from serving.variant_counts import FOLDER, VariantRecorder, read_variant_counts


def record(recorder, version=1, variant="live", user="ann", seconds=0.01, is_error=False):
    recorder.answered(version, variant, user, seconds, is_error=is_error)


def test_the_counts_of_all_processes_are_added_up(tmp_path):
    first, second = VariantRecorder(tmp_path, "1"), VariantRecorder(tmp_path, "2")
    record(first)
    record(first, seconds=0.2)
    record(first, variant="canary", user="bob", is_error=True)
    record(second)
    for recorder in (first, second):
        recorder.flush()
    found = read_variant_counts(tmp_path, 1)
    assert found == {"live": VariantCounts(3, 0, 1, 0, 2), "canary": VariantCounts(1, 1, 0, 0, 1)}


def test_a_user_counts_once_however_often_they_ask_and_act(tmp_path):
    recorder = VariantRecorder(tmp_path, "1")
    for _ in range(3):
        record(recorder, variant="canary")
        recorder.engaged("ann")
    recorder.engaged("somebody who asked for nothing")
    recorder.flush()
    assert read_variant_counts(tmp_path, 1)["canary"] == VariantCounts(3, 0, 0, 1, 1)


def test_counts_begin_anew_when_an_alias_moves(tmp_path):
    recorder = VariantRecorder(tmp_path, "1")
    record(recorder, version=1, is_error=True)
    record(recorder, version=2)
    recorder.flush()
    assert read_variant_counts(tmp_path, 1)["live"] == VariantCounts()
    assert read_variant_counts(tmp_path, 2)["live"] == VariantCounts(1, 0, 0, 0, 1)


def test_damaged_counts_are_left_out(tmp_path):
    recorder = VariantRecorder(tmp_path, "1")
    record(recorder)
    recorder.flush()
    (tmp_path / FOLDER / "2.json").write_text('{"version": 1, "variants": {')
    (tmp_path / FOLDER / "3.json").write_text('{"version": 1, "variants": {}}')
    assert read_variant_counts(tmp_path, 1)["live"].requests == 1


def test_without_processes_there_are_no_counts(tmp_path):
    assert read_variant_counts(tmp_path, 1)["canary"] == VariantCounts()
