"""Whether a system can be used here."""

from dataclasses import replace
from pathlib import Path

import pytest

from gpu_virt_bench.model.run import Device
from gpu_virt_bench.systems.available import Here, Unavailable, availability, check_room, satisfies
from gpu_virt_bench.systems.load import load, parse

DEVICE = Device(
    "GPU", "GPU-1", False, 0, "0000:01:00.0", None, "9.0", 132, 2048, 80 << 30, 50 << 20, 1, 1, 1, "580.65.06", 13000
)


def system(**requires: object):
    return parse("mine", {"title": "T", "description": "D", "mechanism": "none", "requires": requires})


@pytest.fixture
def here(tmp_path: Path) -> Here:
    return Here(devices=(DEVICE,), root=False, path="/nowhere", system_preload=tmp_path / "ld.so.preload")


@pytest.mark.parametrize(
    ("requires", "reason"),
    [
        ({}, None),
        ({"root": True}, "needs root"),
        ({"driver": ">=580"}, None),
        ({"driver": ">=590"}, "needs driver >=590, found 580.65.06"),
        ({"compute_capability": ">=10.0"}, "needs compute capability >=10.0, found 9.0"),
        ({"gpus": 2}, "needs 2 GPUs, the session has 1"),
        ({"gpu_index": 1}, "runs on GPU 1 alone, the device is GPU 0"),
        ({"tools": ["frob"]}, "needs the program frob, which is not in PATH"),
        ({"files": ["/no/such"]}, "needs the file /no/such, which does not exist"),
        ({"real_device": True}, None),
    ],
)
def test_what_is_missing_is_named(here: Here, requires: dict, reason: str | None) -> None:
    assert availability(system(**requires), here) == reason


def test_a_system_for_hardware_does_not_run_on_the_emulated_gpu(here: Here) -> None:
    emulated = replace(here, devices=(replace(DEVICE, emulated=True),))
    assert availability(system(real_device=True), emulated) == (
        "needs a real device: it cannot run on the emulated GPU"
    )


def test_without_a_device_nothing_is_said_of_it(here: Here) -> None:
    assert availability(system(driver=">=590", gpu_index=3, gpus=2), replace(here, devices=())) is None


def test_every_device_of_a_session_must_meet_what_is_required(here: Here) -> None:
    two = replace(here, devices=(DEVICE, replace(DEVICE, index=1, compute_capability="8.0")))
    assert availability(system(gpus=2), two) is None
    assert availability(system(compute_capability=">=9.0"), two) == "needs compute capability >=9.0, found 8.0"
    assert availability(system(gpu_index=0), two) == "runs on GPU 0 alone, the device is GPU 1"


def test_a_required_option_that_is_not_given_makes_it_unavailable(here: Here) -> None:
    reason = availability(load("bud-fcsp"), here)
    assert reason == "needs --option library=FILE (the vendor's library; none is public)"
    assert availability(load("bud-fcsp"), here, {"library": "/x"}) is None


def test_a_system_wide_preload_that_is_not_announced_refuses(here: Here) -> None:
    here.system_preload.write_text("# a comment\n/usr/lib/libvgpu.so\n")
    assert availability(load("native"), here) == (
        f"{here.system_preload} lists /usr/lib/libvgpu.so, which native does not announce: remove it from there"
    )


def test_an_announced_system_wide_preload_is_expected_there(here: Here) -> None:
    announced = system(system_preload="libvgpu.so")
    assert availability(announced, here) == f"needs libvgpu.so in {here.system_preload}, which is empty"
    here.system_preload.write_text("/usr/lib/libvgpu.so")
    assert availability(announced, here) is None


def test_versions_are_compared_by_number() -> None:
    assert satisfies("580.65.06", ">=580.9")
    assert not satisfies("unknown", ">=1")
    assert satisfies("9.0", "==9")
    assert not satisfies("9.0", "<9.0")


def test_a_directory_too_deep_for_a_socket_is_refused() -> None:
    folder = Path("/" + "x" * 90)
    with pytest.raises(Unavailable, match=f"the private path of P, {folder}/p, has 93 bytes, and a socket in it needs"):
        check_room({"P": f"{folder}/p"}, folder)
    check_room({"P": f"{folder}/p", "Q": "/short"}, Path("/elsewhere"))
