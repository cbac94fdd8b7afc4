"""Small text files that a user names."""

import os
from pathlib import Path

import pytest

from gpu_virt_bench.model.text import MOST, closest, counted, nearest, small_text, told


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("title = 1\n")
    assert small_text(tmp_path / "a") == "title = 1\n"


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b" " * (MOST + 1))
    with pytest.raises(OSError, match="it has more than 1 MiB, expected a few lines"):
        small_text(tmp_path / "a")


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a")
    with pytest.raises(OSError, match="it is a device, a pipe or a socket, expected a file"):
        small_text(tmp_path / "a")


@pytest.mark.parametrize("path", ["/dev/zero", "/"])
def test_what_has_no_end_or_no_text_is_refused(path: str) -> None:
    with pytest.raises(OSError, match=r"expected a file|Is a directory"):
        small_text(Path(path))


@pytest.mark.parametrize("name", ["OH-01", "oh-001", "Oh-0O1", "oH-O01"])
def test_the_nearest_name_is_found_in_any_case(name: str) -> None:
    assert nearest(name, ["OH-001", "native"]) == "; did you mean OH-001?"


@pytest.mark.parametrize("name", ["OH-1", "oh-01"])
def test_names_that_are_equally_near_are_all_offered(name: str) -> None:
    assert nearest(name, ["OH-010", "OH-002", "OH-001", "native"]) == "; did you mean OH-001 or OH-010?"


def test_a_duration_has_no_digits_that_nobody_needs() -> None:
    assert [told(seconds) for seconds in (40, 130, 4040, 10_800)] == ["40 s", "2 min 10 s", "67 min", "3.0 h"]


def test_a_name_that_is_like_none_is_told_what_there_is() -> None:
    assert nearest("zzz", ["OH-001", "native"]) == "; there are OH-001, native"
    assert nearest("zzz", ["x"] * 41, shown_by="list metrics") == "; `gpu-virt-bench list metrics` shows all"
    assert closest("CULAUNCHKERNEL", ["cuLaunchKernel", "cuInit"]) == "cuLaunchKernel"


@pytest.mark.parametrize(("number", "said"), [(0, "0 runs"), (1, "1 run"), (2, "2 runs")])
def test_one_is_not_said_in_the_plural(number: int, said: str) -> None:
    assert counted(number, "run") == said


def test_no_message_leaves_the_plural_to_the_reader() -> None:
    files = Path(__file__).parents[2].glob("src/gpu_virt_bench/**/*.py")
    assert [str(path) for path in files if "(s)" in path.read_text()] == []
