"""The table itself: every row is one, and says the same whenever the emulated driver is asked."""

import re
from pathlib import Path

import pytest

from gpu_virt_bench import emulated
from gpu_virt_bench.conform import asking, recorded
from gpu_virt_bench.conform.cells import Float, Handle, Int, Text
from gpu_virt_bench.conform.results import NAMES, name
from gpu_virt_bench.conform.scenes import FAMILIES, rows, scene, scenes
from gpu_virt_bench.conform.table import Scene
from gpu_virt_bench.model.conformance import Answer

ROOT = Path(__file__).parents[2]
KNOWN = "\n".join(
    (ROOT / path).read_text() for path in ("libgvb/cuda_functions.def", "emulator/driver_unsupported.def")
)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """An emulated GPU in virtual time: no answer depends on how fast this host is."""
    folder = emulated.make_machine(tmp_path, emulated.configuration("h200", {"clock": "virtual"}))
    monkeypatch.setenv(emulated.VARIABLE, str(folder))
    monkeypatch.setenv("LD_LIBRARY_PATH", str(emulated.LIBRARIES))


def test_no_two_rows_have_one_id() -> None:
    ids = [row.id for one in scenes() for row in one.rows]
    assert len(ids) == len(set(ids)) == len(rows())
    assert len(ids) > 700


def test_no_two_rows_ask_the_same() -> None:
    asked = [(row.id.partition(".")[0], row.function, row.case) for row in rows().values()]
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_scene_has_the_name_of_its_module(family) -> None:
    assert scene(family).name == family


def test_every_function_is_one_of_the_driver() -> None:
    asked = {row.function for row in rows().values()}
    assert [function for function in asked if not re.search(rf"\(\s*{function}\b", KNOWN)] == []


def test_results_have_the_names_that_libgvb_gives_them() -> None:
    text = (ROOT / "libgvb/cuda_enums.h").read_text()
    found = {int(code): known for known, code in re.findall(r"X\((CUDA_\w+), (\d+),", text)}
    assert len(found) > 40
    assert {code: NAMES[code] for code in found} == found
    assert name(-1) == "-1"


@pytest.mark.parametrize("family", FAMILIES)
def test_every_row_is_answered_twice_alike(family, machine) -> None:
    first, second = asking.asked(scene(family)), asking.asked(scene(family))
    assert first.answers == second.answers
    assert set(first.answers) == {row.id for row in scene(family).rows}
    assert [row for row, answer in first.answers.items() if answer.result in ("unprepared", "hang", "exit")] == []
    assert first.served_by == str(emulated.LIBRARIES / "libcuda.so.1")


def test_what_a_call_wrote_is_told_from_what_it_left() -> None:
    handle, number = Handle(), Int()
    assert (handle.shown, number.shown) == ("unchanged", "unchanged")
    assert (Text().shown, Float().shown) == ("unchanged", "unchanged")


def test_a_row_whose_function_is_absent_says_so(machine) -> None:
    one = Scene("lonely", lambda cuda: None)

    @one.row("cuNobody", "called")
    def nobody(cuda):
        return cuda.cuNobody()

    from gpu_virt_bench.conform.driver import Cuda

    assert one.rows[0].answered(Cuda()) == Answer("absent", "cuNobody")


def test_a_known_difference_names_a_row_or_a_function_that_there_is() -> None:
    assert recorded.reasons(recorded.KNOWN)
