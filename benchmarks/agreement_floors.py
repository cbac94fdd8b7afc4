"""What the files of benchmarks/agreement.py say together: medians and fast-state floors of both programs.

    python benchmarks/agreement_floors.py FILE.json...

A host that is shared alternates between a fast and a slow state, and it is chance which program meets which. The floor
(2nd percentile of all batches) compares the fast state, which both meet.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median

SHARE = 0.02


def floor(values: list[float]) -> float:
    """The 2nd percentile."""
    return sorted(values)[int(SHARE * (len(values) - 1))]


def main() -> None:
    """Prints a Markdown table."""
    theirs: dict[str, list[float]] = defaultdict(list)
    ours: dict[str, list[float]] = defaultdict(list)
    for path in sys.argv[1:]:
        for entry in json.loads(Path(path).read_text())["quantities"]:
            theirs[entry["name"]] += entry.get("independent_batches") or entry["independent_rounds"]
            ours[entry["name"]] += entry.get("libgvb_batches") or entry["libgvb_rounds"]
    print("| quantity | batches of each | independent, us | libgvb, us | ratio of floors | ratio of medians |")
    print("|---|---|---|---|---|---|")
    for name, values in theirs.items():
        low, own = floor(values), floor(ours[name])
        ratio = median(ours[name]) / median(values)
        print(f"| {name} | {len(values)} | {low * 1e6:.4g} | {own * 1e6:.4g} | {own / low:.3f} | {ratio:.3f} |")


if __name__ == "__main__":
    main()
