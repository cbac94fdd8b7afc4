"""libgvb's files use each other in one direction."""

import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

LIBGVB = Path(__file__).parents[2] / "libgvb"
IGNORED = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\])*"', re.S)
SHARED = re.compile(r"^(?!static|extern|typedef)\w[\w *]*?\b(gvb_\w+)(?:\([^;{]*\) *\{|;| *=)", re.M)
"""A function or variable that a file gives to others."""


def users(texts: dict[str, str]) -> dict[str, set[str]]:
    """File -> the files whose functions and variables it names."""
    home = {name: file for file, text in texts.items() for name in SHARED.findall(text)}
    named = {file: set(re.findall(r"\bgvb_\w+", text)) for file, text in texts.items()}
    return {file: {home[name] for name in names if name in home} - {file} for file, names in named.items()}


def order(graph: dict[str, set[str]]) -> list[str]:
    """Files so that each comes after those it uses; CycleError if there is no such order."""
    return list(TopologicalSorter(graph).static_order())


def sources() -> dict[str, str]:
    """libgvb's C files without comments and strings."""
    return {path.name: IGNORED.sub("", path.read_text()) for path in LIBGVB.glob("*.c")}


def test_no_two_files_of_libgvb_call_each_other() -> None:
    graph = users(sources())
    assert "error.c" in graph["driver.c"]
    assert "context.c" in graph["work.c"]
    assert order(graph).index("clock.c") < order(graph).index("work.c") < order(graph).index("floor.c")


def test_no_two_headers_include_each_other() -> None:
    headers = {path.name: set(re.findall(r'#include "(\w+\.h)"', path.read_text())) for path in LIBGVB.glob("*.h")}
    assert order(headers).index("gvb.h") < order(headers).index("work.h")


def test_a_circle_is_seen() -> None:
    with pytest.raises(CycleError):
        order(users({"a.c": "int gvb_a(void) { return gvb_b(); }", "b.c": "int gvb_b(void) {\n  gvb_a();\n}"}))
