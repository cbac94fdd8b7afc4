"""What a user sees while a session runs."""

import re
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from rich.console import Console

from gpu_virt_bench.cli import group
from gpu_virt_bench.cli.bar import Bar
from gpu_virt_bench.cli.progress import Notes, beating
from gpu_virt_bench.cli.watch import Watch, rounded


def under_way(made: Watch, left: tuple[float, float] = (120.0, 120.0), least: int = 5, most: int = 5) -> Watch:
    """A watch in the second repetition."""
    made.began(least, most, lambda: left)
    made.step("native, mps", 1, "OH-010")
    return made


def test_a_line_says_repetition_outcome_and_time_left() -> None:
    clock = iter([0.0, 60.0])
    notes = under_way(Notes(lambda: next(clock)))
    assert isinstance(notes, Notes)
    assert notes.line() == "60 s elapsed: repetition 2 of 5, OH-010 of native, mps; about 2 min left"


def test_before_the_plan_is_known_nothing_is_said_of_the_time_left() -> None:
    clock = iter([0.0, 30.0])
    assert Notes(lambda: next(clock)).line() == "30 s elapsed: preparing"


@pytest.mark.parametrize(
    ("repetition", "said"),
    [(0, "repetition 1 of 5 to 24"), (4, "repetition 5 of 5 to 24"), (5, "repetition 6 of at most 24")],
)
def test_repetitions_beyond_the_plan_are_counted_to_the_most(repetition: int, said: str) -> None:
    watch = under_way(Watch(), least=5, most=24)
    watch.doing("warming the device", repetition)
    assert (watch.repetition, watch.what) == (said, "warming the device")


def test_the_time_left_is_a_span_where_the_repetitions_are() -> None:
    assert under_way(Watch(), (60.0, 600.0)).left() == "about 60 s to 10 min left"


@pytest.mark.parametrize(("seconds", "said"), [(0.0, "5 s"), (31.0, "35 s"), (100.0, "2 min"), (3600.0, "60 min")])
def test_the_time_left_is_not_said_more_exactly_than_it_is_known(seconds: float, said: str) -> None:
    assert rounded(seconds) == said


def test_the_bar_is_as_long_as_what_is_done() -> None:
    clock = iter([0.0, 30.0])
    assert under_way(Watch(lambda: next(clock)), (10.0, 90.0)).share() == 0.25


def test_the_bar_fits_into_eighty_columns() -> None:
    console = Console(width=80, record=True, force_terminal=True, file=SimpleNamespace(write=len, flush=int))
    bar = Bar(console)
    under_way(bar, (200.0, 1200.0), 5, 24)
    console.print(bar.drawn())
    first, second = console.export_text().splitlines()
    assert re.fullmatch(r".{12} repetition 2 of 5 to 24 about 3 min to 20 min left 1 s elapsed", first.rstrip())
    assert second == "OH-010 of native, mps"


def test_without_a_terminal_a_line_comes_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    with beating(Notes(), every=0.02):
        time.sleep(0.2)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) >= 2
    assert set(lines) == {"1 s elapsed: preparing"}


def test_a_terminal_sees_what_prove_does() -> None:
    script = "import pty, sys; pty.spawn(sys.argv[1:])"
    command = [sys.executable, "-m", "gpu_virt_bench", "prove", "--system", "mps", "--memory-limit", "4096"]
    done = subprocess.run([sys.executable, "-c", script, *command], capture_output=True, text=True, timeout=120)
    assert "mps: how two tenants share the device" in done.stdout
    assert "mps: limits, through every call and in a second process" in done.stdout


def test_a_dry_run_says_what_and_how_long_and_leaves_nothing(tmp_path) -> None:
    words = (
        "run --dry-run --device emulated:h200 --system native --system mps --metrics OH-001,OH-006 --memory-limit 512"
    )
    done = CliRunner().invoke(group, [*words.split(), "--time-budget", "0.5", "-o", str(tmp_path / "out")])
    assert done.exit_code == 0
    assert re.search(r"^About \d+ s: 2 runs of suite quick, 5 repetitions, on ", done.stdout)
    for line in (
        "time budget: 0.5 s, shorter than that",
        "native has no memory-limit: measured without",
        "skipped: OH-006: native has no concurrent-tenants",
        "mps: memory 512 MiB",
        "2 outcomes: OH-001, OH-006",
        "native, mps: in rounds, side by side",
        "Nothing was measured, and no file was written.",
    ):
        assert line in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_says_why_runs_take_turns(tmp_path) -> None:
    words = "run --dry-run --device emulated:tiny --system native --system time-slicing --turns --metrics OH-001"
    done = CliRunner().invoke(group, words.split())
    assert "native: alone; in turns with the others: turns were asked for" in done.stdout


def test_a_budget_says_what_it_left_out_and_is_no_interruption(tmp_path) -> None:
    words = ["run", "--device", "emulated:tiny", "--metrics", "OH-001,OH-006,OH-009", "--time-budget", "4", "-o"]
    done = CliRunner().invoke(group, [*words, str(tmp_path)])
    assert done.exit_code == 0
    assert (
        "5 repetitions of 2 outcomes, native; the time budget of 4 s is shorter, and will end it before all is measured"
        in done.stderr
    )
    assert re.search(
        r"^The time budget of 4 s ended this session: \d outcomes? lacks? planned rep", done.stderr, re.MULTILINE
    )
    assert "this run was ended by its time budget of 4 s" in done.stdout
    assert "nterrupted" not in done.output


def test_a_budget_in_which_nothing_fits_is_no_success(tmp_path) -> None:
    words = ["run", "--device", "emulated:tiny", "--metrics", "OH-009", "--time-budget", "0.5", "-o"]
    done = CliRunner().invoke(group, [*words, str(tmp_path)])
    assert (done.exit_code, "Nothing was measured" in done.stderr) == (1, True)
