"""What an allocation costs in processes that become, step by step, a tenant: which step makes it dearer.

    python benchmarks/processes.py INDEPENDENT [--device NAME] [--bytes N] [--seconds S] [--output FILE.json]

INDEPENDENT is benchmarks/independent/independent.c, built where NVIDIA's cuda.h is. One process of each kind, all on
one processor, takes batches of 50 in turn, milliseconds apart; then fresh ones do, until the time is over. Compared is
the median of each process's ratios to the independent program, batch by batch. Prints a table and writes every figure.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from agreement import WARM, Cpus, Independent, own_variables, pairs_of, pin, warn

from gpu_virt_bench import libgvb
from gpu_virt_bench.engine.device import choose
from gpu_virt_bench.engine.folder import session_folder
from gpu_virt_bench.engine.host import node_cpus, share_cpus
from gpu_virt_bench.model.workload import Stop, Workload
from gpu_virt_bench.systems.environment import clean
from gpu_virt_bench.systems.native import Native
from gpu_virt_bench.tenant import Tenant, argv

BATCHES = 9
"""Of each process; the first does not count."""
Batch = Callable[[], tuple[float, float]]
Seconds = tuple[float, float]


@dataclass(frozen=True)
class Place:
    """What all kinds are started with. `plain` leads to the device; `own` is what a native tenant has beside it."""

    program: str
    plain: Mapping[str, str]
    own: Mapping[str, str]
    native: Native
    folder: Path
    cpus: Cpus
    bytes: int

    def env(self, names: Sequence[str]) -> dict[str, str]:
        """The variables of a process that has some of a tenant's own."""
        return {**self.plain, **{name: self.own[name] for name in names}}


@dataclass(frozen=True)
class Member:
    """A running process of one kind."""

    pid: int
    batch: Batch


@contextmanager
def independent(place: Place, *names: str) -> Iterator[Member]:
    """The independent program, with some of a tenant's variables."""
    with closing(Independent(place.program, place.env(names), place.cpus)) as one:
        yield Member(one.process.pid, lambda: two(one.ask(f"alloc {place.bytes}")))


@contextmanager
def bare(place: Place, *names: str) -> Iterator[Member]:
    """Python with libgvb, which answers as the independent program does."""
    env = {**place.env(names), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, __file__, "--serve"]
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        stdin, stdout = process.stdin, process.stdout
        if stdout.readline() != "ready\n":
            sys.exit("Python with libgvb did not get ready")
        pin(process.pid, place.cpus)

        def ask() -> Seconds:
            stdin.write(f"{place.bytes}\n")
            stdin.flush()
            return two([float(word) for word in stdout.readline().split()])

        yield Member(process.pid, ask)
        stdin.close()


@contextmanager
def loose(place: Place, *names: str, facts: bool) -> Iterator[Member]:
    """A tenant's process that no system started."""
    log = place.folder / f"stderr-{time.monotonic_ns()}"
    with closing(Tenant("loose tenant", argv([], place.env(names)), log, clean())) as tenant:
        yield member(place, tenant, facts)


@contextmanager
def real(place: Place) -> Iterator[Member]:
    """A native tenant, as a session starts it."""
    with place.native.tenant() as tenant:
        yield member(place, tenant, facts=True)


def member(place: Place, tenant: Tenant, facts: bool) -> Member:
    """A tenant's process that has its context."""
    if facts:
        tenant.facts()
    tenant.prepare(pairs_of(place.bytes))
    if place.cpus:
        tenant.pin(place.cpus[0], place.cpus[:1])
    return Member(tenant.pid, lambda: ours(tenant.run(pairs_of(place.bytes)).columns))


CACHE, MPS = "CUDA_CACHE_DISABLE", "CUDA_MPS_PIPE_DIRECTORY"
"""The variables that a native tenant has of its own."""
KINDS: Mapping[str, Callable[[Place], AbstractContextManager[Member]]] = {
    "independent": independent,
    f"independent, {CACHE}": lambda place: independent(place, CACHE),
    f"independent, {MPS}": lambda place: independent(place, MPS),
    "independent, both variables": lambda place: independent(place, CACHE, MPS),
    "Python with libgvb": bare,
    "Python with libgvb, both variables": lambda place: bare(place, CACHE, MPS),
    "tenant's process, no facts": lambda place: loose(place, facts=False),
    "tenant's process": lambda place: loose(place, facts=True),
    f"tenant's process, {CACHE}": lambda place: loose(place, CACHE, facts=True),
    f"tenant's process, {MPS}": lambda place: loose(place, MPS, facts=True),
    "tenant's process, both variables, no facts": lambda place: loose(place, CACHE, MPS, facts=False),
    "native tenant": real,
}


