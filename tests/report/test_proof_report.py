"""The door table says whose file serves a function."""

import pytest

from gpu_virt_bench.engine.prove import Proved
from gpu_virt_bench.report.proof import granted, is_served, who
from gpu_virt_bench.systems.proof.doors import Door

PROVED = Proved("mine", "GPU", emulated=False, own=["/opt/liblayer.so", "/opt/own/libcuda.so.1"])


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("", "-"),
        ("/usr/lib/libcuda.so.580.65", "driver"),
        ("/opt/liblayer.so", "liblayer.so"),
        ("/opt/own/libcuda.so.1", "libcuda.so.1"),
        ("/opt/libstranger.so", "libstranger.so"),
    ],
)
def test_a_file_is_named_unless_it_is_the_drivers(file, name) -> None:
    assert who(PROVED, file) == name
    assert is_served(PROVED, Door("cuInit", {"dlsym": file})) is (name not in ("-", "driver"))


def test_what_is_granted_has_its_units() -> None:
    found = {"memory_bytes": str(8 << 30), "memory_mib": "8192", "compute_share": "0.5", "memory_total": str(8 << 30)}
    assert granted(found) == (
        "a tenant is granted 8192 MiB of memory and 50 % of the compute, and sees 8192 MiB of memory"
    )
