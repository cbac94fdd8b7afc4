"""Do verdicts hold? On the emulated GPU, where the truth is known.

    python benchmarks/verdicts.py [--seeds N] [--layers N] [--keep DIR] [--output FILE.json]

A/A: for each seed a session measures `native` twice (--aa); its twin, compared as a candidate, must not differ in any
metric. Layers: sessions of `native` beside systems that cost a known amount (LAYERS), one session for each outcome that
they slow: there they must be found, but for one too small to matter. The effort is that of
benchmarks/suites/verdicts.toml, margins are the default ones. Prints a line for each session and writes every change.
Exit status 1 if a verdict is wrong.

Needs the reference layer: make -C tests/layer all
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
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
mechanism = "in-process"
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


def session(folder: Path, seed: int, *options: str) -> dict[str, Path]:
    """The run files of a session by system, the twin as `aa`. One that is there already is not measured again."""
    if not folder.exists():
        measured = folder.with_name(f"{folder.name}-unfinished")
        shutil.rmtree(measured, ignore_errors=True)
        command = [sys.executable, "-m", "gpu_virt_bench", "run", "--device", "emulated:h200", "--suite", str(SUITE)]
        command += ["--seed", str(seed), "--emulate", f"seed={seed}", "--output", str(measured), "--json-only"]
        subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL)
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


def aa_session(folder: Path, seed: int) -> dict[str, Any]:
    """One A/A session: the twin as a candidate. The noise floor is of no help here, since the twin is the floor."""
    paths = session(folder / f"aa-{seed}", seed, "--system", "native", "--aa")
    alone = folder / f"aa-{seed}" / "alone" / paths["aa"].name  # beside its baseline it would be taken as the floor
    alone.parent.mkdir(exist_ok=True)
    return changes(judged(paths["native"], paths["aa"].rename(alone)))


def layer_sessions(folder: Path, seed: int) -> dict[str, Any]:
    """A session for each outcome: native and the layers that slow it."""
    found: dict[str, Any] = {}
    for outcome in dict.fromkeys(layer.outcome for layer in LAYERS.values()):
        layers = {name: layer for name, layer in LAYERS.items() if layer.outcome == outcome}
        options = [word for name, layer in layers.items() for word in chosen(folder, name, layer)]
        paths = session(folder / f"{outcome}-{seed}", seed, "--system", "native", *options)
        found |= {name: changes(judged(paths["native"], paths[name])) for name in layers}
    return found


def chosen(folder: Path, name: str, layer: Layer) -> list[str]:
    """The options of `run` that take a layer into a session."""
    path = folder / f"{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(layer.definition)
    library = ["--option", f"{name}.library={LIBRARY}"] if "[options.library]" in layer.definition else []
    return ["--system", str(path), *library]


def measure(seeds: int, layers: int, keep: Path | None) -> dict[str, Any]:
    """All sessions, one after the other, half a minute each."""
    found: dict[str, Any] = {"aa": {}, "layers": {}}
    with nullcontext(keep) if keep else tempfile.TemporaryDirectory() as name:
        for kind, take, count in (("aa", aa_session, seeds), ("layers", layer_sessions, layers)):
            for seed in range(1, count + 1):
                began = time.monotonic()
                found[kind][seed] = take(Path(name), seed)
                print(f"{kind} {seed}, {time.monotonic() - began:.0f} s: {told(kind, found[kind][seed])}", flush=True)
    return found


def told(kind: str, one: Mapping[str, Any]) -> dict[str, Any]:
    """The verdicts of one session that count."""
    if kind == "aa":
        return dict(Counter(entry["verdict"] for entry in one.values()))
    return {name: entry_of(name, one)["verdict"] for name in LAYERS}


def entry_of(name: str, one: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a session found of a layer, in the outcome that shows it."""
    found: Mapping[str, Any] = one[name][LAYERS[name].outcome]
    return found


def summary(found: Mapping[str, Any]) -> dict[str, Any]:
    """How many verdicts were right, and how fine the sessions were: the figures to quote."""
    aa = [(name, entry) for one in found["aa"].values() for name, entry in one.items()]
    widths = {name: [half(entry) for other, entry in aa if other == name] for name, _ in aa}
    right = {
        name: sum(entry_of(name, one)["verdict"] in layer.right for one in found["layers"].values())
        for name, layer in LAYERS.items()
    }
    ratios = {name: [entry_of(name, one).get("value") for one in found["layers"].values()] for name in LAYERS}
    return {
        "seeds": {kind: len(found[kind]) for kind in ("aa", "layers")},
        "aa_verdicts": dict(Counter(entry["verdict"] for _, entry in aa)),
        "aa_false": sum(entry["verdict"] in FALSE for _, entry in aa),
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
    parser.add_argument("--keep", type=Path, help="where run files stay; what is there is judged again, not measured")
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    if not LIBRARY.exists():
        sys.exit(f"no {LIBRARY}: make -C {REFERENCE} all")
    found = measure(given.seeds, given.layers, given.keep)
    told_of = summary(found)
    print(json.dumps(told_of, indent=1))
    if given.output:
        given.output.write_text(json.dumps({**told_of, **found}, indent=1) + "\n")
    missed = any(count < given.layers for count in told_of["layers_right"].values())
    sys.exit(1 if told_of["aa_false"] or missed else 0)


if __name__ == "__main__":
    main()