def two(values: list[float]) -> Seconds:
    """A pair of medians: allocation, free."""
    return values[0], values[1]


def ours(columns: Mapping[str, Any]) -> Seconds:
    """The medians of a batch of libgvb's, without what the independent program leaves out; seconds."""
    return two([median(columns[name][WARM:]) * 1e-9 for name in ("alloc", "free")])


def serve() -> None:
    """The child's side of `bare`: a batch for each line, until the end of input."""
    libgvb.open_driver()
    libgvb.make_context()
    print("ready", flush=True)
    works: dict[str, libgvb.Work] = {}
    for line in sys.stdin:
        work = works.get(line) or works.setdefault(line, libgvb.Work(pairs_of(int(line))))
        print(*ours(work.run(0, Stop()).columns), flush=True)


def figures(pid: int) -> dict[str, int]:
    """What may tell one process from another."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return {
        "maps": len(Path(f"/proc/{pid}/maps").read_text().splitlines()),
        "threads": int(status["Threads"]),
        "resident_kib": int(status["VmRSS"].split()[0]),
    }


def fresh(place: Place, number: int) -> dict[str, Any]:
    """Batches in turn of one new process of each kind; which is started first, and asked first, goes round."""
    names = list(KINDS)
    names = names[number % len(names) :] + names[: number % len(names)]
    with ExitStack() as stack:
        members = {name: stack.enter_context(KINDS[name](place)) for name in names}
        heater = stack.enter_context(place.native.tenant(name="warming tenant"))
        heater.run(Workload("warm", {"duration": 5 * 10**8, "sm_count": heater.facts()["device"]["sm_count"]}))
        taken: dict[str, list[Seconds]] = {name: [] for name in names}
        for batch in range(BATCHES):
            for name in names if batch % 2 == 0 else reversed(names):
                taken[name].append(members[name].batch())
        seen = {name: figures(one.pid) for name, one in members.items()}
    return {name: {"batches": taken[name][1:], **seen[name]} for name in KINDS}


def rounds(program: str, device: str, size: int, seconds: float) -> list[dict[str, Any]]:
    """Fresh processes of all kinds, until the time is over."""
    found: list[dict[str, Any]] = []
    until = time.monotonic() + seconds
    with (
        session_folder(warn) as folder,
        closing(choose(device, {}, folder)) as target,
        closing(Native(target.envs, folder)) as native,
    ):
        plain = {**clean(), **target.envs[0]}
        cpus = (share_cpus(sorted(node_cpus(None)), 1) or [()])[0]
        place = Place(program, plain, own_variables(folder), native, folder, cpus, size)
        while time.monotonic() < until:
            found.append(fresh(place, len(found)))
            warn(f"{len(found)} times one process of each kind")
    return found


def summary(found: list[dict[str, Any]]) -> dict[str, Any]:
    """For each kind: the median over processes of its cost, and of its ratio to the first kind."""
    base = next(iter(KINDS))
    table = {}
    for name in KINDS:
        ratios = [
            [median(own[i] / other[i] for own, other in zip(one[name]["batches"], one[base]["batches"], strict=True))
             for one in found]
            for i in (0, 1)
        ]  # fmt: skip
        costs = [[median(batch[i] for batch in one[name]["batches"]) for one in found] for i in (0, 1)]
        table[name] = {
            "alloc": median(costs[0]),
            "free": median(costs[1]),
            "alloc_ratio": median(ratios[0]),
            "free_ratio": median(ratios[1]),
            "alloc_ratios": ratios[0],
        }
    return table


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("independent", nargs="?")
    parser.add_argument("--serve", action="store_true", help="what Python with libgvb does")
    parser.add_argument("--device", default="auto", help="as of `gpu-virt-bench run`")
    parser.add_argument("--bytes", type=int, default=67108864)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    if given.serve:
        serve()
        return
    if given.independent is None:
        parser.error("the independent program is needed")
    found = rounds(given.independent, given.device, given.bytes, given.seconds)
    table = summary(found)
    print(f"{'kind':42} {'alloc us':>8} {'ratio':>6} {'free us':>8} {'ratio':>6}  alloc ratios of the processes")
    for name, row in table.items():
        ratios = " ".join(f"{ratio:.3f}" for ratio in sorted(row["alloc_ratios"]))
        print(
            f"{name:42} {row['alloc'] * 1e6:8.2f} {row['alloc_ratio']:6.3f} "
            f"{row['free'] * 1e6:8.2f} {row['free_ratio']:6.3f}  {ratios}"
        )
    if given.output:
        result = {"bytes": given.bytes, "unit": "s", "kinds": table, "rounds": found}
        given.output.write_text(json.dumps(result, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
