"""What small programs over the emulated driver see of each kind of contention, against the rule of the model.

    python benchmarks/contention.py [--output docs/results]

Runs the emulator's tests of contention, L2, links, switches, clocks and power, of streams, priorities and hardware
queues, of green contexts, MPS and MIG, and of 32 tenants (a C compiler is needed) and writes `contention.json` and
`contention.md`: kind, what the programs did, the machine's keys as it was given them, what the rule says, what was
seen, and the difference. Exit status 1 if a difference is above 1 % (of a fraction of accesses: one point), or a check
failed. All figures are the emulated GPU's.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTS = (
    "test_contention test_cache test_link test_peer_links test_switch test_power test_streams test_partitions"
    " test_green_beside test_static test_mig test_mig_power test_crowd"
)
HEAD = """# Contention on the emulated GPU

Figures of the emulated GPU, never of hardware: by `benchmarks/contention.py`, from independent small programs over the
emulated driver in virtual time. What is seen is relative to the same program alone unless the kind names a unit; of
hits and evictions it is the fraction. A machine has the keys of its base and those beside it; all others have their
defaults. The bases:

"""


@dataclass(frozen=True)
class Row:
    """One kind of contention: what the programs did, and on which machine."""

    kind: str
    setting: str
    base: str
    keys: str
    expected: float
    seen: float

    @property
    def difference(self) -> float:
        """Relative to the rule; absolute where that is 0."""
        return (self.seen - self.expected) / (self.expected or 1.0)


def lines(output: str, word: str) -> list[list[str]]:
    """The fields of the lines that begin with a word; the tests print them where TABLE is set."""
    return [
        [field.strip() for field in line.removeprefix(f"{word} ").split(" | ")]
        for line in output.splitlines()
        if line.startswith(f"{word} ")
    ]


def read(output: str) -> tuple[dict[str, str], list[Row]]:
    """The bases by name, and the rows."""
    rows = [
        Row(kind, setting, base, keys, float(expected), float(seen))
        for kind, setting, base, keys, expected, seen in lines(output, "row")
    ]
    bases = {fields[0]: fields[1] for fields in lines(output, "base")}
    return bases, rows


def run() -> tuple[bool, dict[str, str], list[Row]]:
    """Whether every check passed, the bases and the rows."""
    command = ["make", "-s", "-C", str(ROOT / "emulator"), "test", f"TESTS={TESTS}"]
    env = {**os.environ, "TABLE": "1", "ATTEMPTS": "1"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    return done.returncode == 0, *read(done.stdout)


def table(bases: dict[str, str], rows: list[Row]) -> str:
    """The same in Markdown."""
    named = "".join(f"- `{name}`: {keys}\n" for name, keys in bases.items())
    columns = (
        "\n| kind | what they do | base | keys beside it | by the rule | seen | difference |\n" + "|---" * 7 + "|\n"
    )
    body = (
        f"| {r.kind} | {r.setting} | {r.base} | {r.keys} | {r.expected:.6g} | {r.seen:.6g} "
        f"| {100 * r.difference:+.2f} % |\n"
        for r in rows
    )
    return HEAD + named + columns + "".join(body)


def main() -> int:
    """Runs, writes, and judges."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "results")
    output: Path = parser.parse_args().output
    passed, bases, rows = run()
    found = {
        "device": "emulated",
        "passed": passed,
        "largest_difference": max((abs(row.difference) for row in rows), default=None),
        "bases": bases,
        "rows": [asdict(row) | {"difference": row.difference} for row in rows],
    }
    (output / "contention.json").write_text(json.dumps(found, indent=2) + "\n")
    (output / "contention.md").write_text(table(bases, rows))
    print(
        f"{len(rows)} rows, largest difference {found['largest_difference']}, checks {'passed' if passed else 'FAILED'}"
    )
    return int(not passed or not rows or any(abs(row.difference) > 0.01 for row in rows))


if __name__ == "__main__":
    sys.exit(main())
