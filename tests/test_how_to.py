"""The how-to pages are run, not only read."""

import re
import tomllib
from pathlib import Path

from gpu_virt_bench.systems.load import parse

HOW_TO = Path(__file__).parents[1] / "docs" / "how-to"


def blocks(page: str, language: str) -> list[str]:
    """The code of a page in one language."""
    return re.findall(rf"```{language}\n(.*?)```", (HOW_TO / page).read_text(), re.S)


def test_the_metric_of_the_page_passes_its_own_test() -> None:
    function, test = blocks("add-a-metric.md", "python")
    names: dict = {"__name__": "example"}
    exec(compile(function + test, "add-a-metric.md", "exec"), names)
    names["test_a_straggler_of_twice_the_median_gives_two"]()
    assert names["launch_straggler"].title == "Slowest of a hundred launches"


def test_the_definition_of_the_page_is_a_system_as_it_stands() -> None:
    (text,) = blocks("add-a-system.md", "toml")
    assert parse("mine", tomllib.loads(text), text).title == "Reference layer"
