"""What the earlier tool of the same name had: its metrics, its systems, and how its files are known."""

from __future__ import annotations

import re
from collections.abc import Mapping

COUNTS = {
    "OH": 10,
    "IS": 10,
    "LLM": 10,
    "BW": 4,
    "CACHE": 4,
    "PCIE": 4,
    "NCCL": 4,
    "SCHED": 4,
    "FRAG": 3,
    "ERR": 3,
}
"""Its categories, and how many metrics each had; ids are `IS-001`, `IS-002`, ..."""
CATEGORIES = {
    "isolation": "IS",
    "llm": "LLM",
    "bandwidth": "BW",
    "cache": "CACHE",
    "pcie": "PCIE",
    "nccl": "NCCL",
    "scheduling": "SCHED",
    "fragmentation": "FRAG",
    "error": "ERR",
}
"""Its categories beside `overhead` by their names."""
SYSTEMS = ("mig", "mig-ideal")
"""What it called a system and this version does not have."""
PAGE = "docs/how-to/from-the-earlier-tool.md"


def metric(name: str) -> str:
    """A sentence about one of its metrics or categories that is not measured, "" for any other name."""
    word = name.strip().upper()
    found = re.fullmatch(r"([A-Z]+)-(\d{3}|\*)", word)
    if name.lower() in CATEGORIES:
        return f"{name} is a category of the earlier tool that this version does not measure yet ({PAGE})"
    if not found or found[1] not in COUNTS:
        return ""
    if found[2] == "*":
        return f"{name} are metrics of the earlier tool that this version does not measure yet ({PAGE})"
    if not 1 <= int(found[2]) <= COUNTS[found[1]]:
        return ""
    return f"{name} is a metric of the earlier tool that this version does not measure yet ({PAGE})"


def system(name: str) -> str:
    """A sentence about one of its systems, "" for any other name."""
    if name.lower() not in SYSTEMS:
        return ""
    return f"{name} is a system of the earlier tool that this version does not have yet ({PAGE})"


def wrote(content: Mapping[str, object]) -> bool:
    """Whether a JSON object is a result file of it."""
    return "benchmark_version" in content and isinstance(content.get("metrics"), list)
