"""What a tenant is asked: runs, their beginning and their end, several at one instant, processors, CPU time."""

import os
import signal
from pathlib import Path

import pytest
from fakes import HELLO, eventually

from gpu_virt_bench.model.workload import TenantDied, TenantHung, Workload, WorkloadError
from gpu_virt_bench.tenant import together

FLOOR = Workload("clock_floor", {"count": 100})
ENDLESS = Workload("gvb_test_works:endless")


def work(name: str, **args: object) -> Workload:
    """A workload of these tests."""
    return Workload(f"gvb_test_works:{name}", args)


def test_a_tenant_says_hello_and_runs_a_workload(start) -> None:
    tenant = start()
    assert tenant.pid == tenant.process_id
    assert tenant.is_local
    assert tenant.start_seconds > 0
    assert len(tenant.run(FLOOR).columns["floor"]) == 100


def test_a_tenant_of_another_boot_is_not_local(fake) -> None:
    assert not fake(HELLO + "time.sleep(60)").is_local


def test_a_missing_argument_is_named(start) -> None:
    with pytest.raises(WorkloadError, match="clock_floor needs the argument count"):
        start().run(Workload("clock_floor"))


def test_no_driver_is_one_sentence(start) -> None:
    with pytest.raises(WorkloadError, match=r"libcuda.so.1"):
        start().run(Workload("probe", {"bytes": 4096, "seed": 1}))


def test_a_workload_is_prepared_once(start) -> None:
    tenant = start()
    assert tenant.prepare(FLOOR) == tenant.prepare(Workload("clock_floor", {"count": 100}))
    assert tenant.prepare(FLOOR) != tenant.prepare(Workload("clock_floor", {"count": 101}))


def test_released_workloads_are_prepared_anew(start) -> None:
    tenant = start()
    tenant.run(FLOOR)
    tenant.release()
    assert len(tenant.run(FLOOR).columns["floor"]) == 100


# Beginning and end


def test_a_run_is_heard_of_when_it_has_begun(python) -> None:
    tenant = python()
    running = tenant.begin(ENDLESS)
    running.began(20)
    running.stop()
    series = running.series()
    assert series.columns["row"][0] == 0.5
    assert series.end > series.begin


def test_a_run_has_not_begun_before_its_time(python) -> None:
    tenant = python()
    with pytest.raises(TenantHung, match=r"did not begin gvb_test_works:endless within 0\.2 s and was killed"):
        tenant.begin(ENDLESS, at=1 << 62).began(0.2)


def test_a_run_that_is_over_has_begun(start) -> None:
    tenant = start()
    running = tenant.begin(FLOOR)
    running.began(20)
    assert len(running.series().columns["floor"]) == 100


def test_the_question_for_its_beginning_raises_what_the_run_raised(python) -> None:
    tenant = python()
    with pytest.raises(WorkloadError, match="the sum is 3, expected 4"):
        tenant.begin(work("wrong")).began(20)


def test_a_tenant_that_dies_before_it_begins_is_told(python) -> None:
    tenant = python()
    with pytest.raises(TenantDied, match="ended by signal 11"):
        tenant.begin(work("dies")).began(20)


def test_a_stop_at_once_is_not_lost(python) -> None:
    tenant = python()
    for _ in range(50):
        running = tenant.begin(ENDLESS)
        running.stop()
        assert len(running.series().columns["row"]) < 10**6


def test_a_stop_before_the_worker_takes_the_run_up_is_kept(python) -> None:
    tenant = python()
    tenant.prepare(ENDLESS)
    busy = tenant.begin(work("own", seconds=0.2))
    waiting = tenant.begin(ENDLESS)
    waiting.stop()
    assert busy.series().columns["row"] == (0.2,)
    assert waiting.series().columns["row"] == ()


def test_a_stop_ends_the_run_that_it_names_and_no_other(python) -> None:
    tenant = python()
    over = tenant.begin(ENDLESS)
    over.stop()
    over.series()
    running = tenant.begin(ENDLESS)
    running.began(20)
    over.stop()
    assert tenant.cpu_seconds() >= 0  # the stop has been read
    assert not running._call.done.done()
    running.stop()
    running.series()


def test_a_begun_run_of_libgvb_is_heard_of_and_stopped(start, gpu) -> None:
    tenant = start(env=gpu)
    running = tenant.begin(Workload("idle", {"duration": 3_000_000_000_000}))
    running.began(60)
    running.stop()
    assert running.series().columns["slept"][0] < 3_000_000_000_000


# Several at one instant


def test_tenants_work_at_one_instant_each_at_its_own(python) -> None:
    a, b = python(), python()
    series = together({a: work("own", seconds=0.05), b: FLOOR})
    assert series[a].columns == {"row": (0.05,)}
    assert len(series[b].columns["floor"]) == 100
    assert series[a].begin < series[b].end + 1_000_000_000


