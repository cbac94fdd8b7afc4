"""gvb.h and abi.py say the same."""

import re
from pathlib import Path

import pytest

from gpu_virt_bench.libgvb import abi

HEADER = (Path(__file__).parents[2] / "libgvb" / "gvb.h").read_text()
C_TYPES = {"int64_t": "int64", "int32_t": "int32", "uint64_t": "uint64"}
PREPARE = re.compile(r"int gvb_prepare_(\w+)\(([^)]*)\)")


def prototypes() -> dict[str, list[tuple[str, str]]]:
    """Routine -> its arguments as (name, type), without the work that it returns."""
    found = {}
    for name, arguments in PREPARE.findall(HEADER):
        parts = [part.split() for part in arguments.replace("**work", "work").split(",")]
        found[name] = [(part[-1], C_TYPES.get(part[0], part[0])) for part in parts if part[0] != "gvb_work"]
    return found


def test_the_table_has_the_headers_routines() -> None:
    assert set(abi.ROUTINES) == set(prototypes())


@pytest.mark.parametrize("name", abi.ROUTINES)
def test_a_routine_takes_the_headers_arguments(name: str) -> None:
    table = [(arg, kind if kind in C_TYPES.values() else "int32") for arg, kind in abi.ROUTINES[name].args.items()]
    assert table == prototypes()[name]


@pytest.mark.parametrize("name", abi.ROUTINES)
def test_a_routines_columns_stand_in_its_comment(name: str) -> None:
    comment = re.search(rf"/\* {name}: (.*?)\*/", HEADER, re.S)
    assert comment is not None
    said = re.search(r"Columns: ([^.]*)\.", comment.group(1).replace("\n *", ""))
    assert said is not None
    assert [column.strip().replace(" ", "_") for column in said.group(1).split(",")] == list(abi.ROUTINES[name].columns)


def test_status_numbers_are_the_headers() -> None:
    numbers = {int(number) for number in re.findall(r"GVB_ERROR_\w+ = (-\d+)", HEADER)}
    assert set(abi.STATUS) == numbers


def test_abi_number_is_the_headers() -> None:
    assert re.search(r"#define GVB_ABI (\d+)", HEADER).group(1) == str(abi.ABI)


def fields(struct: str) -> list[str]:
    """Field names of a struct, in order."""
    body = re.search(rf"typedef struct {struct} {{(.*?)}} {struct};", HEADER, re.S).group(1)
    code = re.sub(r"/\*.*?\*/", "", body)
    return re.findall(r"[ *](\w+)(?:\[\d+\])?;", code)


def test_structs_have_the_headers_fields() -> None:
    assert [field[0] for field in abi.DeviceFacts._fields_] == fields("gvb_device")
    assert [field[0] for field in abi.Interval._fields_] == fields("gvb_interval")
