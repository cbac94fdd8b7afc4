"""What docs/results says in words of its tables is what they hold."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

RESULTS = Path(__file__).parents[1] / "docs" / "results"


def section(title: str) -> str:
    """Of the README, on one line."""
    text = (RESULTS / "README.md").read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]
    return " ".join(text.split())


def figures(name: str) -> dict[str, Any]:
    """A file of results."""
    loaded: dict[str, Any] = json.loads((RESULTS / name).read_text())
    return loaded


def test_contention_has_so_many_rows_and_that_largest_difference() -> None:
    found = figures("contention.json")
    assert f"{len(found['rows'])} rows, at most {100 * found['largest_difference']:.2f} % apart" in section(
        "Contention on the emulated GPU"
    )


@pytest.mark.parametrize("kind", ["DRAM", "L2", "rate-percent", "peer", "switch", "power", "clock", "streams"])
def test_contention_has_the_kinds_that_are_named(kind: str) -> None:
    assert any(kind in row["kind"] for row in figures("contention.json")["rows"])


def test_a_row_names_all_keys_of_its_machine() -> None:
    found = figures("contention.json")
    keys = {row["kind"]: row["keys"] for row in found["rows"]}
    assert keys["DRAM, the first client"] == "dram_saturation 0.1, dram_weight 3"
    assert keys["DRAM, a partition beside another"] == "dram_saturation 0.1, dram_partition 1, sm_share 0.5"
    assert {row["base"] for row in found["rows"]} == set(found["bases"])


def test_virtual_time_took_so_long_and_found_so_many_victims() -> None:
    found, text = figures("virtual-time.json"), section("Virtual time on the emulated GPU")
    seconds = found["seconds"]
    real = " s or ".join(f"{value:.1f}" for value in seconds["real"])
    assert f"A session takes {seconds['virtual']:.1f} s where real time takes {real} s" in text
    assert f"{found['samples']} samples of {found['outcomes']} outcomes" in text
    (kills,) = (line for line in found["emulator"]["checks"] if "killed at some moment" in line)
    victims, of = re.findall(r"in (\d+) ", kills)
    assert f"{of} random kills, of which {victims} found their victim" in text
