"""Do verdicts hold? On the emulated GPU, where the truth is known.

    python benchmarks/verdicts.py [--seeds N] [--layers N] [--only METRIC] [--parallel N]
                                   [--keep DIR] [--output FILE.json]

A/A: for each seed a session measures `native` twice (--aa) and, beside it, a control layer that passes every call on
and does nothing else. The twin and the control, compared as candidates, must not differ in any metric. Layers:
sessions of `native` beside systems that cost a known amount (LAYERS), one session for each outcome that they slow:
there they must be found, but for one too small to matter. The effort is that of benchmarks/suites/verdicts.toml,
margins are the default ones. With --only METRIC nothing else is measured. With --parallel N so many sessions run at a
time, each on its part of the processors. Prints a line for each session and writes every change. Exit status 1 if a
verdict is wrong.

Needs the reference layer: make -C tests/layer all
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from statistics import median
from typing import Any

from gpu_virt_bench.compare import compare_files
from gpu_virt_bench.model.comparison import Comparison
from gpu_virt_bench.policy import load

SUITE = Path(__file__).parent / "suites" / "verdicts.toml"
REFERENCE = Path(__file__).parent.parent / "tests" / "layer"
LIBRARY = REFERENCE / "build" / "libgvblayer.so"
SLOWER = ("worse", "slightly worse")
FALSE = ("better", "slightly better", *SLOWER, "deferred or elided")
"""Verdicts that say that something differs."""
RATE = """
title = "Kernels that take {percent} % longer"
description = "A rate factor of the emulated GPU for the processes of this system: what a layer inside them costs."
mechanism = "none" # nothing stands between: the device itself is slower
features = ["concurrent-tenants", "separate-processes", "outside-observer"]
[tenant]
env.GVB_EMULATED_RATE = "{rate:.6f}"
[proof]
served_by.cuLaunchKernel = "libcuda.so.1"
env.GVB_EMULATED_RATE = "{rate:.6f}"
"""


@dataclass(frozen=True)
class Layer:
    """What a system costs: its definition, the outcome that shows it, and the verdicts that are right."""

    definition: str
    outcome: str
    right: tuple[str, ...] = SLOWER


def rate(percent: float) -> str:
    """A layer that makes kernels take longer."""
    return RATE.format(percent=percent, rate=1 / (1 + percent / 100))


def delay(call: str, nanoseconds: int) -> str:
    """The reference layer, with a delay before a call."""
    text = (REFERENCE / "reference-layer.toml").read_text()
    return text.replace("[tenant]\n", f'[tenant]\nenv.LAYER_DELAY = "{call}={nanoseconds}"\n')


LAYERS: Mapping[str, Layer] = {
    "kernels-3-percent": Layer(rate(3.0), "OH-010"),
    "kernels-0.3-percent": Layer(rate(0.3), "OH-010", ("same",)),
    "launch-200-ns": Layer(delay("cuLaunchKernel", 200), "OH-001"),
    "alloc-1-us": Layer(delay("cuMemAlloc_v2", 1000), "OH-002"),
}


CONTROL = "control"


class Places:
    """Parts of the processors, of which each session has one while it lasts; and what all sessions measure."""

    def __init__(self, parallel: int, only: str | None) -> None:
        self.only = ["--metrics", only] if only else []
        cpus = sorted(os.sched_getaffinity(0))
        if parallel < 1 or len(cpus) < 2 * parallel:
            sys.exit(f"--parallel {parallel} needs {2 * max(1, parallel)} processors, found {len(cpus)}")
        each = len(cpus) // parallel
        self.free = SimpleQueue[str]()
        for part in range(parallel):
            self.free.put(",".join(map(str, cpus[part * each : (part + 1) * each])))

    @contextmanager
    def one(self) -> Iterator[list[str]]:
        """A command prefix that stays in a free part."""
        cpus = self.free.get()
        try:
            yield ["taskset", "-c", cpus]
        finally:
            self.free.put(cpus)


def session(places: Places, folder: Path, seed: int, *options: str) -> dict[str, Path]:
    """The run files of a session by system, the twin as `aa`. One that is there already is not measured again."""
    if not folder.exists():
        measured = folder.with_name(f"{folder.name}-unfinished")
        shutil.rmtree(measured, ignore_errors=True)
        command = [sys.executable, "-m", "gpu_virt_bench", "run", "--device", "emulated:h200", "--suite", str(SUITE)]
        command += ["--seed", str(seed), "--emulate", f"seed={seed}", "--output", str(measured), "--json-only"]
        command += places.only
        with places.one() as pinned:
            subprocess.run([*pinned, *command, *options], check=True, stdout=subprocess.DEVNULL)
        measured.rename(folder)
    return {"aa" if path.stem.endswith("_aa") else path.parent.name: path for path in folder.rglob("*.json")}


def judged(baseline: Path, candidate: Path) -> Comparison:
    """The comparison under the default policy."""
    (found,) = compare_files(baseline, [candidate], load(None))
    return found


def changes(comparison: Comparison) -> dict[str, Any]:
    """Verdict, change and interval of every outcome, and on how much it rests."""
    return {
        row.id: {
            "verdict": row.verdict,
            **({"reason": row.reason} if row.reason else {}),
            **({"repetitions": row.change.repetitions, **asdict(row.change.interval)} if row.change else {}),
        }
        for row in comparison.rows
    }


def aa_session(places: Places, folder: Path, seed: int) -> dict[str, Any]:
    """One A/A session: twin and control as candidates. There is no noise floor here, since the twin would be it."""
    control = chosen(
        folder / f"definitions-{seed}", CONTROL, Layer((REFERENCE / "reference-layer.toml").read_text(), "all")
    )
    paths = session(places, folder / f"aa-{seed}", seed, "--system", "native", *control, "--aa")
    alone = folder / f"aa-{seed}" / "alone" / paths["aa"].name  # beside its baseline it would be taken as the floor
    alone.parent.mkdir(exist_ok=True)
    twin = paths["aa"].rename(alone) if not alone.exists() else alone
    return {"twin": changes(judged(paths["native"], twin)), CONTROL: changes(judged(paths["native"], paths[CONTROL]))}


def shown(places: Places) -> Mapping[str, Layer]:
    """The layers whose outcome is measured."""
    return {name: layer for name, layer in LAYERS.items() if not places.only or layer.outcome in places.only}


def layer_sessions(places: Places, folder: Path, seed: int) -> dict[str, Any]:
    """A session for each outcome: native and the layers that slow it."""
    found: dict[str, Any] = {}
    for outcome in dict.fromkeys(layer.outcome for layer in shown(places).values()):
        layers = {name: layer for name, layer in LAYERS.items() if layer.outcome == outcome}
        options = [
            word for name, layer in layers.items() for word in chosen(folder / f"definitions-{seed}", name, layer)
        ]
        paths = session(places, folder / f"{outcome}-{seed}", seed, "--system", "native", *options)
        found |= {name: changes(judged(paths["native"], paths[name])) for name in layers}
    return found


def chosen(folder: Path, name: str, layer: Layer) -> list[str]:
    """The options of `run` that take a layer into a session."""
    path = folder / f"{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(layer.definition)
    library = ["--option", f"{name}.library={LIBRARY}"] if "[options.library]" in layer.definition else []
    return ["--system", str(path), *library]


def measure(seeds: int, layers: int, places: Places, parallel: int, keep: Path | None) -> dict[str, Any]:
    """All sessions, so many at a time."""
    found: dict[str, Any] = {"aa": {}, "layers": {}}
    with nullcontext(keep) if keep else tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(parallel) as pool:
        asked = [
            (kind, seed, pool.submit(timed, partial(take, places, Path(name), seed)))
            for kind, take, count in (("aa", aa_session, seeds), ("layers", layer_sessions, layers))
            for seed in range(1, count + 1)
        ]
        for kind, seed, future in asked:
            seconds, found[kind][seed] = future.result()
            print(f"{kind} {seed}, {seconds:.0f} s: {told(kind, found[kind][seed])}", flush=True)
    return found


def timed(take: Callable[[], dict[str, Any]]) -> tuple[float, dict[str, Any]]:
    """What one session found, and how long it took."""
    began = time.monotonic()
    found = take()
    return time.monotonic() - began, found


def told(kind: str, one: Mapping[str, Any]) -> dict[str, Any]:
    """The verdicts of one session that count."""
    if kind == "aa":
        return {name: dict(Counter(entry["verdict"] for entry in there.values())) for name, there in one.items()}
    return {name: entry_of(name, one)["verdict"] for name in one}


def entry_of(name: str, one: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a session found of a layer, in the outcome that shows it."""
    found: Mapping[str, Any] = one[name][LAYERS[name].outcome]
    return found


