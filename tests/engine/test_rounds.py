"""Rounds, on the emulated GPU: who is asked when, what is a pair, and what cannot be one."""

from statistics import median

import pytest

from gpu_virt_bench import metric
from gpu_virt_bench.cli.progress import Silent
from gpu_virt_bench.engine.session import run_session
from sessions import request_for

HOT = {"throttle.after": "0", "throttle.factor": "0.9"}
ONCE = {"repetitions": 1, "max_repetitions": 1}
MINIMAL = (
    'title = "T"\ndescription = "D"\nmechanism = "none"\nfeatures = ["concurrent-tenants", "separate-processes"]\n'
)


def session(folder, chosen: str, systems=("native", "time-slicing"), **settings):
    """The runs of a session, by system and twin."""
    records = run_session(request_for(folder, chosen, systems, **settings), Silent()).records
    return [record.run for record in records]


def only(run, name: str = "OH-001"):
    """The one repetition of an outcome."""
    (repetition,) = run.outcomes[name].repetitions
    return repetition


def test_the_samples_of_a_round_lie_between_those_of_its_neighbors(tmp_path) -> None:
    first, second = (only(run) for run in session(tmp_path, "OH-001", **ONCE))
    assert first.rounds == second.rounds == list(range(1, 9))
    for number in range(7):
        later = min(first.begins[number + 1], second.begins[number + 1])
        assert max(first.begins[number], second.begins[number]) < later


def test_entries_are_asked_a_b_then_b_a(tmp_path) -> None:
    first, second = (only(run) for run in session(tmp_path, "OH-001", **ONCE))
    leads = [ours < theirs for ours, theirs in zip(first.begins, second.begins, strict=True)]
    assert leads in ([True, False] * 4, [False, True] * 4)


@pytest.mark.host_time
def test_a_repetition_says_how_it_was_taken_and_who_stood_beside(tmp_path) -> None:
    runs = session(tmp_path, "OH-001;OH-004", **ONCE)
    assert {(only(run).taken, only(run).why, only(run).contexts_beside) for run in runs} == {("rounds", "", 1)}
    alone = {(only(run, "OH-004").taken, only(run, "OH-004").why) for run in runs}
    assert alone == {("turns", "each sample needs the device to itself")}


@pytest.mark.host_time
def test_outcomes_that_are_alone_take_turns_sample_by_sample(tmp_path) -> None:
    first, second = (only(run, "OH-004") for run in session(tmp_path, "OH-004", **ONCE))
    assert first.rounds == second.rounds == [0, 1]
    assert max(first.begins[0], second.begins[0]) < min(first.begins[1], second.begins[1])


def test_turns_that_were_asked_for_are_no_pairs(tmp_path) -> None:
    first, second = (only(run) for run in session(tmp_path, "OH-001", turns=True, **ONCE))
    assert (first.taken, first.why) == ("turns", "turns were asked for")
    assert first.begins[-1] < second.begins[0] or second.begins[-1] < first.begins[0]
    assert not set(first.rounds) & set(second.rounds)


