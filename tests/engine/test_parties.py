"""Parties of several tenants on the emulated GPU: shares, work at one instant, neighbors, children and deaths."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from gpu_virt_bench import Death, Share, Workload, metric
from gpu_virt_bench.cli.progress import Silent
from gpu_virt_bench.engine.session import run_session
from gpu_virt_bench.model.workload import WorkloadError
from gpu_virt_bench.systems.options import configured, resolve_options
from sessions import LAYER, request_for

ONCE = {"repetitions": 1, "max_repetitions": 1}
HALF_SECOND = 500_000_000
IDLE = Workload("idle", {"duration": HALF_SECOND})
ENDLESS = Workload("alloc_storm", {"bytes": 1 << 20, "busy": 10**7, "duration": 60 * 10**9}, timeout=90)
SHORT = Workload("idle", {"duration": 50_000_000})
GRAPH = Workload("launch_sync", {"api": "cuGraphLaunch", "count": 1})
LAUNCH = Workload("launch_sync", {"api": "cuLaunchKernel", "count": 10})
ROUNDS = {"rounds": dict.fromkeys(("latency", "tail", "process", "window", "long"), 2)}


def busy(bench) -> Workload:
    """Kernels for half a second."""
    args = {"iterations": bench.millisecond, "blocks": bench.device.sm_count, "depth": 2, "settle": 0}
    return Workload("launch_rate", {**args, "duration": HALF_SECOND, "wait": "block"})


def doing(body, *party: Share, **keys):
    """A metric with that party whose samples are what the body returns."""

    def example(bench):
        """An example.

        sample = what the body returns
        """
        while True:
            yield body(bench)

    return metric("XX-001", unit="s", better="lower", effort="window", party=lambda params, device: party, **keys)(
        example
    )


@pytest.fixture
def measured(tmp_path, layer):
    """The run of one metric under the reference interposer, or under another definition."""

    def run(one, definition: str = "", **settings):
        path = str(LAYER / "reference-layer.toml")
        if definition:
            (tmp_path / "mine.toml").write_text(definition)
            path = str(tmp_path / "mine.toml")
        request = request_for(tmp_path / "results", "", (path,), extra=[one], **{**ONCE, **ROUNDS, **settings})
        (system,) = request.systems
        options = resolve_options(system, {} if definition else {"library": str(layer)})
        request = replace(request, systems=[configured(system, options)], options={system.id: options})
        (record,) = run_session(request, Silent()).records
        return record.run

    return run


def samples(run) -> list[float]:
    """The samples of the one outcome."""
    found = run.outcomes["XX-001"]
    assert found.outcome == "measured", found
    return [value for repetition in found.repetitions for value in repetition.samples]


FOUR = [Share(compute=share, role=role) for share, role in zip((0.5, 0.25, 0.15, 0.1), "abcd", strict=True)]


def test_a_party_of_four_with_a_child_and_a_sacrifice(measured) -> None:
    """Shares of 50, 25, 15 and 10 %, two workloads at one instant, one tenant with a child, one that is killed."""
    seen = []

    def body(bench) -> float:
        first, second, third, fourth = bench.party
        with second.child() as child:
            work = {first: busy(bench), second: busy(bench), third: IDLE, child: IDLE}
            found = bench.read(work)
            seen.append((child.pid, second.pid))
        with bench.sacrifice(fourth, dies=Death(signal=9)):
            fourth.kill()
        begins, ends = zip(*((one.begin, one.end) for one in found.values()), strict=True)
        return (min(ends) - max(begins)) / max(one.end - one.begin for one in found.values())

    run = measured(doing(body, *FOUR))
    assert all(overlap >= 0.9 for overlap in samples(run))
    assert [one.compute_share for one in run.outcomes["XX-001"].party] == [0.5, 0.25, 0.15, 0.1]
    assert [one.role for one in run.outcomes["XX-001"].party] == ["a", "b", "c", "d"]
    assert all(child != parent for child, parent in seen)
    deaths = [check for one in run.proof for check in one.checks if check.name == "death"]
    assert [(check.expected, check.found) for check in deaths] == [("signal 9", "as wanted: ended by signal 9")] * 2
    granted = {one.granted.get("compute_share") for one in run.proof if one.when == "before"}
    assert granted == {"0.5", "0.25", "0.15", "0.1"}
    assert {one.child for one in run.proof} == {0, 1}
    before = {(one.serial, one.child) for one in run.proof if one.when == "before"}
    assert before <= {(one.serial, one.child) for one in run.proof if one.when == "after"}
    assert not [pid for pids in seen for pid in pids if Path(f"/proc/{pid}").exists()]


def test_tenants_that_work_in_turn_change_places_with_every_repetition(measured) -> None:
    half, whole = Share(compute=0.5, role="limited"), Share(compute=1.0, role="free")
    seen = []

    def body(bench) -> float:
        seen.append([tenant.share.role for tenant in bench.party])
        return 1.0

    run = measured(doing(body, half, whole, in_turn=True), repetitions=2, max_repetitions=2)
    limited = [
        (one.repetition, one.tenant) for one in run.proof if one.when == "before" and one.granted.get("compute_share")
    ]
    assert limited == [(0, 0), (1, 1)]
    assert {tuple(roles) for roles in seen} == {("limited", "free")}


def test_a_sacrificed_tenant_is_never_handed_out_again(measured) -> None:
    pids = []

    def body(bench) -> float:
        first, second = bench.party
        pids.append((first.pid, second.pid))
        bench.read({first: IDLE, second: IDLE})
        with bench.sacrifice(second, dies=Death(signal=9)):
            second.kill()
        return 1.0

    run = measured(doing(body, Share(compute=0.5), Share(compute=0.5)))
    assert samples(run) == [1.0, 1.0]
    assert len({pid for pair in pids for pid in pair}) == 4


def test_a_fault_that_was_wanted_is_no_failure(measured) -> None:
    def body(bench) -> float:
        with bench.sacrifice(Share(compute=0.25), dies=Death(code=700)) as victim:
            bench.run(victim, GRAPH)
        bench.run(bench.party[0], LAUNCH)
        return 1.0

    assert samples(measured(doing(body, Share(compute=0.5)), emulate={"sticky.cuGraphLaunch": "1:700"})) == [1.0, 1.0]


def test_a_death_that_does_not_happen_fails_the_outcome(measured) -> None:
    def body(bench) -> float:
        with bench.sacrifice(Share(), dies=Death(code=700)) as victim:
            bench.run(victim, LAUNCH)
        return 1.0

    error = measured(doing(body, Share())).outcomes["XX-001"].error
    assert error.startswith("CUDA error 700 not raised: tenant-")


def test_another_fault_than_the_wanted_one_fails_the_outcome(measured) -> None:
    def body(bench) -> float:
        with bench.sacrifice(Share(), dies=Death(code=700)) as victim:
            bench.run(victim, GRAPH)
        return 1.0

    found = measured(doing(body, Share()), emulate={"sticky.cuGraphLaunch": "1:719"}).outcomes["XX-001"]
    assert "CUDA_ERROR_LAUNCH_FAILED (719)" in found.error


RESTARTS = """
title = "T"
description = "D"
mechanism = "none"
features = ["concurrent-tenants", "separate-processes"]
[[setup]]
run = ["sh", "-c", "echo up >> {log}"]
[recovery]
after_kill = "restart"
"""


def test_recovery_runs_after_a_kill_and_only_then(measured, tmp_path) -> None:
    def killing(bench) -> float:
        with bench.sacrifice(Share(), dies=Death(signal=9)) as victim:
            victim.kill()
        return 1.0

    def refused(bench) -> float:
        bench.run(bench.party[0], Workload("try_alloc", {"api": "cuMemAlloc_v2", "bytes": 1 << 50, "keep": 0}))
        raise WorkloadError("unsupported", "no such thing")

    for body, starts in ((refused, 1), (killing, 3)):
        log = tmp_path / f"{body.__name__}.log"
        measured(doing(body, Share()), RESTARTS.replace("{log}", str(log)))
        assert log.read_text().split() == ["up"] * starts


@pytest.mark.host_time
def test_beside_is_entered_when_the_neighbor_has_begun_and_its_stop_is_never_lost(measured) -> None:
    took, pairs = [], []

    def body(bench) -> float:
        first, neighbor = bench.party
        began = time.monotonic()
        with bench.beside({neighbor: ENDLESS}) as done:
            pass
        took.append(time.monotonic() - began)
        pairs.append(done[neighbor].columns["pairs"][0])
        bench.run(first, LAUNCH)
        return 1.0

    settings = {"rounds": dict.fromkeys(("latency", "tail", "process", "window", "long"), 8)}
    measured(doing(body, Share(), Share()), **settings)
    assert len(took) >= 8
    assert max(took) < 30.0
    assert min(pairs) > 0


@pytest.mark.host_time
def test_a_neighbor_that_ends_early_rejects_the_sample(measured) -> None:
    def body(bench) -> float:
        first, neighbor = bench.party
        with bench.beside({neighbor: SHORT}):
            bench.run(first, IDLE)
        return 1.0

    found = measured(doing(body, Share(), Share())).outcomes["XX-001"]
    assert found.outcome == "failed"
    assert "the last: neighbor 1 ended 0.4" in found.error
    assert [one.value for one in found.repetitions[0].rejected][:2] == [1.0, 1.0]


def test_a_neighbor_that_dies_fails_the_outcome(measured) -> None:
    def body(bench) -> float:
        first, neighbor = bench.party
        with bench.beside({neighbor: ENDLESS}):
            neighbor.kill()
            bench.run(first, LAUNCH)
        return 1.0

    assert "was ended by signal 9" in measured(doing(body, Share(), Share())).outcomes["XX-001"].error


def test_a_sample_must_end_its_own_neighbors(measured) -> None:
    def example(bench):
        """An example.

        sample = one
        """
        _, neighbor = bench.party
        while True:
            with bench.beside({neighbor: ENDLESS}):
                yield 1.0

    made = metric("XX-001", unit="s", better="lower", party=lambda params, device: (Share(), Share()))(example)
    error = measured(made).outcomes["XX-001"].error
    assert error == "XX-001 yielded while its neighbors work; a sample begins and ends its own"


def test_a_neighbor_is_stopped_when_the_next_one_cannot_begin(measured) -> None:
    idle = []

    def body(bench) -> float:
        _, one, other = bench.party
        other.kill()
        try:
            with bench.beside({one: ENDLESS, other: ENDLESS}):
                pass
        finally:
            began = time.monotonic()
            bench.run(one, SHORT)  # answered at once: it is free again
            idle.append(time.monotonic() - began)
        return 1.0

    error = measured(doing(body, Share(), Share(), Share())).outcomes["XX-001"].error
    assert "was ended by signal 9" in error
    assert idle[0] < 30.0


def test_a_victim_that_does_not_die_does_not_stand_beside_the_next_sample(measured) -> None:
    pids = []

    def body(bench) -> float:
        try:
            with bench.sacrifice(Share(), dies=Death(code=700)) as victim:
                pids.append(victim.pid)
        finally:
            pids.append(Path(f"/proc/{pids[0]}").exists())
        return 1.0

    measured(doing(body, Share()))
    assert pids[1] is False


def test_conditions_of_a_shared_reading_are_those_of_all_who_use_it(tmp_path) -> None:
    def sharing(id: str):
        def example(bench):
            """An example.

            sample = one
            """

            def take(index: int) -> float:
                bench.condition("model", "tiny")
                return 1.0

            yield from bench.readings("shared", take)

        return metric(id, unit="s", better="lower", effort="window")(example)

    extra = [sharing("XX-001"), sharing("XX-002")]
    request = request_for(tmp_path, "", extra=extra, repetitions=4, max_repetitions=4, **ROUNDS)
    (record,) = run_session(request, Silent()).records
    assert {found.conditions["model"] for found in record.run.outcomes.values()} == {"tiny"}


def test_work_that_does_not_overlap_is_rejected(measured) -> None:
    def body(bench) -> float:
        first, second = bench.party
        bench.read({first: IDLE, second: SHORT})
        return 1.0

    found = measured(doing(body, Share(), Share())).outcomes["XX-001"]
    assert found.outcome == "failed"
    assert "the last: overlap of 0.1" in found.error


def test_conditions_of_an_outcome_stand_in_the_file(measured) -> None:
    def body(bench) -> float:
        bench.condition("model", "tiny")
        return bench.window.duration

    run = measured(doing(body, Share()))
    assert run.outcomes["XX-001"].conditions == {"model": "tiny", "window_seconds": 0.4, "settle_seconds": 0.1}


def test_conditions_that_change_within_an_outcome_fail_it(measured) -> None:
    models = iter(["tiny", "large"])

    def body(bench) -> float:
        bench.condition("model", next(models))
        return 1.0

    error = measured(doing(body, Share())).outcomes["XX-001"].error
    assert error == "model changed from tiny to large within the outcome"


def test_a_window_is_the_longer_one_where_any_system_limits_the_share(tmp_path, layer) -> None:
    path = str(LAYER / "reference-layer.toml")
    one = doing(lambda bench: bench.window.duration, Share())
    request = request_for(tmp_path, "", ("native", path), extra=[one], **ONCE, **ROUNDS)
    options = resolve_options(request.systems[1], {"library": str(layer)})
    systems = [request.systems[0], configured(request.systems[1], options)]
    request = replace(request, systems=systems, options={"reference-layer": options}, compute_limit=0.5)
    native, limited = (record.run for record in run_session(request, Silent()).records)
    assert samples(native) == samples(limited) == [0.5, 0.5]
    assert [one.compute_share for run in (native, limited) for one in run.outcomes["XX-001"].party] == [None, 0.5]


def test_whole_means_whole_under_the_users_limit(measured, tmp_path, layer) -> None:
    path = str(LAYER / "reference-layer.toml")
    request = request_for(tmp_path, "OH-001;OH-001[compute=full]", (path,), **ONCE)
    (system,) = request.systems
    options = resolve_options(system, {"library": str(layer)})
    request = replace(request, systems=[configured(system, options)], options={system.id: options}, compute_limit=0.5)
    (record,) = run_session(request, Silent()).records
    outcomes = record.run.outcomes
    assert [outcomes[name].party[0].compute_share for name in ("OH-001", "OH-001[compute=full]")] == [0.5, None]


def test_a_share_that_the_system_cannot_express_skips_that_outcome_alone(measured, tmp_path, layer) -> None:
    text = (LAYER / "reference-layer.toml").read_text().replace("compute = { step = 0.01", "compute = { step = 0.2")
    coarse = tmp_path / "coarse.toml"
    coarse.write_text(text)
    request = request_for(tmp_path / "results", "OH-001;OH-001[compute=0.25]", (str(coarse),), **ONCE)
    (system,) = request.systems
    options = resolve_options(system, {"library": str(layer)})
    request = replace(request, systems=[configured(system, options)], options={system.id: options})
    (record,) = run_session(request, Silent()).records
    assert record.run.status == "complete"
    assert record.run.outcomes["OH-001"].outcome == "measured"
    assert "its step is 0.2" in record.run.outcomes["OH-001[compute=0.25]"].reason


def test_a_skip_in_a_later_repetition_keeps_what_was_measured(tmp_path) -> None:
    from gpu_virt_bench import Skip

    calls = []

    def body(bench) -> float:
        calls.append(True)
        if len(calls) > 2:
            raise Skip("needs luck, found none")
        return 1.0

    request = request_for(tmp_path, "", extra=[doing(body, Share())], repetitions=2, max_repetitions=2, **ROUNDS)
    (record,) = run_session(request, Silent()).records
    assert samples(record.run) == [1.0, 1.0]
    assert "XX-001: a later repetition said that it does not apply: needs luck, found none" in record.run.warnings
    assert record.run.missing == ["XX-001: 1 of 2 repetitions"]
