"""The wheel holds everything, and works without an installation."""

import importlib.util
import os
import re
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


@pytest.fixture(scope="module")
def build_native():
    """The build's own script."""
    spec = importlib.util.spec_from_file_location("build_native", ROOT / "build_native.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def binaries(wheel: Path, folder: Path) -> list[Path]:
    """Everything in the wheel that a C compiler made."""
    zipfile.ZipFile(wheel).extractall(folder)
    return [path for path in folder.rglob("*") if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"]


def readelf(option: str, path: Path) -> str:
    """What binutils say of a binary."""
    return subprocess.run(["readelf", "-W", option, path], check=True, capture_output=True, text=True).stdout


def test_one_wheel_serves_every_python_and_every_linux_of_its_glibc(wheel, tmp_path) -> None:
    tag = re.search(r"-py3-none-manylinux_2_(\d+)_(x86_64|aarch64)\.whl$", wheel.name)
    found = binaries(wheel, tmp_path)
    needed = [int(minor) for path in found for minor in re.findall(r"Name: GLIBC_2\.(\d+)", readelf("-V", path))]
    assert len(found) == 4
    assert max(needed) == int(tag.group(1))


def test_the_wheel_needs_only_libraries_of_the_c_library(wheel, tmp_path) -> None:
    needed = {name for path in binaries(wheel, tmp_path) for name in re.findall(r"\[(\S+)\]", readelf("-d", path))}
    ours = {"libcuda.so.1", "libnvidia-ml.so.1"}  # their own names
    assert {name.split(".so")[0] for name in needed - ours} <= {
        "libc", "libm", "libdl", "libpthread", "librt", "ld-linux-x86-64", "ld-linux-aarch64"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("symbols", "platform", "tag"),
    [
        (b"\0GLIBC_2.2.5\0GLIBC_2.34\0", "linux-x86_64", "manylinux_2_34_x86_64"),
        (b"\0GLIBC_2.4\0", "linux-x86_64", "manylinux_2_17_x86_64"),
        (b"\0GLIBC_2.17\0", "linux-aarch64", "manylinux_2_17_aarch64"),
        (b"\0GLIBC_2.17\0GLIBC_PRIVATE\0", "linux-x86_64", "linux_x86_64"),
        (b"\0libc.musl-x86_64.so.1\0", "linux-x86_64", "linux_x86_64"),
        (b"\0GLIBC_2.17\0", "linux-mips64", "linux_mips64"),
    ],
)
def test_the_tag_is_what_the_symbols_allow(build_native, tmp_path, symbols, platform, tag) -> None:
    (tmp_path / "binary").write_bytes(symbols)
    assert build_native.platform_tag([tmp_path / "binary"], platform) == f"py3-none-{tag}"


def test_the_wheel_says_where_the_project_is(wheel) -> None:
    files = zipfile.ZipFile(wheel)
    (name,) = [name for name in files.namelist() if name.endswith(".dist-info/METADATA")]
    urls = re.findall(r"^Project-URL: (\w+), https://", files.read(name).decode(), re.M)
    assert urls == ["Source", "Documentation", "Changelog", "Issues"]


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
    assert {"gpu_virt_bench/suites/gate.toml", "gpu_virt_bench/policies/gate.toml"} <= names
    pages = ("page.html.j2", "blocks.html.j2", "paper.html.j2", "page.css", "page.js", "paper.css")
    assert {f"gpu_virt_bench/report/templates/{name}" for name in pages} <= names


def test_the_unpacked_wheel_measures(wheel, tmp_path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    command = [sys.executable, "-m", "gpu_virt_bench", "run", "--device", "emulated:tiny", "--metrics", "OH-001"]
    command += ["--repetitions", "1", "--iterations", "2", "--output", str(tmp_path / "results"), "--json-only"]
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "site") in next((tmp_path / "results").glob("native/*.json")).read_text()
