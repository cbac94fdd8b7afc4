"""The command's own streams: closed pipes, full disks, encodings, and Ctrl-C before anything has begun."""

import errno
import itertools
import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from builders import a_run
from gpu_virt_bench.cli import main
from gpu_virt_bench.results import save

GVB = str(Path(sys.executable).with_name("gpu-virt-bench"))
FAST = "run --device emulated:tiny --repetitions 1 --iterations 2 --warmup 0 --metrics OH-001 -o out"
STEADY, DOUBLE, NOISY = [1.0] * 5, [2.0] * 5, [1.0, 1.5, 0.6, 1.3, 0.8]
WAYS = {
    "gate kept.json kept.json": 3,
    "gate kept.json same.json": 0,
    "gate kept.json worse.json": 1,
    "gate kept.json noisy.json": 3,
    "compare kept.json worse.json": 0,
    "score worse.json --reference kept.json": 0,
    "show kept.json": 0,
    "show OH-001": 0,
    "list metrics": 0,
    "history . --metric OH-001": 0,
    "schema": 0,
    "prove --device emulated:tiny --system native": 0,
    FAST: 0,
}
"""Commands, and the statuses of their answers."""
PRINTING = [words for words in WAYS if not words.startswith(("prove", "run"))]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with some runs."""
    monkeypatch.chdir(tmp_path)
    save(a_run({"OH-001": STEADY}), Path("kept.json"))
    save(replace(a_run({"OH-001": STEADY}), began="2026-07-01T00:00:00.000+00:00"), Path("same.json"))
    save(a_run({"OH-001": DOUBLE}), Path("worse.json"))
    save(a_run({"OH-001": NOISY}), Path("noisy.json"))
    return tmp_path


def closed() -> int:
    """A pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def told(words: str, out: int, encoding: str = "utf-8", limit: Callable[[], None] | None = None) -> tuple[int, str]:
    """Exit status and standard error of a command."""
    env = {**os.environ, "PYTHONIOENCODING": encoding, "COLUMNS": "80"}
    done = subprocess.run(
        [GVB, *words.split()], stdout=out, stderr=subprocess.PIPE, env=env, timeout=60, preexec_fn=limit
    )
    return done.returncode, done.stderr.decode(encoding)


@pytest.mark.parametrize(("words", "status"), WAYS.items())
def test_a_closed_pipe_changes_no_exit_status(here: Path, words: str, status: int) -> None:
    writing = closed()
    found, errors = told(words, writing)
    os.close(writing)
    assert found == status, errors
    assert "Broken pipe" not in errors
    assert "Traceback" not in errors


def test_a_session_whose_reader_has_gone_is_measured_to_its_end(here: Path) -> None:
    writing = closed()
    told(FAST, writing)
    os.close(writing)
    (path,) = here.glob("out/native/*.json")
    assert '"status": "complete"' in path.read_text()


def test_closed_standard_error_changes_nothing_either(here: Path) -> None:
    writing = closed()
    done = subprocess.run([GVB, *FAST.split()], stdout=subprocess.PIPE, stderr=writing, timeout=60)
    os.close(writing)
    assert done.returncode == 0
    assert b"OH-001" in done.stdout


@pytest.mark.parametrize("words", [*PRINTING, FAST])
def test_output_that_cannot_be_written_is_said_and_no_answer(here: Path, words: str) -> None:
    with Path("/dev/full").open("w") as full:
        status, errors = told(words, full.fileno())
    last = errors.splitlines()[-1]
    assert (status, last) == (2, "Error: standard output: No space left on device; not everything was written")


@pytest.mark.parametrize(
    ("words", "encoding"),
    [*((words, "ascii") for words in PRINTING), ("show kept.json", "latin-1"), ("history .", "cp1252")],
)
def test_every_encoding_gets_every_answer(here: Path, words: str, encoding: str) -> None:
    with (here / "printed").open("w") as file:
        status, errors = told(words, file.fileno(), encoding)
    assert status == WAYS.get(words, 0), errors
    text = (here / "printed").read_bytes().decode(encoding)
    assert text
    assert "?" not in text.replace("see `gpu-virt-bench", "")


@pytest.mark.parametrize(
    ("asked", "plain"),
    [({"LC_ALL": "C"}, True), ({"LC_ALL": "POSIX"}, True), ({"LC_ALL": "C.UTF-8"}, False), ({"LANG": "C"}, False)]
    + [({"LC_ALL": "C", name: value}, False) for name, value in (("PYTHONUTF8", "1"), ("PYTHONIOENCODING", "utf-8"))],
)
def test_a_locale_without_letters_gets_ascii(here: Path, asked: dict[str, str], plain: bool) -> None:
    names = ("LC_ALL", "LC_CTYPE", "LANG", "PYTHONUTF8", "PYTHONIOENCODING")
    env = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run([GVB, "show", "kept.json"], capture_output=True, env={**env, **asked}, timeout=60)
    assert done.stdout.isascii() is plain


def test_ascii_has_signs_of_its_own(here: Path) -> None:
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    shown, listed = (
        subprocess.run([GVB, *words], capture_output=True, env=ascii_only, timeout=60).stdout.decode("ascii")
        for words in (["show", "kept.json"], ["list", "metrics"])
    )
    assert " v " in shown and "+---" in listed
    assert "\\u" not in shown + listed