def summary(found: Mapping[str, Any]) -> dict[str, Any]:
    """How many verdicts were right, and how fine the sessions were: the figures to quote."""
    sides = {
        side: [(name, entry) for one in found["aa"].values() for name, entry in one[side].items()]
        for side in ("twin", CONTROL)
    }
    aa = sides["twin"]
    widths = {name: [half(entry) for other, entry in aa if other == name] for name, _ in aa}
    layers = {name: LAYERS[name] for one in found["layers"].values() for name in one}
    right = {
        name: sum(entry_of(name, one)["verdict"] in layer.right for one in found["layers"].values())
        for name, layer in layers.items()
    }
    ratios = {name: [entry_of(name, one).get("value") for one in found["layers"].values()] for name in layers}
    return {
        "seeds": {kind: len(found[kind]) for kind in ("aa", "layers")},
        "aa_verdicts": dict(Counter(entry["verdict"] for _, entry in aa)),
        "control_verdicts": dict(Counter(entry["verdict"] for _, entry in sides[CONTROL])),
        "aa_false": sum(entry["verdict"] in FALSE for there in sides.values() for _, entry in there),
        "aa_median_half_width": {name: median(values) for name, values in widths.items()},
        "layers_right": right,
        "layers_ratio": ratios,
    }


def half(entry: Mapping[str, Any]) -> float:
    """Half of an interval's width; a change without one is as wide as can be."""
    low, high = entry.get("low"), entry.get("high")
    return float("inf") if low is None or high is None else (high - low) / 2


def main() -> None:
    """Measures the sessions and judges the verdicts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--layers", type=int, default=5, help="sessions with layers")
    parser.add_argument("--only", metavar="METRIC", help="one of the suite's, OH-010")
    parser.add_argument("--parallel", type=int, default=1, help="sessions at a time")
    parser.add_argument("--keep", type=Path, help="where run files stay; what is there is judged again, not measured")
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    if not LIBRARY.exists():
        sys.exit(f"no {LIBRARY}: make -C {REFERENCE} all")
    places = Places(given.parallel, given.only)
    found = measure(given.seeds, given.layers, places, given.parallel, given.keep)
    told_of = summary(found)
    print(json.dumps(told_of, indent=1))
    if given.output:
        given.output.write_text(json.dumps({**told_of, **found}, indent=1) + "\n")
    missed = any(count < given.layers for count in told_of["layers_right"].values())
    sys.exit(1 if told_of["aa_false"] or missed else 0)


if __name__ == "__main__":
    main()
