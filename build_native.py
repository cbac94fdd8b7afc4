"""Builds libgvb and the emulated GPU with the C compiler in $CC, beside the Python package that carries them.

A hatchling build hook, so that `pip install .`, editable installs and wheels all do it; also a script:
`python build_native.py` builds in place.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
PACKAGE = ROOT / "src" / "gpu_virt_bench"
EMULATED = PACKAGE / "emulated" / "lib"
PROGRAMS = PACKAGE / "emulated" / "bin"
FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-g0", "-Wall", "-Wextra", "-Werror"]
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
        PROGRAMS / "nvidia-cuda-mps-control": (sorted(emulator.glob("mps_*.c")), []),
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


def platform_tag() -> str:
    """The wheel's tag: any Python 3, no Python ABI, this platform."""
    return "py3-none-" + sysconfig.get_platform().replace("-", "_").replace(".", "_")


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
            build_data["tag"] = platform_tag()


if __name__ == "__main__":
    build_all()
