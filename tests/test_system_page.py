"""The page of a definition's keys and variables has all that there are, as the reader reads them."""

import importlib.util
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from gpu_virt_bench.model import system
from gpu_virt_bench.systems.variables import MEANINGS, VARIABLES

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "system-definition.md").read_text()
NO_TABLE = {system.System, system.Proof, system.Quota}
"""The file itself, `[proof]` with its features, and what is asked for: none is a table of keys of its own."""
TABLES = [kind for kind in vars(system).values() if isinstance(kind, type) and is_dataclass(kind)]


@pytest.fixture
def system_keys(monkeypatch):
    """The module that writes the page."""
    spec = importlib.util.spec_from_file_location("system_keys", DOCS / "system_keys.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "system_keys", module)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_types_say(system_keys) -> None:
    assert system_keys.page() == PAGE


@pytest.mark.parametrize("kind", [kind for kind in TABLES if kind not in NO_TABLE])
def test_every_table_is_on_the_page_with_every_key(system_keys, kind) -> None:
    section = PAGE.split(f"## {system_keys.TABLES[kind]}\n")[1].split("\n## ")[0]
    assert [key.name for key in fields(kind) if f"| `{key.name}` |" not in section] == []


def test_every_variable_is_on_the_page() -> None:
    assert set(MEANINGS) == {*VARIABLES, "pid"}
    assert [name for name in MEANINGS if f"| `{{{name}}}` |" not in PAGE] == []


def test_a_key_without_a_meaning_makes_no_page(system_keys, monkeypatch) -> None:
    monkeypatch.setattr(system_keys, "docstrings", lambda kind: {})
    with pytest.raises(KeyError):
        system_keys.page()
