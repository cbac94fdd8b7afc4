"""The CUDA version that each name came with, as the toolkit's own header has it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEADER = Path("/usr/local/cuda/include/cudaTypedefs.h")
SINCE = {
    name: int(version)
    for version, name in re.findall(r"^SINCE\((\d+), (\w+)\)", (ROOT / "emulator/driver_since.def").read_text(), re.M)
}


def implemented():
    """The names that the emulated driver implements, as cuGetProcAddress takes them."""
    names = re.findall(r"^X\((\w+),", (ROOT / "libgvb/cuda_functions.def").read_text(), re.M)
    return {re.sub(r"_v\d+$", "", name) for name in names}


def first_versions():
    """Of each name the version of its oldest type in the header."""
    found = re.findall(r"\*PFN_(cu\w+?)_v(\d+)(?:_ptsz|_ptds)?\)", HEADER.read_text())
    return dict(sorted(((name, int(version)) for name, version in found), key=lambda one: -one[1]))


def test_every_name_is_one_that_is_implemented() -> None:
    assert set(SINCE) - implemented() == set()


@pytest.mark.skipif(not HEADER.exists(), reason="no CUDA toolkit here")
def test_every_implemented_name_that_is_younger_than_cuda_2_has_the_version_of_the_header() -> None:
    first = first_versions()
    younger = {name: first[name] for name in implemented() if first.get(name, 0) > 2000}
    assert {name: version for name, version in SINCE.items() if name in first} == younger