@pytest.mark.parametrize("writings", [0, 1])
def test_a_disk_that_fills_is_one_sentence_that_names_the_file(here, monkeypatch, capsys, writings: int) -> None:
    left = itertools.count(writings, -1)

    def fill(descriptor: int) -> None:
        if next(left) <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fill)
    with pytest.raises(SystemExit) as ended:
        main(FAST.split())
    assert ended.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert re.match(r"Error: out/native/native_\w+.json: No space left on device, (nothing was|the file keeps)", last)
    files = [path for path in here.glob("out/**/*") if path.is_file()]
    assert len(files) == writings
    assert ("the file keeps what was written before, and lacks the newest" in last) == bool(writings)


@pytest.mark.parametrize("words", ["gate kept.json kept.json -o", "gate kept.json kept.json --junit", "schema -o"])
def test_a_report_on_a_full_disk_leaves_nothing(here: Path, words: str) -> None:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))

    before = sorted(here.iterdir())
    status, errors = told(f"{words} report", subprocess.DEVNULL, limit=limit)
    assert (status, errors.splitlines()) == (2, ["Error: cannot write report: File too large"])
    assert sorted(here.iterdir()) == before


def test_a_report_goes_into_what_is_no_file(here: Path) -> None:
    assert told("schema -o /dev/null", subprocess.DEVNULL) == (0, "")
    assert Path("/dev/null").is_char_device()


INTERRUPTED = """
import os, signal, sys
class Hook:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Hook())
sys.argv = ["gpu-virt-bench", "list", "metrics"]
from gpu_virt_bench.__main__ import main
main()
"""


@pytest.mark.parametrize("name", ["gpu_virt_bench.cli", "click", "gpu_virt_bench.cli.list", "gpu_virt_bench.metrics"])
def test_ctrl_c_within_an_import_has_no_traceback(name: str) -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED.format(name=name)], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", "interrupted by SIGINT")


def test_what_nobody_foresaw_is_one_sentence_and_no_answer() -> None:
    broken = "from gpu_virt_bench import cli, __main__\ncli.main = lambda: 1 / 0\n__main__.main()"
    done = subprocess.run([sys.executable, "-c", broken], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: a fault of gpu-virt-bench itself, please report it: ZeroDivisionError")
    assert done.stderr.count("\n") == 1


GOOD = '"""T."""\nfrom gpu_virt_bench import metric\n@metric("XX-001", unit="us", better="lower")\n'
BODY = 'def one(bench):\n    """One.\n\n    sample = 1\n    """\n    yield 1.0\n'
PLUGINS = {
    "an import": ("import nothing_of_that_name\n", "No module named 'nothing_of_that_name'"),
    "a unit": (GOOD.replace("us", "parsec") + BODY, "metric XX-001 has the unit 'parsec'; known units are"),
    "an id": (GOOD.replace("XX-001", "OH-001") + BODY, "metric OH-001 is declared twice"),
    "a name": (GOOD.replace("XX-001", "my metric") + BODY, "metric 'my metric' has no id that can be chosen"),
    "a need": (GOOD.replace("lower", 'lower", needs=("warp-drive",), title="') + BODY, "left out"),
    "no sample": (GOOD + BODY.replace("sample = 1", ""), "metric XX-001 has no `sample = ...` line"),
    "no syntax": ("def", "invalid syntax"),
    "an exit": ("raise SystemExit(3)", "left out"),
}


@pytest.fixture
def plugin(here: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """An installed package with one module, under an entry-point group."""

    def install(text: str, group: str = "gpu_virt_bench.metrics") -> None:
        (here / "their_package.py").write_text(text)
        info = here / "theirs-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{group}]\nmine = their_package\n")
        monkeypatch.setenv("PYTHONPATH", str(here))

    return install


@pytest.mark.parametrize(("text", "why"), PLUGINS.values(), ids=list(PLUGINS))
def test_a_broken_plugin_is_named_and_the_rest_works(plugin, text: str, why: str) -> None:
    plugin(text)
    done = subprocess.run([GVB, "list", "metrics", "--format", "json"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "OH-001" in done.stdout
    (said,) = done.stderr.splitlines()
    assert said.startswith(
        "Warning: theirs is left out: its entry point mine = 'their_package' (gpu_virt_bench.metrics)"
    )
    assert why in said


def test_a_plugin_that_works_is_found(plugin) -> None:
    plugin(GOOD + BODY)
    done = subprocess.run([GVB, "list", "metrics", "--format", "json"], capture_output=True, text=True, timeout=60)
    assert ("XX-001" in done.stdout, done.stderr) == (True, "")


def test_a_broken_package_of_systems_is_named_and_the_rest_works(plugin) -> None:
    plugin("import nothing_of_that_name\n", "gpu_virt_bench.systems")
    done = subprocess.run([GVB, "list", "systems"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert "native" in done.stdout
    assert done.stderr.startswith("Warning: theirs is left out: its entry point mine = 'their_package'")
    assert "No module named 'nothing_of_that_name'" in done.stderr