def test_a_system_that_cannot_stand_beside_others_takes_turns_with_the_reason(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("beside = false\n" + MINIMAL)
    first, second = (only(run) for run in session(tmp_path / "results", "OH-001", ("native", str(path)), **ONCE))
    assert (first.taken, second.taken) == ("turns", "turns")
    assert first.why == second.why == "mine cannot stand beside other systems"
    assert not set(first.rounds) & set(second.rounds)


def test_contexts_that_would_take_a_quarter_of_the_memory_take_turns_with_the_reason(tmp_path) -> None:
    small = {"device": "emulated:tiny"}
    systems = ("native", "time-slicing")
    native, _, again = session(tmp_path, "OH-001;OH-009[n=4]", systems, again=True, **ONCE, **small)
    why = "the contexts of 3 entries would take more than a quarter of the device's memory"
    assert only(again).why == why
    assert not set(only(native).rounds) & set(only(again).rounds)


def test_both_sides_of_a_shared_reading_are_pairs(tmp_path) -> None:
    run, _ = session(tmp_path, "OH-002;OH-003", **ONCE)
    alloc, free = only(run, "OH-002"), only(run, "OH-003")
    assert alloc.begins == free.begins
    assert alloc.readings == free.readings == "alloc_free cuMemAlloc_v2 query 2097152 idle"


def test_what_shared_readings_showed_stands_once_in_the_file(tmp_path) -> None:
    run, _ = session(tmp_path, "OH-002;OH-003", **ONCE)
    rows = run.readings["alloc_free cuMemAlloc_v2 query 2097152 idle"]
    assert [(row["reading"], row["call"]) for row in rows[:4]] == [(0, "alloc"), (0, "free"), (1, "alloc"), (1, "free")]
    assert len(rows) == 2 * 9
    assert only(run, "OH-002").detail == only(run, "OH-003").detail == {}


def test_no_entry_gets_fewer_samples_because_it_starts_slowly(tmp_path) -> None:
    path = tmp_path / "slow.toml"
    path.write_text(MINIMAL + "[tenant]\nsettle = 3.0\n[[setup]]\nrun = ['sleep', '2']\n")
    runs = session(tmp_path / "results", "OH-001;OH-005", ("native", str(path)), seconds_per_outcome=2.0, **ONCE)
    assert [len(only(run).samples) for run in runs] == [8, 8]
    assert all(only(run, name).seconds < 2.0 for run in runs for name in ("OH-001", "OH-005"))


def slow_metric():
    """A metric whose samples take a tenth of a second and are all rejected."""

    def example(bench):
        """An example.

        sample = one
        """
        import time

        while True:
            time.sleep(0.1)
            yield 1.0

    return metric("XX-001", unit="us", better="lower", effort="window")(example)


def test_the_time_budget_is_kept_within_one_sample(tmp_path) -> None:
    import time

    began = time.monotonic()
    settings = {"rounds": dict.fromkeys(("latency", "tail", "process", "window", "long"), 10**6)}
    request = request_for(tmp_path, "", extra=[slow_metric()], seconds_per_outcome=3600.0, **ONCE, **settings)
    from dataclasses import replace

    (record,) = run_session(replace(request, time_budget=5.0), Silent()).records
    assert time.monotonic() - began < 5.0 + 3.0
    assert record.run.outcomes["XX-001"].repetitions[0].stop == "out-of-time"
    assert (record.run.status, record.run.missing) == ("out-of-time", ["XX-001: 1 of 1 repetition"])


def test_samples_on_a_device_that_is_always_throttled_end_and_fail(tmp_path) -> None:
    run, _ = session(tmp_path, "OH-001", emulate=HOT, **ONCE)
    found = run.outcomes["OH-001"]
    assert found.outcome == "failed"
    assert found.error == "8 of 8 samples rejected, the last: throttled: hardware-slowdown, hardware-thermal"


def test_both_outcomes_of_a_rejected_reading_lose_it(tmp_path) -> None:
    run, _ = session(tmp_path, "OH-002;OH-003", emulate=HOT, **ONCE)
    counts = {name: len(run.outcomes[name].repetitions[0].rejected) for name in ("OH-002", "OH-003")}
    assert counts["OH-002"] == counts["OH-003"] > 0


def test_a_refused_system_leaves_the_others_as_they_are(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'{MINIMAL}[proof]\nmapped = ["libmine.so"]\n')
    result = run_session(request_for(tmp_path / "results", "OH-001", ("native", str(path)), **ONCE), Silent())
    first, second = (record.run for record in result.records)
    assert (first.status, first.outcomes["OH-001"].outcome) == ("complete", "measured")
    assert (second.status, second.outcomes) == ("refused", {})
    assert result.refused == "mine is not in force: mapped.libmine.so is not mapped, expected mapped"


def test_clocks_stand_beside_every_sample(tmp_path) -> None:
    run, _ = session(tmp_path, "OH-001", **ONCE)
    assert only(run).clocks_hz == [pytest.approx(1.98e9)] * 8


def test_a_change_of_a_round_is_that_of_its_samples(tmp_path) -> None:
    first, second = (only(run) for run in session(tmp_path, "OH-001", **ONCE))
    ratio = median(b / a for a, b in zip(first.samples, second.samples, strict=True))
    assert ratio == pytest.approx(1.0, rel=0.05)
