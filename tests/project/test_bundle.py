"""The bundle: calls to pip, written files and errors, tested without any download."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools import bundle
from tools.browser import free_port


@pytest.fixture
def pip(monkeypatch):
    """Record the calls to pip instead of running them, and copy only course.py."""
    calls = []
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)

    def copy(root, folder):
        folder.mkdir(parents=True)
        (folder / "course.py").write_bytes((root / "course.py").read_bytes())

    monkeypatch.setattr(bundle, "copy_checkout", copy)
    monkeypatch.setattr(bundle.subprocess, "run", lambda command, **_: calls.append(command))
    return calls


def test_a_bundle_is_the_course_its_wheels_and_a_readme(pip, tmp_path):
    """A bundle has the course, a README, and wheels of pinned dependencies and the build tool."""
    assert bundle.main([str(tmp_path / "b")]) == 0

    (wheel,) = pip
    folder = Path(wheel[wheel.index("-w") + 1])
    assert folder == tmp_path / "b" / "course" / "wheels"
    assert {".[test]", bundle.BUILDER, "constraints.txt"} <= set(wheel)
    assert (tmp_path / "b" / "course" / "course.py").exists()
    text = (tmp_path / "b" / "README.txt").read_text("utf-8")
    assert "Python {}.{}.\n".format(*sys.version_info) in text
    assert "{" not in text


@pytest.mark.parametrize(
    ("target", "named"),
    [
        ("win_amd64", "pywinpty"),
        ("macosx_14_0_arm64", "appnope"),
        ("manylinux_2_28_x86_64", "--platform=manylinux_2_17_x86_64"),  # an older glibc
        ("manylinux_2_28_x86_64", "--platform=manylinux2014_x86_64"),
    ],
)
def test_another_system_gets_all_packages_and_its_own(pip, tmp_path, target, named):
    """For another system, pip downloads all pinned packages and those specific to that system."""
    bundle.main([str(tmp_path / "b"), "--platform", target, "--python-version", "3.12"])

    download, own = pip
    assert {"--no-deps", f"--platform={target}", "--python-version=3.12.99", named} <= set(download)
    assert download[download.index("-r") + 1] == "constraints.txt"
    assert own[-1] == "."
    assert f"is for {target} and Python 3.12." in (tmp_path / "b" / "README.txt").read_text("utf-8")


def test_a_folder_that_is_not_empty_is_left_alone(pip, tmp_path):
    """A folder that already has files is left unchanged."""
    (tmp_path / "photo.jpg").touch()

    with pytest.raises(SystemExit, match="is not empty"):
        bundle.main([str(tmp_path)])

    assert pip == []


def test_several_systems_get_a_folder_each(pip, tmp_path):
    """One command creates a bundle for each of several systems."""
    targets = ["win_amd64", "macosx_14_0_arm64"]

    assert bundle.main([str(tmp_path), "--platform", *targets, "--python-version", "3.13.2"]) == 0

    assert "--python-version=3.13.2" in pip[0]
    assert sorted(path.parent.name for path in tmp_path.glob("*/README.txt")) == sorted(targets)
    assert len(pip) == 4


def test_an_index_that_does_not_answer_is_reported_at_once(pip, tmp_path, monkeypatch):
    """An unreachable index is reported at once, not retried by pip for each package."""
    address = f"http://localhost:{free_port()}/simple"
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", address)

    with pytest.raises(SystemExit, match=rf"^{address} does not answer .*EXTRA_INDEX_URL"):
        bundle.main([str(tmp_path / "b")])

    assert pip == []


def test_pip_gives_up_within_a_minute():
    """Each download has a timeout of 15 seconds and a single retry."""
    for arguments in (("", ""), ("win_amd64", "3.13")):
        assert set(bundle.IMPATIENT) <= set(bundle.commands(Path("wheels"), *arguments)[0])


def test_a_failed_download_ends_with_its_status(pip, tmp_path, monkeypatch):
    """If a download fails, its exit status is returned and no README.txt is written."""

    def run(command, **_):
        raise subprocess.CalledProcessError(7, command)

    monkeypatch.setattr(bundle.subprocess, "run", run)

    assert bundle.main([str(tmp_path / "b")]) == 7
    assert not (tmp_path / "b" / "README.txt").exists()
