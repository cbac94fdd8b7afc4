"""libgvb against an independent C program, on a real GPU, batch by batch in turn: the same quantities, as ratios.

    python benchmarks/agreement.py INDEPENDENT LIBRARY [--device NAME] [--processes N] [--pairs N] [--starts N]
        [--output FILE.json]

INDEPENDENT is benchmarks/independent/independent.c, built where NVIDIA's cuda.h is; LIBRARY the same as a shared
library. Two processes run at once on the same processor (unless there are fewer than four) and take batches in turn,
milliseconds apart, A B then B A: a host whose speed comes and goes (a neighbor, a shared core) then hits both batches
of a pair alike. Compared is the median over the pairs of the ratio within a pair. Process starts are compared in the
same way.

Both have the same variables: a process that compiles its kernels itself (CUDA_CACHE_DISABLE) pays some per cent more
for an allocation of 64 MiB than one that finds them compiled (benchmarks/processes.py). What such an allocation costs
also differs from process to process by up to a half, whoever reads the clock. So allocations are compared a second time
with both loops in one process, on one context, and that decides for the large ones; between processes they are printed
and do not count.
Prints a table and writes every figure. Exit status 1 if a ratio that counts is off by more than 5 %.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from gpu_virt_bench import libgvb
from gpu_virt_bench.engine.device import choose
from gpu_virt_bench.engine.folder import session_folder
from gpu_virt_bench.engine.host import node_cpus, share_cpus
from gpu_virt_bench.model.workload import Stop, Workload
from gpu_virt_bench.systems.environment import clean
from gpu_virt_bench.systems.native import Native
from gpu_virt_bench.tenant import Tenant

SIZES = (4096, 2097152, 67108864, 1073741824)
LARGE = 67108864
"""From here on, what an allocation costs belongs to the process."""
TOLERANCE = 0.05
WARM = 10
"""Pairs at the begin of each batch that both programs leave out."""
Figures = dict[str, float]
Batch = Callable[[], Figures]
Cpus = tuple[int, ...]
"""The processor of timed calls, then those of all other threads; none where there are too few."""


def pin(process: int, cpus: Cpus) -> None:
    """Keeps a process on one processor with all its threads: two may differ in speed, and what a call costs depends on
    where the process's other threads have run."""
    for task in Path(f"/proc/{process}/task").iterdir() if cpus else ():
        os.sched_setaffinity(int(task.name), cpus[:1])


class Independent:
    """The independent program, answering batches."""

    def __init__(self, program: str, env: Mapping[str, str], cpus: Cpus) -> None:
        command = [program, "--serve"]
        self.process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdin is not None and self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout
        if self.stdout.readline() != "ready\n":
            sys.exit("the independent program did not get ready")
        pin(self.process.pid, cpus)

    def close(self) -> None:
        """Ends the program by the end of its input."""
        self.stdin.close()
        self.process.wait()
        self.stdout.close()

    def ask(self, line: str) -> list[float]:
        """The medians of one batch, seconds."""
        self.stdin.write(line + "\n")
        self.stdin.flush()
        return [float(word) * 1e-9 for word in self.stdout.readline().split()]

    def launches(self) -> Figures:
        """Launch call and launch + sync."""
        return dict(zip(("launch call", "launch + sync"), self.ask("launch"), strict=True))

    def pairs(self, size: int) -> Figures:
        """cuMemAlloc and cuMemFree."""
        return dict(zip((f"alloc {size}", f"free {size}"), self.ask(f"alloc {size}"), strict=True))


class Inside:
    """Both loops in this process, on the context that libgvb makes; for a process of its own."""

    def __init__(self, path: str) -> None:
        self._pairs = ctypes.CDLL(path).independent_pairs
        self._pairs.argtypes = [ctypes.c_size_t, *[ctypes.POINTER(ctypes.c_double)] * 2]
        self._pairs.restype = None
        libgvb.open_driver()
        libgvb.make_context()

    def theirs(self, size: int) -> Figures:
        """Medians by the independent loop."""
        alloc, free = ctypes.c_double(), ctypes.c_double()
        self._pairs(size, alloc, free)
        return {f"alloc {size} inside": alloc.value * 1e-9, f"free {size} inside": free.value * 1e-9}

    def ours(self, work: libgvb.Work, size: int) -> Figures:
        """Medians by libgvb."""
        series = work.run(0, Stop())
        return {f"{name} {size} inside": median(series.seconds(name)[WARM:]) for name in ("alloc", "free")}

    def rows(self, pairs: int) -> list[dict[str, Any]]:
        """All sizes, batch by batch in turn."""
        rows: list[dict[str, Any]] = []
        for size in SIZES:
            work = libgvb.Work(pairs_of(size))
            rows += take_turns(partial(self.theirs, size), partial(self.ours, work, size), pairs)
            work.release()
        return rows


