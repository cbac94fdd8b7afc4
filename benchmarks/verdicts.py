"""Do verdicts hold? On the emulated GPU, where the truth is known.

    python benchmarks/verdicts.py [--seeds N] [--layers N] [--output FILE.json]

A/A: for each seed a session measures `native` twice (--aa); its twin, compared as a candidate, must be neither
`better` nor `worse` in any metric. Layers: sessions of `native`, of one layer that adds 3 % to the time of kernels and
of one that adds 0.3 %; in OH-010, which is made of kernels, the first must be `worse` and the second not. Repetitions
are those of the suite `standard`, margins the default ones. Prints a line for each session and writes every change.
Exit status 1 if a verdict is wrong.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from gpu_virt_bench.compare import compare_files
from gpu_virt_bench.model.comparison import Comparison
from gpu_virt_bench.policy import load

SUITE = Path(__file__).parent / "suites" / "verdicts.toml"
LAYER = """
title = "Kernels that take {percent} % longer"
description = "A rate factor of the emulated GPU for the processes of this system: what a layer inside them costs."
mechanism = "in-process"
features = ["concurrent-tenants", "separate-processes", "outside-observer"]
[tenant]
env.GVB_EMULATED_RATE = "{rate:.6f}"
[proof]
env.GVB_EMULATED_RATE = "{rate:.6f}"
"""


def session(folder: Path, seed: int, *options: str) -> dict[str, Path]:
    """Measures a session; the paths of its run files by system, the twin as `aa`."""
    command = [sys.executable, "-m", "gpu_virt_bench", "run", "--device", "emulated:h200", "--suite", str(SUITE)]
    command += ["--seed", str(seed), "--emulate", f"seed={seed}", "--output", str(folder), "--json-only", *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    paths = [Path(path) for path in json.loads(done.stdout)["runs"]]
    return {"aa" if path.stem.endswith("_aa") else path.parent.name: path for path in paths}


def judged(baseline: Path, candidate: Path) -> Comparison:
    """The comparison under the default policy."""
    (found,) = compare_files(baseline, [candidate], load(None))
    return found


def changes(comparison: Comparison) -> dict[str, Any]:
    """Verdict, change and interval of every outcome."""
    return {
        row.id: {"verdict": row.verdict, "change": row.change.interval.__dict__ if row.change else None}
        for row in comparison.rows
    }


def aa_session(folder: Path, seed: int) -> dict[str, Any]:
    """One A/A session: the twin as a candidate. The noise floor is of no help here, since the twin is the floor."""
    paths = session(folder / f"aa-{seed}", seed, "--system", "native", "--aa")
    alone = paths["aa"].with_name("alone") / paths["aa"].name  # beside its baseline it would be taken as the floor
    alone.parent.mkdir()
    paths["aa"].rename(alone)
    return changes(judged(paths["native"], alone))


def layer_session(folder: Path, seed: int) -> dict[str, Any]:
    """One session of native and two layers."""
    systems = []
    for percent in (3.0, 0.3):
        path = folder / f"adds-{percent}.toml"
        path.write_text(LAYER.format(percent=percent, rate=1 / (1 + percent / 100)))
        systems += ["--system", str(path)]
    paths = session(folder / f"layers-{seed}", seed, "--system", "native", *systems, "--metrics", "OH-010")
    return {name: changes(judged(paths["native"], path)) for name, path in paths.items() if name != "native"}


def main() -> None:
    """Measures the sessions and judges the verdicts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--layers", type=int, default=5, help="sessions with layers")
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    result: dict[str, Any] = {"aa": {}, "layers": {}}
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(1, given.seeds + 1):
            found = result["aa"][seed] = aa_session(Path(folder), seed)
            verdicts = Counter(entry["verdict"] for entry in found.values())
            wrong += verdicts["better"] + verdicts["worse"]
            print(f"A/A seed {seed}: {dict(verdicts)}", flush=True)
        for seed in range(1, given.layers + 1):
            layers = result["layers"][seed] = layer_session(Path(folder), seed)
            verdicts_of = {name: found["OH-010"]["verdict"] for name, found in layers.items()}
            wrong += verdicts_of["adds-3.0"] != "worse"
            wrong += verdicts_of["adds-0.3"] not in ("same", "inconclusive")
            print(f"layers seed {seed}: {verdicts_of}", flush=True)
    print(f"{wrong} wrong verdicts in {given.seeds} A/A sessions and {given.layers} sessions with layers")
    if given.output:
        given.output.write_text(json.dumps({"wrong": wrong, **result}, indent=1) + "\n")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
