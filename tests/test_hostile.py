"""Spoiled run files, through every command that loads some: each is shown or refused in one line, none breaks it."""

import contextlib
import io
import itertools
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from builders import PROOF, a_run, in_rounds
from gpu_virt_bench.cli import main
from gpu_virt_bench.model.run import Granted
from gpu_virt_bench.results import RunFileError, dump, load
from mutations import GOLDEN, flip, insert, mutations, remove, rename, swap

COUNT = 140
NEWEST = 60
TEXTS = ["[/red]", "[link=file:///etc/passwd]x[/link]", "\x1b]0;title\x07", "[bold", "\u202etxt", "{0!r} %s <script>"]


def newest() -> bytes:
    """A file of the newest version, with all that it may hold beside the samples of one outcome."""
    beside = {"begins": [0.0, 1.0], "paces": [1.0, 1.5], "clocks_hz": [1e9, 1e9]}
    party = [Granted("victim", compute_share=0.25), Granted("neighbor", memory_bytes=1 << 30)]
    taken = replace(in_rounds("OH-001", [[1e-6, 2e-6]] * 5, **beside), party=party, conditions={"model": "tiny"})
    proof = [replace(record, granted={"compute_share": "0.25"}) for record in PROOF]
    return dump(replace(a_run({"OH-001": [1.0]}, proof=proof), outcomes={"OH-001": taken})).encode()


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Mutations of the golden file of version 1, and of one of the newest version."""
    folder, draw, content = tmp_path_factory.mktemp("spoiled"), random.Random(1), newest()
    ways = itertools.cycle([swap, remove, rename, flip, insert])
    contents = [*mutations(seed=1, count=COUNT), *(next(ways)(draw, content) for _ in range(NEWEST))]
    paths = []
    for number, found in enumerate(contents):
        paths.append(folder / f"{number}.json")
        paths[-1].write_bytes(found)
    return paths


def loads(path: Path) -> bool:
    """Whether the file is taken; a refusal is one line that names it."""
    try:
        load(path)
    except RunFileError as error:
        assert str(path) in str(error)
        assert len(str(error).splitlines()) == 1
        assert str(error).isprintable()
        return False
    return True


def command(*words: str) -> tuple[int, str, str]:
    """Exit status and output of the command line, in this process: any exception but an exit is a failure."""
    out, errors, status = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        try:
            main(list(words))
        except SystemExit as exit:
            status = int(exit.code or 0)
    return status, out.getvalue(), errors.getvalue()


def check(paths: Sequence[Path], statuses: set[int], *words: str) -> None:
    """A file that loads gives one of the statuses; another status 2 and one line."""
    for path in paths:
        status, _, errors = command(*(word.replace("FILE", str(path)) for word in words))
        if loads(path):
            assert status in statuses, errors
        else:
            assert (status, len(errors.splitlines())) == (2, 1), errors


def test_some_mutations_load_and_most_do_not(spoiled) -> None:
    taken = sum(map(loads, spoiled))
    assert 10 < taken < (COUNT + NEWEST) / 2
    assert any(map(loads, spoiled[COUNT:]))


@pytest.mark.parametrize("words", ["", "--format json", "--format csv", "--format csv --samples"])
def test_a_spoiled_file_is_shown_or_refused(spoiled, words: str) -> None:
    check(spoiled, {0}, "show", "FILE", *words.split())


@pytest.mark.parametrize(
    ("name", "words", "statuses"),
    [
        ("compare", [str(GOLDEN), "FILE"], {0}),
        ("score", ["FILE", "--reference", str(GOLDEN)], {0, 1}),
        ("gate", [str(GOLDEN), "FILE"], {0, 1, 3}),
    ],
)
def test_a_spoiled_file_is_compared_scored_gated_or_refused(
    spoiled, name: str, words: list[str], statuses: set
) -> None:
    check(spoiled, statuses, name, *words)


def test_spoiled_files_stop_no_history(spoiled) -> None:
    status, text, _ = command("history", str(spoiled[0].parent), "--metric", "OH-*", "--format", "json")
    assert status == 0
    assert len(json.loads(text)["history"]["unreadable"]) == sum(not loads(path) for path in spoiled)
    assert command("history", str(spoiled[0].parent), "--metric", "OH-*")[0] == 0


def labelled(folder: Path, text: str) -> Path:
    """The golden file with a text in every place that a command prints."""
    run = json.loads(GOLDEN.read_text())
    run["system"]["title"] = run["system"]["id"] = run["device"]["name"] = run["label"] = text
    run["warnings"] = run["missing"] = [text]
    run["metrics"]["OH-001"]["title"] = run["metrics"]["OH-001"]["category"] = text
    run["outcomes"]["OH-006"]["reason"] = text
    path = folder / "run.json"
    path.write_text(json.dumps(run))
    return path


@pytest.mark.parametrize("text", TEXTS)
def test_texts_of_a_file_are_printed_as_they_are(tmp_path, text: str) -> None:
    status, shown, errors = command("show", str(labelled(tmp_path, text)))
    assert (status, errors) == (0, "")
    expected = text[:6].replace("\x1b", "␛").replace("\u202e", "\ufffd")
    assert shown.strip().removeprefix("system   ").startswith(expected), "the title is taken for markup"
    (title,) = (line for line in shown.splitlines() if " on " in line and "EMULATED" not in line[:9])
    assert title.startswith(expected), "the table's title is taken for markup"
    assert all(letter.isprintable() or letter == "\n" for letter in shown)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(
    "words",
    [
        "compare FILE FILE",
        "score FILE --reference FILE",
        "gate FILE FILE",
        "history FOLDER --metric OH-*",
        "history FOLDER",
    ],
)
def test_texts_of_a_file_steer_no_command(tmp_path, words: str, text: str) -> None:
    path = labelled(tmp_path, text)
    given = [word.replace("FILE", str(path)).replace("FOLDER", str(tmp_path)) for word in words.split()]
    status, shown, _ = command(*given)
    assert status in (0, 1, 3)
    assert all(letter.isprintable() or letter == "\n" for letter in shown)
