"""The bundle: what is fetched, whom it is for, and what is refused. Nothing is downloaded here."""

import subprocess
import sys

import pytest

from tools import bundle

WHEELS = [
    "torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl",
    "numpy-2.4.6-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_31_x86_64.whl",
    "joblib-1.6.0-py3-none-any.whl",
]


@pytest.fixture
def commands(monkeypatch):
    """Play pip: commands are listed, and a download leaves empty wheels."""
    found = []

    def run(command, **_):
        found.append(command)
        if "download" in command:
            folder = bundle.Path(command[command.index("-d") + 1])
            folder.mkdir(parents=True)
            for name in WHEELS:
                (folder / name).touch()

    def copy(root, folder):
        folder.mkdir(parents=True)
        (folder / "course.py").write_bytes((root / "course.py").read_bytes())

    monkeypatch.setattr(bundle, "copy_checkout", copy)
    monkeypatch.setattr(bundle.subprocess, "run", run)
    return found


def test_a_bundle_is_the_course_its_wheels_and_a_readme(commands, tmp_path, capsys):
    """The wheels lie where course.py looks for them, and the README says for which machines."""
    assert bundle.main([str(tmp_path / "b")]) == 0
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == ["README.txt", "course"]
    assert (tmp_path / "b" / "course" / "course.py").exists()
    assert len(list((tmp_path / "b" / "course" / "wheels").glob("*.whl"))) == len(WHEELS)
    text = (tmp_path / "b" / "README.txt").read_text("utf-8")
    version = "{}.{}".format(*sys.version_info)
    assert f"Python {version}, with glibc 2.28 or newer." in text
    assert "python course.py lab" in text
    assert "MB for" in capsys.readouterr().out


def test_the_tested_versions_are_fetched_with_the_test_extra_and_the_builder(commands, tmp_path):
    """Nothing is built at the other end but the course, and what builds that is there too."""
    bundle.main([str(tmp_path / "b")])
    download, own = commands
    assert "--only-binary=:all:" in download
    assert download[download.index("-c") + 1] == "constraints.txt"
    for start in ("torch>=", "jupyterlab>=", "nbval>=", "flit_core>="):
        assert any(word.startswith(start) for word in download), start
    assert not any(word.startswith("sphinx") for word in download)
    assert own[-1] == str(bundle.ROOT)


@pytest.mark.parametrize(
    ("target", "named"), [("win_amd64", "pywinpty"), ("macosx_14_0_arm64", "appnope")]
)
def test_another_system_gets_all_packages_and_its_own(commands, tmp_path, target, named):
    """Pip is not asked what is needed there, since it would answer for this machine."""
    bundle.main([str(tmp_path / "b"), "--platform", target, "--python-version", "3.12"])
    download = commands[0]
    assert {"--no-deps", f"--platform={target}", "--python-version=3.12", named} <= set(download)
    assert download[download.index("-r") + 1] == "constraints.txt"
    assert not any(word.startswith("torch") for word in download)
    text = (tmp_path / "b" / "README.txt").read_text("utf-8")
    assert f"is for {target} and Python 3.12" in text


def test_a_folder_with_something_in_it_is_left_alone(commands, tmp_path):
    """Neither a bundle of yesterday nor somebody's photographs are mixed with the new one."""
    (tmp_path / "photo.jpg").touch()
    with pytest.raises(SystemExit, match="there already"):
        bundle.main([str(tmp_path)])
    assert commands == []


def test_a_failed_download_ends_with_its_status(commands, tmp_path, monkeypatch, capsys):
    """Half a bundle is not taken for a whole one."""

    def run(command, **_):
        raise subprocess.CalledProcessError(7, command)

    monkeypatch.setattr(bundle.subprocess, "run", run)
    assert bundle.main([str(tmp_path / "b")]) == 7
    assert "not finished" in capsys.readouterr().out
    assert not (tmp_path / "b" / "README.txt").exists()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (WHEELS, ", with glibc 2.28 or newer"),
        (["a-1-cp311-cp311-macosx_11_0_arm64.whl"], ", with macOS 11.0 or newer"),
        (["joblib-1.6.0-py3-none-any.whl"], ""),
    ],
)
def test_the_age_of_the_system_is_that_of_the_pickiest_wheel(names, expected):
    """One wheel may name several ages: the lowest will do. Of all wheels the highest counts."""
    assert bundle.oldest_system(names) == expected