def test_together_begins_after_the_last_was_asked(python) -> None:
    a, b = python(), python()
    series = together({a: work("own", seconds=0.5), b: work("own", seconds=0.5)})
    assert max(series[a].begin, series[b].begin) < min(series[a].end, series[b].end)


def test_when_one_fails_the_other_is_stopped_and_can_work_again(python) -> None:
    a, b = python(), python()
    with pytest.raises(WorkloadError, match="expected 4"):
        together({a: work("wrong"), b: ENDLESS})
    assert b.run(work("value", what=2)).columns == {"row": (2.0,)}


# CPU time


def test_threads_that_have_ended_are_counted_and_the_tenants_own_work_is_not(python) -> None:
    tenant = python()
    tenant.run(work("own", seconds=0.3))
    before = tenant.cpu_seconds()
    tenant.run(work("own", seconds=0.3))
    assert tenant.cpu_seconds() - before < 0.1
    tenant.run(work("burst", threads=10, seconds=0.05))
    assert tenant.cpu_seconds() - before >= 0.5


def test_cpu_time_is_asked_of_the_tenant_behind_a_command(python) -> None:
    tenant = python(command=["sh", "-c", '"$@"; true', "sh"])
    tenant.run(work("burst", threads=2, seconds=0.1))
    assert tenant.cpu_seconds() >= 0.2


def test_cpu_time_is_told_while_the_tenant_works(python) -> None:
    tenant = python()
    running = tenant.begin(ENDLESS)
    running.began(20)
    assert 0 <= tenant.cpu_seconds() < 0.1
    running.stop()
    running.series()


# Processors


def processors(mask: int) -> set[int]:
    """The processors of a mask."""
    return {cpu for cpu in range(mask.bit_length()) if mask >> cpu & 1}


two_processors = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs 2 processors")


@two_processors
def test_timed_calls_have_a_processor_and_threads_that_appear_later_another(python) -> None:
    tenant = python()
    first, second = tenant.hello["cpus"][:2]
    tenant.pin(first, [second])
    tenant.run(work("places"))
    series = tenant.run(work("places"))
    assert processors(series.columns["worker"][0]) == {first}
    assert {cpu for mask in series.columns["others"] for cpu in processors(mask)} == {second}
    assert len(series.columns["others"]) == 4  # main, watch, one made before the first run, one made in it


@two_processors
def test_a_thread_that_appears_while_work_is_prepared_is_moved_at_once(python) -> None:
    tenant = python()
    first, second = tenant.hello["cpus"][:2]
    tenant.pin(first, [second])
    tenant.prepare(work("places"))
    tasks = [int(task.name) for task in Path(f"/proc/{tenant.pid}/task").iterdir()]
    assert len(tasks) == 4
    assert sum(os.sched_getaffinity(task) == {first} for task in tasks) == 1


@two_processors
def test_a_drivers_threads_are_moved_when_it_has_been_asked_for_facts(start, gpu) -> None:
    tenant = start(env=gpu)
    first, second = tenant.hello["cpus"][:2]
    tenant.pin(first, [second])
    tenant.facts()
    places = [os.sched_getaffinity(int(task.name)) for task in Path(f"/proc/{tenant.pid}/task").iterdir()]
    assert places.count({first}) == 1
    assert places.count({second}) == len(places) - 1


def test_a_processor_that_is_not_there_is_a_sentence(start, monkeypatch) -> None:
    tenant = start()
    tenant.hello["cpus"].append(4095)
    with pytest.raises(WorkloadError, match="asked for processor 4095, but this tenant has 0"):
        tenant.pin(0, [4095])
    assert tenant.run(FLOOR).columns


def test_a_tenant_elsewhere_is_not_pinned(fake) -> None:
    tenant = fake(HELLO + "sys.stdin.readline(); sys.exit(9)")
    tenant.pin(0, [0])
    assert tenant.is_alive()


def test_a_tenant_without_these_processors_is_not_pinned(start) -> None:
    tenant = start(["taskset", "-c", "0"])
    assert tenant.hello["cpus"] == [0]
    tenant.pin(1, [0])
    assert os.sched_getaffinity(tenant.pid) == {0}


# Facts


def test_facts_are_the_devices_and_name_who_serves_a_symbol(start, gpu) -> None:
    facts = start(env={**gpu, "MINE": "1"}).facts(["cuInit"], ["MINE"])
    assert facts["devices"] == 1
    assert facts["served_by"]["cuInit"].endswith("libcuda.so.1")
    assert facts["env"] == {"MINE": "1"}


def test_work_without_a_gpu_opens_no_driver(python, gpu) -> None:
    tenant = python(gpu)
    tenant.run(FLOOR)
    assert tenant.run(work("mapped")).columns == {"row": (0,)}
    tenant.facts()
    assert tenant.run(work("mapped")).columns == {"row": (1,)}


def test_a_death_by_signal_is_seen_without_asking(start) -> None:
    tenant = start()
    os.kill(tenant.pid, signal.SIGKILL)
    assert eventually(lambda: not tenant.is_alive())
