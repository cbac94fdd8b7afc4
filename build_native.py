"""Builds libgvb and the emulated GPU with the C compiler in $CC, beside the Python package that carries them.

A hatchling build hook, so that `pip install .`, editable installs and wheels all do it; also a script:
`python build_native.py` builds in place.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
PACKAGE = ROOT / "src" / "gpu_virt_bench"
EMULATED = PACKAGE / "emulated" / "lib"
PROGRAMS = PACKAGE / "emulated" / "bin"
FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-g0", "-Wall", "-Wextra", "-Werror"]
MACHINES = ("x86_64", "aarch64", "ppc64le", "s390x", "riscv64")
"""Machines for which PyPI takes Linux wheels."""
OLDEST_GLIBC = (2, 17)
"""What the oldest tag in use stands for."""
LIBRARY = ["-fPIC", "-shared", "-fvisibility=hidden", "-Wl,-z,defs"]


def compiler() -> list[str]:
    """The C compiler: $CC, else cc or gcc."""
    command = shlex.split(os.environ.get("CC", "")) or ["cc" if shutil.which("cc") else "gcc"]
    if shutil.which(command[0]) is None:
        sys.exit(f"no C compiler: {command[0]} was not found; install gcc, or set CC")
    return command


def targets() -> dict[Path, tuple[list[Path], list[str]]]:
    """What is built: target, its sources, its own flags."""
    emulator, libgvb = ROOT / "emulator", ROOT / "libgvb"
    common = sorted(emulator.glob("common_*.c"))
    return {
        PACKAGE / "libgvb" / "libgvb.so": (sorted(libgvb.glob("*.c")), [*LIBRARY, "-ldl", "-lpthread"]),
        EMULATED / "libcuda.so.1": (
            common + sorted(emulator.glob("driver_*.c")),
            [*LIBRARY, "-Wl,-soname,libcuda.so.1", "-lpthread", "-lm", "-lrt"],
        ),
        EMULATED / "libnvidia-ml.so.1": (
            common + sorted(emulator.glob("nvml_*.c")),
            [*LIBRARY, "-Wl,-soname,libnvidia-ml.so.1", "-lpthread", "-lm", "-lrt"],
        ),
        PROGRAMS / "nvidia-cuda-mps-control": (
            sorted([*emulator.glob("mps_*.c"), *emulator.glob("common_config*.c")]),
            ["-lm"],
        ),
    }


def is_current(target: Path) -> bool:
    """Whether the target is newer than every C source, header and kernel."""
    if not target.exists():
        return False
    inputs = [path for folder in ("libgvb", "emulator") for path in (ROOT / folder).rglob("*") if path.is_file()]
    return all(path.stat().st_mtime <= target.stat().st_mtime for path in [*inputs, Path(__file__)])


def build(target: Path, sources: list[Path], flags: list[str]) -> None:
    """Compiles one target, unless it is current."""
    if is_current(target):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    include = [f"-I{ROOT / 'libgvb'}", f"-I{ROOT / 'emulator'}"]
    fresh = target.with_suffix(".new")
    command = [*compiler(), *FLAGS, *include, *map(str, sources), "-o", str(fresh), *flags]
    subprocess.run(command, check=True)
    fresh.replace(target)  # a process that has the old file mapped keeps it


def build_all() -> None:
    """Compiles all targets that are not current."""
    for target, (sources, flags) in targets().items():
        build(target, sources, flags)


def glibc_of(binary: bytes) -> tuple[int, int] | None:
    """The newest glibc whose symbols a binary asks for; None where it asks for symbols that no release promises."""
    versions = set(re.findall(rb"\0GLIBC_([0-9A-Z_.]+)(?=\0)", binary))
    if not versions or not all(re.fullmatch(rb"2\.\d+(\.\d+)?", version) for version in versions):
        return None
    return 2, max(int(version.split(b".")[1]) for version in versions)


def platform_tag(binaries: Iterable[Path], platform: str = sysconfig.get_platform()) -> str:
    """The wheel's tag: any Python 3, no Python ABI, Linux with the newest glibc that a binary needs.

    A binary of another C library, or for a machine that PyPI has no tag for, is tagged for this platform alone, which
    PyPI does not take.
    """
    system, _, machine = platform.replace(".", "_").replace("-", "_").partition("_")
    found = [glibc_of(binary.read_bytes()) for binary in binaries]
    if system != "linux" or machine not in MACHINES or None in found:
        return f"py3-none-{system}_{machine}"
    major, minor = max(OLDEST_GLIBC, *filter(None, found))
    return f"py3-none-manylinux_{major}_{minor}_{machine}"


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run as a script, outside a build
    pass
else:

    class NativeBuildHook(BuildHookInterface):  # type: ignore[type-arg]
        """Compiles before the wheel is assembled, and tags it for the platform."""

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
            if self.target_name != "wheel":
                return
            build_all()
            build_data["pure_python"] = False
            build_data["tag"] = platform_tag(targets())


if __name__ == "__main__":
    build_all()
