"""The how-to pages are run, not only read."""

import re
from pathlib import Path

HOW_TO = Path(__file__).parents[1] / "docs" / "how-to"


def python_blocks(page: str) -> list[str]:
    """The Python code of a page."""
    return re.findall(r"```python\n(.*?)```", (HOW_TO / page).read_text(), re.S)


def test_the_metric_of_the_page_passes_its_own_test() -> None:
    function, test = python_blocks("add-a-metric.md")
    names: dict = {"__name__": "example"}
    exec(compile(function + test, "add-a-metric.md", "exec"), names)
    names["test_a_straggler_of_twice_the_median_gives_two"]()
    assert names["launch_straggler"].title == "Slowest of a hundred launches"
