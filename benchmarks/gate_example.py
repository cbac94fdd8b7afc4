"""Runs the commands of docs/examples/gate.yml: with an equal layer they must pass, with a slower one they must fail.

    .venv/bin/python benchmarks/gate_example.py [repetitions] > docs/results/gate-example.json

The slower layer adds SLOWER nanoseconds to every `cuLaunchKernel`. Prints one JSON object: for each run the step that
ended it, its exit status, and the change of each outcome.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
WORKFLOW = ROOT / "docs" / "examples" / "gate.yml"
BIN = Path(sys.executable).parent
SLOWER = 5000
STEP = re.compile(r"^      - name: (?P<name>.+)\n        run:(?P<command> .+\n(?:^          .+\n)*)", re.M)


def steps() -> dict[str, str]:
    """The shell commands of the workflow, by the names of their steps; what runs here is installed already."""
    found = {}
    for step in STEP.finditer(WORKFLOW.read_text()):
        style, _, text = step["command"].lstrip().partition("\n")
        lines = [line.strip() for line in text.splitlines()]
        found[step["name"]] = {"|": "\n", ">-": " "}[style].join(lines) if lines else style.strip()
    del found["Install GPU-Virt-Bench"]
    return found


def checkout(folder: Path, name: str, delay: int) -> None:
    """A branch of the example: this one, with a layer that adds a delay to every kernel launch."""
    layer = folder / name / "tests" / "layer"
    layer.parent.mkdir(parents=True)
    (folder / name / "libgvb").symlink_to(ROOT / "libgvb")
    layer.mkdir()
    for file in (ROOT / "tests" / "layer").iterdir():
        if file.name != "reference-layer.toml":
            (layer / file.name).symlink_to(file)
    text = (ROOT / "tests" / "layer" / "reference-layer.toml").read_text()
    knob = f'[tenant]\nenv.LAYER_DELAY = "cuLaunchKernel={delay}"\n'
    (layer / "reference-layer.toml").write_text(text.replace("[tenant]\n", knob))


def workflow(folder: Path, delay: int) -> tuple[str, subprocess.CompletedProcess[str]]:
    """The step that fails, or the last one, in a fresh folder."""
    checkout(folder, "baseline", 0)
    checkout(folder, "candidate", delay)
    path = f"{BIN}:{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "GITHUB_STEP_SUMMARY": str(folder / "summary.md")}
    todo = list(steps().items())
    while True:
        name, command = todo.pop(0)
        words = ["bash", "-e", "-c", command]
        done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, check=False)
        if done.returncode or not todo:
            return name, done


def changes(folder: Path) -> dict[str, object]:
    """Finding and change of each outcome."""
    words = [str(BIN / "gpu-virt-bench"), "gate", "results/baseline", "results/candidate", "--format", "json"]
    words += ["--policy", "gate"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    cases = json.loads(done.stdout)["gate"]["cases"]
    return {case["row"]["id"]: {"finding": case["finding"], "change": case["row"]["change"]} for case in cases}


def example(delay: int) -> dict[str, object]:
    """One pull request."""
    with tempfile.TemporaryDirectory() as name:
        step, done = workflow(Path(name), delay)
        found = {"step": step, "status": done.returncode}
        return {**found, "outcomes": changes(Path(name))} if step == "Gate" else {**found, "stderr": done.stderr}


def main() -> None:
    """Runs both examples and prints."""
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    found = {name: [example(delay) for _ in range(repetitions)] for name, delay in (("equal", 0), ("slower", SLOWER))}
    passed = sum((one["step"], one["status"]) == ("Gate", 0) for one in found["equal"])
    failed = sum((one["step"], one["status"]) == ("Gate", 1) for one in found["slower"])
    summary = {"repetitions": repetitions, "equal_passed": passed, "slower_failed": failed, "slower_by_ns": SLOWER}
    print(json.dumps({**summary, **found}, indent=1))
    sys.exit(0 if passed == failed == repetitions else 1)


if __name__ == "__main__":
    main()