class Ours:
    """A native tenant, running libgvb's routines as the metrics do."""

    def __init__(self, tenant: Tenant, cpus: Cpus) -> None:
        self.tenant = tenant
        if cpus:
            tenant.pin(cpus[0], cpus[:1])

    def take(self, routine: str, column: str, args: dict[str, int | str]) -> float:
        """The median of one column, seconds."""
        return median(self.tenant.run(Workload(routine, args)).seconds(column))

    def launches(self) -> Figures:
        """Launch call and launch + sync."""
        api: dict[str, int | str] = {"api": "cuLaunchKernel"}
        call = self.take("launch_latency", "call", {**api, "count": 1000, "drain": 32})
        return {"launch call": call, "launch + sync": self.take("launch_sync", "round_trip", {**api, "count": 500})}

    def pairs(self, size: int) -> Figures:
        """cuMemAlloc and cuMemFree; the first ones after a pause do not count, as in the other program."""
        series = self.tenant.run(pairs_of(size))
        return {f"{name} {size}": median(series.seconds(name)[WARM:]) for name in ("alloc", "free")}


def pairs_of(size: int) -> Workload:
    """Our loop of allocations and frees, with those that do not count."""
    return Workload("alloc_free", {"api": "cuMemAlloc_v2", "bytes": size, "count": WARM + 50, "pending": 0})


def inside(library: str, env: Mapping[str, str], cpus: Cpus, pairs: int) -> list[dict[str, Any]]:
    """What a fresh process finds that has both loops."""
    command = [sys.executable, __file__, "--inside", library, "--pairs", str(pairs)]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        pin(process.pid, cpus)
        found: list[dict[str, Any]] = json.loads(process.communicate()[0])
    return found


def their_start(program: str, env: Mapping[str, str], cpus: Cpus) -> Figures:
    """One start of the independent program, which is linked with the driver: loading it is not in its total."""
    with subprocess.Popen([program, "--start"], env=env, stdout=subprocess.PIPE, text=True) as process:
        pin(process.pid, cpus)
        found = [float(word) * 1e-9 for word in process.communicate()[0].split()]
    return dict(zip(("start init", "start context", "start total"), found, strict=True))


def our_start(native: Native, cpus: Cpus) -> Figures:
    """One start of a tenant."""
    with native.tenant(name="fresh tenant") as tenant:
        columns = Ours(tenant, cpus).tenant.run(Workload("context_cycle", {"device": 0})).columns
    total = sum(column[0] for name, column in columns.items() if name != "load")
    found = {"init": columns["init"][0], "context": columns["context"][0], "total": total}
    return {f"start {name}": value * 1e-9 for name, value in found.items()}


def take_turns(theirs: Batch, own: Batch, pairs: int) -> list[dict[str, Any]]:
    """Pairs A B, B A, ...; a row for each quantity."""
    taken: dict[Batch, list[Figures]] = {theirs: [], own: []}
    for number in range(pairs):
        for step in (theirs, own) if number % 2 == 0 else (own, theirs):
            taken[step].append(step())
    return [row(name, [t[name] for t in taken[theirs]], [o[name] for o in taken[own]]) for name in taken[own][0]]


def row(name: str, theirs: list[float], own: list[float]) -> dict[str, Any]:
    """One quantity: medians, and the median of the pairs' ratios."""
    ratio = median(o / t for o, t in zip(own, theirs, strict=True))
    return {
        "name": name,
        "independent": median(theirs),
        "libgvb": median(own),
        "ratio": ratio,
        "counts": "inside" in name or not any(name.endswith(f" {size}") for size in SIZES if size >= LARGE),
        "agrees": abs(ratio - 1) <= TOLERANCE,
        "independent_batches": theirs,
        "libgvb_batches": own,
    }


