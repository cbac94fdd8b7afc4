"""The shape of the source: sizes of classes, and imports without circles."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "gpu_virt_bench"
MODULES = {path: ast.parse(path.read_text()) for path in sorted(SOURCE.rglob("*.py"))}
MOST_LINES, MOST_METHODS = 120, 12


def name_of(path: Path) -> str:
    """A module's dotted name."""
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(path) for path in MODULES}
CLASSES = [
    (f"{name_of(path)}.{node.name}", node)
    for path, tree in MODULES.items()
    if path.relative_to(SOURCE).parts[0] in ("engine", "systems", "tenant")
    for node in ast.walk(tree)
    if isinstance(node, ast.ClassDef)
]


@pytest.mark.parametrize(("name", "node"), CLASSES, ids=[name for name, _ in CLASSES])
def test_a_class_of_the_measuring_side_is_small(name: str, node: ast.ClassDef) -> None:
    methods = [entry for entry in node.body if isinstance(entry, ast.FunctionDef)]
    assert (node.end_lineno or 0) - node.lineno + 1 <= MOST_LINES
    assert len(methods) <= MOST_METHODS, [method.name for method in methods]


def imports(path: Path) -> set[str]:
    """The package's own modules that a module imports, at its head or within a function."""
    found = set()
    for node in ast.walk(MODULES[path]):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gpu_virt_bench"):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names & NAMES or {str(node.module)}
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & NAMES
    return found - {name_of(path)}


def reached(start: str, edges: dict[str, set[str]]) -> set[str]:
    """All modules that one leads to."""
    found: set[str] = set()
    todo = [start]
    while todo:
        for name in edges.get(todo.pop(), set()) - found:
            found.add(name)
            todo.append(name)
    return found


def test_imports_have_no_circle() -> None:
    edges = {name_of(path): imports(path) for path in MODULES}
    assert [name for name in edges if name in reached(name, edges)] == []


def test_no_file_of_c_has_more_than_300_lines() -> None:
    """The public header and the generated kernels are longer on purpose."""
    root = Path(__file__).parents[1]
    patterns = ("emulator/*.[ch]", "emulator/tests/*.[ch]", "libgvb/*.c", "libgvb/tests/*.[ch]", "tests/layer/*.[ch]")
    files = [path for pattern in patterns for path in root.glob(pattern)]
    assert [path.name for path in files if len(path.read_text().splitlines()) > 300] == []
