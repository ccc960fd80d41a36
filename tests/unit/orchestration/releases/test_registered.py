import shutil

from orchestration.releases.bounds import GateBounds
from orchestration.releases.on_disk import note_builds
from orchestration.releases.promotion import promote
from orchestration.releases.registered import registered_releases


def test_every_release_says_whether_it_answered_and_still_could(build, releases, sign):
    for name in ("r1", "r2", "r3", "r4"):
        build(name)
    note_builds(releases, "run 1")
    for name in ("r1", "r2", "r3"):
        promote(releases, name, GateBounds(), sign())
    shutil.rmtree(releases / "r1")
    assert registered_releases(releases).to_numpy().tolist() == [
        ["r1", True, False, False, False],
        ["r2", True, True, False, True],
        ["r3", True, True, True, False],
        ["r4", False, True, False, False],
    ]


def test_without_a_folder_there_are_none(tmp_path):
    assert registered_releases(tmp_path / "none").empty