def compare(program: str, library: str, device: str, processes: int, pairs: int, starts: int) -> list[dict[str, Any]]:
    """All quantities, over several fresh pairs of processes: each has its own address layout and its own luck."""
    rows: list[dict[str, Any]] = []
    with (
        session_folder(warn) as folder,
        closing(choose(device, {}, folder)) as target,  # NVML stays open, as in a session
        closing(Native(target.envs, folder)) as native,
    ):
        env = {**clean(), **target.envs[0], **own_variables(folder)}
        cpus = (share_cpus(sorted(node_cpus(None)), 1) or [()])[0]
        for number in range(processes):
            rows += fresh_pair(program, env, native, cpus, pairs, swapped=number % 2 == 1)
            rows += inside(library, env, cpus, pairs)
            warn(f"{number + 1} of {processes} pairs of processes")
        rows += take_turns(partial(their_start, program, env, cpus), partial(our_start, native, cpus), starts)
    for problem in native.problems:
        warn(problem)
    return merged(rows)


def own_variables(folder: Path) -> dict[str, str]:
    """What a native tenant has of its own: a process that compiles its kernels itself allocates otherwise."""
    (folder / "no-mps").mkdir()
    return {"CUDA_CACHE_DISABLE": "1", "CUDA_MPS_PIPE_DIRECTORY": str(folder / "no-mps")}


def fresh_pair(
    program: str, env: Mapping[str, str], native: Native, cpus: Cpus, pairs: int, swapped: bool
) -> list[dict[str, Any]]:
    """Launches, allocations and frees of one fresh process of each kind; `swapped`: ours is there first."""
    with ExitStack() as stack:
        if not swapped:
            theirs = stack.enter_context(closing(Independent(program, env, cpus)))
        tenant = stack.enter_context(native.tenant())
        tenant.facts()  # both have their contexts before the device is warmed
        if swapped:
            theirs = stack.enter_context(closing(Independent(program, env, cpus)))
        with native.tenant(name="warming tenant") as heater:  # a process that has worked allocates otherwise
            heater.run(Workload("warm", {"duration": 10**9, "sm_count": heater.facts()["device"]["sm_count"]}))
        ours = Ours(tenant, cpus)
        rows = take_turns(theirs.launches, ours.launches, pairs)
        tenant.release()
        for size in SIZES:
            rows += take_turns(partial(theirs.pairs, size), partial(ours.pairs, size), pairs)
            tenant.release()
    return rows


def warn(text: str) -> None:
    """A line for whoever waits."""
    print(text, file=sys.stderr)


def merged(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row for each quantity, from the batches of all processes."""
    names = dict.fromkeys(entry["name"] for entry in rows)
    return [
        row(
            name,
            [value for entry in rows if entry["name"] == name for value in entry["independent_batches"]],
            [value for entry in rows if entry["name"] == name for value in entry["libgvb_batches"]],
        )
        for name in names
    ]


def main() -> None:
    """Takes the pairs and compares."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("independent", nargs="?")
    parser.add_argument("library", nargs="?")
    parser.add_argument("--inside", metavar="LIBRARY", help="what a fresh process does: both loops in it")
    parser.add_argument("--device", default="auto", help="as of `gpu-virt-bench run`")
    parser.add_argument("--processes", type=int, default=12)
    parser.add_argument("--pairs", type=int, default=10, help="batches of each in one pair of processes")
    parser.add_argument("--starts", type=int, default=24)
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    if given.inside:
        json.dump(Inside(given.inside).rows(given.pairs), sys.stdout)
        return
    if given.library is None:
        parser.error("the independent program and its shared library are needed")
    rows = compare(given.independent, given.library, given.device, given.processes, given.pairs, given.starts)
    print(f"{'quantity':24} {'independent':>12} {'libgvb':>12} {'ratio':>7}")
    for entry in rows:
        mark = "" if entry["agrees"] else "   apart" if entry["counts"] else "   apart (does not count)"
        print(f"{entry['name']:24} {entry['independent']:12.4e} {entry['libgvb']:12.4e} {entry['ratio']:7.3f}{mark}")
    if given.output:
        result = {
            "processes": given.processes,
            "pairs": given.pairs,
            "starts": given.starts,
            "unit": "s",
            "quantities": rows,
        }
        given.output.write_text(json.dumps(result, indent=1) + "\n")
    sys.exit(0 if all(entry["agrees"] for entry in rows if entry["counts"]) else 1)


if __name__ == "__main__":
    main()
