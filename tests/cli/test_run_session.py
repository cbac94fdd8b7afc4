"""Sessions from the command line: several entries, and what is printed of them at the end."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from test_cli import FAST, gvb

from builders import a_run
from gpu_virt_bench.results import load, save
from sessions import LAYER

VIRTUAL = [*FAST, "--emulate", "clock=virtual"]


def runs(text: str) -> dict[str, Path]:
    """The run files that --json-only names, by their stems' ends."""
    return {Path(path).stem.partition("Z")[2]: Path(path) for path in json.loads(text)["session"]["runs"]}


def test_a_baseline_measured_twice_prints_its_noise_floor(tmp_path) -> None:
    done = gvb("run", *FAST, "--metrics", "OH-001", "--repetitions", "5", "--aa", "--output", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "native, again against native (emulated GPU): " in " ".join(done.stdout.split())
    assert "Against native · paired by round" in done.stdout
    assert "OH-001" in done.stdout
    assert len(list(tmp_path.glob("native/*_aa.json"))) == 1


def test_a_session_says_before_it_begins_how_long_it_will_take_and_for_what(tmp_path) -> None:
    words = ["--system", "native", "--system", "time-slicing", "--metrics", "OH-001,OH-003", "--repetitions", "2"]
    done = gvb("run", *FAST, *words, "--output", str(tmp_path))
    assert done.returncode == 0, done.stderr
    (said,) = [line for line in done.stderr.splitlines() if line.startswith("about ")]
    assert re.fullmatch(r"about \d+ s: 2 repetitions of 2 outcomes, native, time-slicing", said)


def test_systems_are_measured_in_rounds_and_with_turns_one_after_the_other(tmp_path) -> None:
    words = ["--system", "native", "--system", "time-slicing", "--metrics", "OH-001", "--json-only", "--output"]
    beside = gvb("run", *FAST, *words, str(tmp_path / "beside"))
    apart = gvb("run", *FAST, *words, str(tmp_path / "apart"), "--turns")
    taken = [
        [(r.taken, r.why, len(r.rounds)) for r in load(path).outcomes["OH-001"].repetitions]
        for done in (beside, apart)
        for path in map(Path, json.loads(done.stdout)["session"]["runs"])
    ]
    assert taken == [[("rounds", "", 2)]] * 2 + [[("turns", "turns were asked for", 2)]] * 2


def test_the_reason_for_turns_stands_below_the_table(tmp_path) -> None:
    words = ["--system", "native", "--system", "time-slicing", "--metrics", "OH-001", "--turns"]
    done = gvb("run", *FAST, *words, "--output", str(tmp_path))
    assert "taken in turns, not in rounds: turns were asked for" in " ".join(done.stdout.split())
    assert "Against native · paired by repetition" in done.stdout


def test_a_system_beside_its_own_twin_is_in_force_twice(layer, tmp_path) -> None:
    words = ["--system", str(LAYER / "reference-layer.toml"), "--option", f"library={layer}", "--aa"]
    done = gvb("run", *FAST, *words, "--metrics", "OH-001", "--output", str(tmp_path), "--json-only")
    outcomes = [load(Path(path)).outcomes["OH-001"] for path in json.loads(done.stdout)["session"]["runs"]]
    assert [getattr(outcome, "error", "") for outcome in outcomes] == ["", ""]


def test_an_earlier_run_is_compared_when_done(tmp_path) -> None:
    earlier = gvb("run", *FAST, "--metrics", "OH-001", "--output", str(tmp_path / "earlier"), "--json-only")
    path = runs(earlier.stdout)[""]
    words = ["--metrics", "OH-001", "--compare", str(path), "--output", str(tmp_path / "later")]
    done = gvb("run", *FAST, *words)
    assert done.returncode == 0, done.stderr
    assert "· unpaired" in done.stdout
    assert "1 repetition, a verdict needs 5" in " ".join(done.stdout.split())


def test_a_sweep_is_judged_and_shown_in_one_table(tmp_path) -> None:
    words = ["--system", "native", "--system", "mps", "--metrics", "OH-001", "--sweep", "compute-limit=50,100"]
    done = gvb("run", *VIRTUAL, *words, "--repetitions", "5", "--output", str(tmp_path))
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    assert "mps (emulated GPU), compute-limit 50 % to compute-limit 100 %: Kernel launch latency " in text
    assert "mps, compute-limit=50 against native (emulated GPU): " in text
    assert "mps (emulated) over its sweep" in text
    assert "compute-limit 100 %" in text and "asked 50 %" in text
    points = {path.stem.partition("Z")[2]: load(path).plan.compute_limit for path in tmp_path.glob("mps/*.json")}
    assert points == {"_compute-limit-50": 0.5, "_compute-limit-100": 1.0}
    assert [load(path).point for path in tmp_path.glob("native/*.json")] == [{}]


@pytest.mark.parametrize(
    ("sweep", "sentence"),
    [
        ("compute=1", "--sweep is 'compute', expected compute-limit, memory-limit, tenants"),
        ("compute-limit=0,50", "--sweep compute-limit is '0,50', expected whole numbers of per cent from 1 to 100"),
        ("tenants=two", "--sweep tenants is 'two', expected whole numbers from 1 to 48"),
        ("tenants", "--sweep is 'tenants', expected name=value"),
    ],
)
def test_a_sweep_that_cannot_be_is_refused(sweep: str, sentence: str) -> None:
    done = gvb("run", *FAST, "--sweep", sweep)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unproven_run_says_so_itself(tmp_path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(
        'title = "Mine"\ndescription = "D"\nmechanism = "preload"\nfeatures = ["separate-processes"]\n'
        '[tenant]\nenv.MINE = "on"\n[proof]\nenv.MINE = "on"\n'
    )
    words = ["--system", str(mine), "--metrics", "OH-001", "--output", str(tmp_path / "results")]
    done = gvb("run", *FAST, *words)
    told = "mine is unproven: no check of its definition would fail if the layer were not in force"
    assert told in " ".join(done.stdout.split())
    (path,) = (tmp_path / "results").glob("mine/*.json")
    assert told in " ".join(gvb("show", str(path)).stdout.split())
    assert json.loads(gvb("run", *FAST, *words, "--json-only").stdout)["session"]["unproven"] == [told]


def test_two_layers_of_one_session_are_told_apart(layer, tmp_path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.toml").write_text((LAYER / "reference-layer.toml").read_text())
    systems = ["--system", "native", "--system", str(tmp_path / "one.toml"), "--system", str(tmp_path / "two.toml")]
    delays = ["one.env.LAYER_DELAY=cuLaunchKernel=1000", "two.env.LAYER_DELAY=cuLaunchKernel=3000"]
    options = [word for option in (f"library={layer}", *delays) for word in ("--option", option)]
    words = ["--device", "emulated", "--metrics", "OH-001", "--repetitions", "5", "--output", str(tmp_path / "results")]
    done = gvb("run", *systems, *options, *words)
    assert done.returncode == 0, done.stderr
    assert "one against native (emulated GPU): worse: Kernel launch latency +" in done.stdout
    compared = gvb("compare", str(tmp_path / "results" / "one"), str(tmp_path / "results" / "two"))
    assert "two against one (emulated GPU): worse: Kernel launch latency +" in compared.stdout


def test_a_system_of_which_the_budget_left_nothing_is_a_failure_and_is_named(tmp_path) -> None:
    words = ["--system", "native", "--system", "time-slicing", "--turns", "--metrics", "OH-001,OH-002,OH-005"]
    suite = ["--device", "emulated", "--repetitions", "5", "--time-budget", "2.5", "--output", str(tmp_path)]
    done = gvb("run", *words, *suite)
    assert done.returncode == 1
    assert "Nothing of time-slicing was measured" in done.stderr or "Nothing was measured" in done.stderr


def test_a_refused_system_stands_among_the_answers(tmp_path) -> None:
    library = next(Path("/usr/lib").glob("*/libm.so.6"))
    words = ["--system", "native", "--system", "preload-generic", "--system", "time-slicing"]
    options = ["--option", f"preload-generic.library={library}", "--metrics", "OH-001", "--output", str(tmp_path)]
    done = gvb("run", *FAST, *words, *options)
    assert done.returncode == 2
    assert "preload-generic: refused, nothing of it was measured" in done.stdout
    assert "time-slicing against native (emulated GPU): " in done.stdout


def test_a_directory_to_compare_with_is_the_run_that_was_there_before(tmp_path) -> None:
    words = ["run", *FAST, "--metrics", "OH-001", "--output", str(tmp_path)]
    gvb(*words)
    (earlier,) = tmp_path.glob("native/*.json")
    done = gvb(*words, "--compare", str(tmp_path / "native"))
    assert "nothing can differ" not in done.stdout and "native against native" in done.stdout, earlier


def test_the_remark_on_its_choice_is_that_of_compare(tmp_path) -> None:
    kept = a_run({"OH-001": [1.0] * 5}, emulated=True)
    kept = replace(kept, devices=[replace(device, profile="tiny") for device in kept.devices])
    save(kept, tmp_path / "old" / "whole.json")
    late = replace(kept, status="interrupted", began="2026-12-01T12:00:00+00:00")
    save(late, tmp_path / "old" / "newer.json")
    words = ["--metrics", "OH-001", "--output", str(tmp_path / "new"), "--compare", str(tmp_path / "old")]
    done = gvb("run", *VIRTUAL, *words)
    compared = gvb("compare", str(tmp_path / "old"), str(tmp_path / "new" / "native"))
    for text in (done.stdout, compared.stdout):
        assert "'whole.json'; newer, and not used: 'newer.json' is interrupted" in " ".join(text.split())


def test_a_dry_run_refuses_what_a_run_does() -> None:
    words = ["run", *VIRTUAL, "--metrics", "OH-006"]
    done, dry = gvb(*words), gvb(*words, "--dry-run")
    assert (done.returncode, done.stderr, done.stdout) == (2, dry.stderr, dry.stdout)
    assert (dry.returncode, dry.stdout) == (2, "")
    assert "nothing of it can be measured: OH-006: native has no concurrent-tenants" in dry.stderr


THREE = ["--system", "native", "--system", "time-slicing", "--system", "mps", "--metrics", "OH-001"]
TOO_MUCH = [*THREE, "--memory-limit", "200000"]
MUCH = "memory quotas of 200000 MiB are more than the 1024 MiB of Tiny (emulated) 0, and mps has no"


def test_a_quota_that_cannot_be_had_ends_its_system_alone(tmp_path) -> None:
    dry = gvb("run", *VIRTUAL, *TOO_MUCH, "--output", str(tmp_path), "--dry-run")
    assert (dry.returncode, list(tmp_path.iterdir())) == (2, [])
    assert MUCH in " ".join(dry.stdout.split())
    done = gvb("run", *VIRTUAL, *TOO_MUCH, "--output", str(tmp_path))
    assert done.returncode == 2
    assert MUCH in done.stderr
    assert "mps: refused, nothing of it was measured" in done.stdout
    assert "time-slicing against native (emulated GPU): " in done.stdout
    statuses = {load(path).system.id: load(path).status for path in tmp_path.glob("*/*.json")}
    assert statuses == {"native": "complete", "time-slicing": "complete", "mps": "refused"}


def test_a_quota_that_cannot_be_had_ends_a_strict_session(tmp_path) -> None:
    done = gvb("run", *VIRTUAL, *TOO_MUCH, "--output", str(tmp_path), "--strict")
    assert (done.returncode, done.stdout, list(tmp_path.iterdir())) == (2, "", [])
    assert MUCH in done.stderr


def test_a_point_that_cannot_be_had_is_named_and_the_others_are_measured(tmp_path) -> None:
    words = ["--system", "mps", "--sweep", "memory-limit=512,200000", "--metrics", "OH-001"]
    done = gvb("run", *VIRTUAL, *words, "--output", str(tmp_path))
    assert done.returncode == 2
    assert f"Refused: mps (memory-limit 200000): {MUCH}" in done.stderr
    assert "mps (memory-limit 200000): refused, nothing of it was measured" in done.stdout
    assert "mps (emulated) over its sweep" in " ".join(done.stdout.split())


def test_parameters_that_were_asked_for_stand_in_the_table(tmp_path) -> None:
    both = "--system", "native", "--system", "time-slicing"
    done = gvb("run", *FAST, *both, "--metrics", "OH-001[path=*],OH-002[bytes=4096]", "--output", str(tmp_path))
    for parameter in ("path=start", "path=round-trip", "bytes=4096"):
        assert parameter in done.stdout
    assert "--all" not in done.stdout
