"""The wheel holds everything, and works without an installation."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built as `make wheel` does, with the build tools at hand."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(folder),
        ".",
    ]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


def test_one_wheel_serves_every_python_of_a_platform(wheel) -> None:
    assert "-py3-none-linux_" in wheel.name


def test_the_wheel_carries_libgvb_and_the_emulated_gpu(wheel) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        "libgvb/libgvb.so",
        "emulated/lib/libcuda.so.1",
        "emulated/lib/libnvidia-ml.so.1",
        "emulated/bin/nvidia-cuda-mps-control",
        "emulated/profiles/h200.toml",
        "policies/default.toml",
    }
    assert {f"gpu_virt_bench/{name}" for name in wanted} <= names
    assert {"gpu_virt_bench/systems/native.toml", "gpu_virt_bench/suites/quick.toml"} <= names


def test_the_unpacked_wheel_measures(wheel, tmp_path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    command = [sys.executable, "-m", "gpu_virt_bench", "run", "--device", "emulated:tiny", "--metrics", "OH-001"]
    command += ["--repetitions", "1", "--iterations", "2", "--output", str(tmp_path / "results"), "--json-only"]
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "site") in next((tmp_path / "results").glob("native/*.json")).read_text()
