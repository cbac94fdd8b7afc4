"""Series over many runs: what belongs together, where it goes, where it changed; and the index, which may vanish."""

import json
import os
import random
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from builders import DEVICE, HOST, PLAN, PROOF, a_run, with_outcome
from gpu_virt_bench.history.changes import also_changed
from gpu_virt_bench.history.index import NAME
from gpu_virt_bench.history.points import no_point
from gpu_virt_bench.history.series import HistoryError, Selection, Series, history, overview
from gpu_virt_bench.history.trend import DAY, ChangePoint, change_points, course, pettitt, slope
from gpu_virt_bench.model.run import DeviceState, Granted, Library
from gpu_virt_bench.report.history import history_json, history_text, overview_text, sparkline
from gpu_virt_bench.results import save

ONE = Selection(["OH-001"])


LIMITING = ["concurrent-tenants", "memory-limit", "compute-limit"]


def write(
    folder: Path, day: int, value: float = 2e-6, name: str = "OH-001", features: list[str] = LIMITING, **changes: Any
) -> Path:
    """A run of three repetitions, that many days after the first of November; `outcome` replaces fields of it."""
    began = datetime(2026, 11, 1, 12, tzinfo=UTC) + timedelta(days=day)
    path = folder / f"{changes.get('system', 'native')}-{day}-{len(list(folder.glob('*.json')))}.json"
    fields = changes.pop("outcome", {})
    run = a_run({name: [value, value, value]}, began=began.isoformat(), **changes)
    save(with_outcome(replace(run, system=replace(run.system, features=features)), name, **fields), path)
    return path


def only(folder: Path, selection: Selection = ONE) -> Series:
    """The one series that there is."""
    (series,) = history(folder, selection)[0]
    return series


def values(folder: Path, selection: Selection = ONE) -> list[float]:
    """The values of the one series that there is."""
    return [point.value for point in only(folder, selection).points]


# -- what belongs together


def test_runs_stand_in_the_order_of_their_time(tmp_path) -> None:
    for day, value in ((2, 3e-6), (0, 1e-6), (1, 2e-6)):
        write(tmp_path, day, value)
    assert values(tmp_path) == [1e-6, 2e-6, 3e-6]


@pytest.mark.parametrize(
    "changes",
    [
        {"system": "mps"},
        {"devices": [replace(DEVICE, name="NVIDIA A100")]},
        {"emulated": True},
        {"definitions": {"OH-001": {"revision": 2}}},
        {"plan": replace(PLAN, compute_limit=0.5)},
        {"plan": replace(PLAN, memory_limit_bytes=1 << 30)},
        {"plan": replace(PLAN, tenants=2)},
        {"point": {"compute-limit": 25}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_cannot_be_compared_is_another_series(tmp_path, changes: dict[str, Any]) -> None:
    write(tmp_path, 0)
    write(tmp_path, 1, **changes)
    assert [len(series.points) for series in history(tmp_path, ONE)[0]] == [1, 1]


@pytest.mark.parametrize(
    "changes",
    [
        {"plan": replace(PLAN, compute_limit=0.5, memory_limit_bytes=1 << 30, tenants=2)},
        {"point": {"compute-limit": 25, "memory-limit": 1024}},
    ],
    ids=["asked", "swept"],
)
def test_limits_that_the_system_does_not_have_are_no_other_series_and_no_label(tmp_path, changes) -> None:
    write(tmp_path, 0, features=["separate-processes"])
    write(tmp_path, 1, features=["separate-processes"], **changes)
    assert len(only(tmp_path).points) == 2
    assert "\n  native on NVIDIA H200\n" in history_text(*history(tmp_path, ONE))


def test_another_quota_is_another_series_which_its_heading_names(tmp_path) -> None:
    party = [Granted("tenant", compute_share=share) for share in (0.6, 0.4)]
    for number, quota in enumerate(([0.6, 0.4], [0.7, 0.3])):
        write(tmp_path, number, plan=replace(PLAN, compute_quota=quota), outcome={"party": party})
    assert [len(series.points) for series in history(tmp_path, ONE)[0]] == [1, 1]
    assert "quota 60/40" in history_text(*history(tmp_path, ONE))


def test_a_limit_that_no_tenant_of_the_outcome_has_is_none_of_its(tmp_path) -> None:
    limited = {"plan": replace(PLAN, compute_limit=0.5), "outcome": {"party": [Granted("tenant", compute_share=0.5)]}}
    write(tmp_path, 0, **limited)
    write(tmp_path, 1, **{**limited, "outcome": {"party": [Granted("tenant")]}})
    write(tmp_path, 2)
    assert sorted(len(series.points) for series in history(tmp_path, ONE)[0]) == [1, 2]


def test_another_card_of_the_same_model_is_the_same_series(tmp_path) -> None:
    write(tmp_path, 0)
    write(tmp_path, 1, devices=[replace(DEVICE, uuid="GPU-2", driver_version="590.1")])
    assert len(only(tmp_path).points) == 2


def test_an_emulated_gpu_with_other_keys_is_another_device_and_its_seed_is_none(tmp_path) -> None:
    for day, keys in enumerate([{"call": 200, "seed": 1}, {"call": 200, "seed": 2}, {"call": 900, "seed": 1}]):
        write(tmp_path, day, devices=[replace(DEVICE, emulated=True, emulation=keys)])
    assert sorted(len(series.points) for series in history(tmp_path, ONE)[0]) == [1, 2]


def test_twins_are_left_out_unless_they_are_asked_for(tmp_path) -> None:
    write(tmp_path, 0, 1e-6)
    write(tmp_path, 0, 2e-6, twin=True)
    assert values(tmp_path) == [1e-6]
    assert sorted(values(tmp_path, replace(ONE, twins=True))) == [1e-6, 2e-6]


def test_skipped_and_failed_outcomes_have_no_point(tmp_path) -> None:
    save(a_run({"OH-001": "failed: died", "OH-002": [1e-6]}), tmp_path / "a.json")
    with pytest.raises(HistoryError, match="no run has 'OH-001'; there are OH-002"):
        history(tmp_path, ONE)


def test_a_name_is_the_headline_and_patterns_name_more(tmp_path) -> None:
    for name in ("OH-001", "OH-001[path=start]", "OH-001[path=end]", "OH-002"):
        write(tmp_path, 0, name=name)

    def named(*words: str) -> list[str]:
        return sorted(series.last.name for series in history(tmp_path, Selection(words))[0])

    assert named("oh-001") == ["OH-001"]
    assert named("OH-*") == ["OH-001", "OH-002"]
    assert named("OH-001[path=*]") == ["OH-001[path=end]", "OH-001[path=start]"]
    assert named("OH-001[path=end]", "OH-002") == ["OH-001[path=end]", "OH-002"]


def test_system_device_and_time_narrow_the_series(tmp_path) -> None:
    for day, system in enumerate(["native", "mps", "mps"]):
        write(tmp_path, day, day + 1.0, system=system)
    since = datetime(2026, 11, 3, tzinfo=UTC).timestamp()
    assert values(tmp_path, replace(ONE, system="MPS")) == [2.0, 3.0]
    assert values(tmp_path, replace(ONE, system="mps", device="h200", since=since)) == [3.0]
    assert history(tmp_path, replace(ONE, device="B200"))[0] == []


def test_an_overview_counts_runs_by_system_and_device(tmp_path) -> None:
    for day, system in enumerate(["native", "mps", "mps"]):
        write(tmp_path, day, system=system)
    mps, native = overview(tmp_path, Selection())[0]
    assert (mps.system, mps.device, mps.runs, mps.metrics) == ("mps", "NVIDIA H200", 2, ["OH-001"])
    assert (mps.last - mps.first, native.runs) == (DAY, 1)


# -- trend and changes


def test_a_line_has_its_slope_and_an_interval_without_width() -> None:
    found = slope([day * DAY for day in range(12)], [5.0 + 2 * day for day in range(12)])
    assert found is not None
    assert (found.value * DAY, found.low * DAY, found.high * DAY, found.runs) == pytest.approx((2.0, 2.0, 2.0, 12))


def test_one_wild_run_does_not_move_the_slope() -> None:
    series = [5.0 + 2 * day for day in range(13)]
    series[6] = 1e6
    found = slope([float(day) for day in range(13)], series)
    assert found is not None
    assert found.value == pytest.approx(2.0)


def test_the_slope_is_that_of_scipy() -> None:
    from scipy.stats import theilslopes

    draw = random.Random(1)
    times = [float(round(draw.uniform(0, 50))) for _ in range(40)]
    series = [time * 0.1 + round(draw.gauss(0, 1), 1) for time in times]
    order = sorted(range(40), key=times.__getitem__)
    found, expected = slope([times[i] for i in order], [series[i] for i in order]), theilslopes(series, times, 0.95)
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((expected[0], expected[2], expected[3]))


def test_nine_runs_or_ten_of_one_moment_have_no_slope() -> None:
    assert slope(range(9), range(9)) is None
    assert slope([1.0] * 10, range(10)) is None


def test_a_clean_step_is_found_where_it_is() -> None:
    (change,) = change_points([1.0] * 8 + [2.0] * 8)
    assert (change.position, change.before, change.after) == (8, 1.0, 2.0)
    assert change.p == pytest.approx(0.00705, rel=1e-3)  # K = 64, 2 exp(-6 * 4096 / (4096 + 256))


def test_pettitt_of_a_step_is_by_hand() -> None:
    position, p = pettitt([1, 1, 1, 2, 2, 2])
    assert (position, p) == (3, pytest.approx(2 * 2.71828 ** (-6 * 81 / 252), rel=1e-3))


def test_fifteen_runs_are_too_few_for_a_change() -> None:
    assert change_points([1.0] * 7 + [2.0] * 8) == []


def test_equal_values_have_no_change() -> None:
    assert change_points([1.0] * 50) == []


def test_two_steps_are_two_changes() -> None:
    found = change_points([1.0] * 30 + [2.0] * 30 + [1.5] * 30)
    assert [change.position for change in found] == [30, 60]


def test_the_trend_is_that_of_the_runs_since_the_last_change() -> None:
    series = [10.0] * 20 + [20.0 + run for run in range(12)]
    found = course([float(run) for run in range(32)], series)
    assert (found.changes[-1].position, found.since) == (20, 20)
    assert found.slope is not None
    assert found.slope.value == pytest.approx(1.0)


@pytest.mark.parametrize("runs", [16, 30, 100])
def test_pure_noise_has_a_change_in_less_than_5_of_100_series(runs: int) -> None:
    draw = random.Random(runs)
    found = [bool(change_points([draw.gauss(1, 0.02) for _ in range(runs)])) for _ in range(600)]
    assert sum(found) < 30


def test_a_step_of_10_percent_in_noise_of_2_percent_is_found_within_one_run() -> None:
    draw = random.Random(1)
    near = 0
    for _ in range(200):
        series = [draw.gauss(level, 0.02) for level in [1.0] * 20 + [1.1] * 20]
        near += [abs(change.position - 20) <= 1 for change in change_points(series)] == [True]
    assert near >= 190


# -- what else changed


def beside(folder: Path, *sides: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What else changed between the sides, three runs of each: name, unit, values."""
    for day, changes in enumerate(side for side in sides for _ in range(3)):
        write(folder, day, **changes)
    changes = [ChangePoint(3 * index, 1.0, 2.0, 0.001) for index in range(1, len(sides))]
    return [
        (other.name, other.unit, other.before, other.after)
        for others in also_changed(only(folder).points, changes)
        for other in others
    ]


STATE = DeviceState("2026-11-01T12:00:00+00:00", power_limit_watts=700.0, ecc="enabled")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"devices": [replace(DEVICE, driver_version="590.1")]}, ("driver", "", "580.159.04", "590.1")),
        ({}, {"devices": [replace(DEVICE, uuid="GPU-2")]}, ("GPU", "", "GPU-1", "GPU-2")),
        ({}, {"host": replace(HOST, kernel="6.9.0")}, ("kernel", "", "6.8.0", "6.9.0")),
        ({}, {"host": replace(HOST, cpu="Another")}, ("CPU", "", "A processor", "Another")),
        ({}, {"host": replace(HOST, hypervisor="kvm")}, ("hypervisor", "", "none", "kvm")),
        ({}, {"tool_version": "0.2.0"}, ("tool version", "", "0.1.0", "0.2.0")),
        ({}, {"label": "nightly"}, ("label", "", "none", "nightly")),
        ({}, {"libraries": [Library("/a/libvgpu.so", 1, "0123456789")]}, ("libvgpu.so", "", "none", "01234567")),
        (
            {"before": [STATE]},
            {"before": [replace(STATE, power_limit_watts=500.0)]},
            ("power limit", "W", 700.0, 500.0),
        ),
        (
            {"outcome": {"conditions": {"window_seconds": 1.0}}},
            {"outcome": {"conditions": {"window_seconds": 2.0}}},
            ("condition window_seconds", "", 1.0, 2.0),
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_circumstance_that_changed_is_named_alone(tmp_path, before, after, expected) -> None:
    assert beside(tmp_path, before, after) == [expected]


def clocked(*clocks: float) -> dict[str, Any]:
    """Changes of a run whose samples ran at these clocks, Hz."""
    outcome = a_run({"OH-001": [1e-6] * len(clocks)}).outcomes["OH-001"]
    pairs = zip(outcome.repetitions, clocks, strict=True)  # type: ignore[union-attr]
    return {"outcome": {"repetitions": [replace(one, clocks_hz=[clock]) for one, clock in pairs]}}


def test_a_clock_that_fell_is_named_with_both_medians(tmp_path) -> None:
    found = beside(tmp_path, clocked(1.9e9, 2e9, 2.1e9), clocked(1.4e9, 1.5e9, 1.6e9))
    assert found == [("SM clock", "Hz", 2e9, 1.5e9)]


def test_a_clock_that_moved_by_a_hundredth_did_not_change(tmp_path) -> None:
    assert beside(tmp_path, clocked(2e9), clocked(1.98e9)) == []


def test_nothing_changed_between_equal_runs(tmp_path) -> None:
    assert beside(tmp_path, {}, {}) == []


def test_every_change_has_its_own(tmp_path) -> None:
    kernel, tool = {"host": replace(HOST, kernel="6.9.0")}, {"tool_version": "0.2.0"}
    assert [name for name, *_ in beside(tmp_path, {}, kernel, {**kernel, **tool})] == ["kernel", "tool version"]


def test_what_differs_from_run_to_run_is_no_change(tmp_path) -> None:
    for day in range(8):
        write(tmp_path, day, host=replace(HOST, boot_id=f"boot-{day}"), label=str(day))
    assert also_changed(only(tmp_path).points, [ChangePoint(4, 1.0, 2.0, 0.001)]) == [[]]


def test_only_the_runs_near_a_change_are_asked(tmp_path) -> None:
    for day in range(120):
        write(tmp_path, day, tool_version="0.1.0" if day < 61 else "0.2.0")
    points = only(tmp_path).points
    assert also_changed(points, [ChangePoint(10, 1.0, 2.0, 0.001), ChangePoint(116, 1.0, 2.0, 0.001)]) == [[], []]


def test_a_run_that_stands_on_the_wrong_side_of_a_change_does_not_hide_what_changed(tmp_path) -> None:
    for day in range(8):
        write(tmp_path, day, tool_version="0.1.0" if day < 3 else "0.2.0")
    ((other,),) = also_changed(only(tmp_path).points, [ChangePoint(4, 1.0, 2.0, 0.001)])
    assert (other.before_with, other.before_runs, other.after_with, other.after_runs) == (3, 4, 4, 4)


# -- the index


def test_the_index_lies_in_the_directory_and_may_be_deleted(tmp_path) -> None:
    write(tmp_path, 0)
    before = values(tmp_path)
    (tmp_path / NAME).unlink()
    assert values(tmp_path) == before
    assert (tmp_path / NAME).exists()


def test_a_file_that_is_new_changed_or_gone_is_seen(tmp_path) -> None:
    first = write(tmp_path, 0, 1e-6)
    assert values(tmp_path) == [1e-6]
    write(tmp_path, 1, 2e-6)
    save(a_run({"OH-001": [7e-6, 7e-6]}, began="2026-11-01T12:00:00+00:00"), first)
    assert values(tmp_path) == [7e-6, 2e-6]
    first.unlink()
    assert values(tmp_path) == [2e-6]


def test_files_that_did_not_change_are_not_read_again(tmp_path) -> None:
    path = write(tmp_path, 0, 1e-6)
    values(tmp_path)
    state = path.stat()
    path.write_text("x" * state.st_size)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert values(tmp_path) == [1e-6]


@pytest.mark.parametrize("content", [b"", b"no index at all", b"SQLite format 3\x00" + b"\x01" * 5000])
def test_a_damaged_index_is_made_again(tmp_path, content: bytes) -> None:
    write(tmp_path, 0, 1e-6)
    (tmp_path / NAME).write_bytes(content)
    assert values(tmp_path) == [1e-6]
    assert values(tmp_path) == [1e-6]


def test_an_index_damaged_in_its_middle_is_made_again(tmp_path) -> None:
    for day in range(60):
        write(tmp_path, day, 1e-6)
    values(tmp_path)
    content = bytearray((tmp_path / NAME).read_bytes())
    content[4096:] = b"\xaa" * (len(content) - 4096)
    (tmp_path / NAME).write_bytes(content)
    assert values(tmp_path) == [1e-6] * 60


def test_an_index_of_another_version_is_made_again(tmp_path) -> None:
    write(tmp_path, 0, 1e-6)
    index = sqlite3.connect(tmp_path / NAME)
    index.executescript("CREATE TABLE files (x); PRAGMA user_version = 7")
    index.close()
    assert values(tmp_path) == [1e-6]


def test_a_place_where_no_index_can_be_is_done_without(tmp_path) -> None:
    write(tmp_path, 0, 1e-6)
    (tmp_path / NAME).mkdir()
    assert values(tmp_path) == [1e-6]


def test_many_at_once_see_the_same(tmp_path) -> None:
    for day in range(20):
        write(tmp_path, day, 1e-6)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: values(tmp_path), range(16)))
    assert found == [[1e-6] * 20] * 16


def test_what_is_no_run_file_is_listed_and_stops_nothing(tmp_path) -> None:
    write(tmp_path, 0, 1e-6)
    (tmp_path / "other.json").write_text("{}")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "half.json").write_text('{"schema')
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "nowhere.json").symlink_to("none")
    (tmp_path / ".hidden.json").write_text("half")
    found = history(tmp_path, ONE)[1].unreadable
    assert [file.path for file in found] == ["other.json", "pipe.json", "sub/half.json"]


def test_refused_interrupted_running_and_unproven_runs_are_no_points_and_are_named(tmp_path) -> None:
    write(tmp_path, 0, 1e-6)
    for day, status in enumerate(["refused", "interrupted", "running", "refused"], start=1):
        write(tmp_path, day, 9e-6, status=status)
    write(tmp_path, 5, 9e-6, system="mps", proof=PROOF[:1])
    write(tmp_path, 6, 9e-6, system="mps", proof=[])
    (series,), rest = history(tmp_path, ONE)
    assert [point.value for point in series.points] == [1e-6]
    assert [file.reason for file in rest.left_out] == [
        *["unproven"] * 2,
        *["refused", "interrupted", "running", "refused"],
    ]
    text = history_text([series], rest)
    assert "\n6 runs are left out: 2 unproven, 2 refused, 1 interrupted, 1 running\n  mps-5-5.json: unproven\n" in text
    assert text.endswith("  and 1 more")
    found = json.loads(history_json(str(tmp_path), [series], rest))["history"]
    assert found["left_out"][0] == {"path": "mps-5-5.json", "reason": "unproven"}
    (held,), rest = overview(tmp_path, Selection())
    assert (held.runs, len(rest.left_out)) == (1, 6)


def test_an_older_run_is_a_point_although_its_tenants_were_not_all_asked_again() -> None:
    assert no_point(a_run({"OH-001": [1.0]}, schema_version=2, proof=PROOF[:1])) == ""


def test_a_file_whose_name_is_no_text_is_read(tmp_path) -> None:
    write(tmp_path, 0, 1e-6).rename(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\x1b.json"))
    assert only(tmp_path).last.path == r"'\udcff\x1b.json'"


# -- what people read


def stepped(folder: Path) -> str:
    """The table of 20 runs, of which the last ten are a tenth slower."""
    for day in range(20):
        write(folder, day, 2e-6 if day < 10 else 2.2e-6)
    return history_text(*history(folder, ONE))


def test_a_table_names_unit_runs_change_and_trend(tmp_path) -> None:
    text = stepped(tmp_path)
    assert text.startswith("OH-001 A latency, us ↓\n  native on NVIDIA H200\n  ▁▁▁▁▁▁▁▁▁▁██████████  2.000 .. 2.200\n")
    assert "\n> 2026-11-11 12:00       2.200  2.200 .. 2.200             3 x 1\n" in text
    assert "\n> changed with 2026-11-11 12:00: 2.000 -> 2.200 (+10 %)\n    native-10-10.json\n" in text
    assert text.endswith("  trend: 0 a day (0 .. 0) (+0 %), 10 runs since 2026-11-11 12:00")


def upgraded(folder: Path) -> tuple[str, list[dict[str, Any]]]:
    """The table of 20 runs, of which the last ten are slower and have another driver; and what JSON says changed."""
    for day in range(20):
        driver = "580.1" if day < 11 else "590.1"
        write(folder, day, 2e-6 if day < 10 else 2.2e-6, devices=[replace(DEVICE, driver_version=driver)])
    found = history(folder, ONE)
    (change,) = json.loads(history_json("results", *found))["history"]["series"][0]["changes"]
    return history_text(*found), change["also_changed"]


def test_a_change_says_what_else_changed_in_text_and_json(tmp_path) -> None:
    text, (other,) = upgraded(tmp_path)
    assert "    also changed:\n      driver: 580.1 -> 590.1 (10 of 10 runs before, 9 of 10 after)\n  trend:" in text
    assert (other["name"], other["before"], other["after"]) == ("driver", "580.1", "590.1")


def test_a_change_beside_which_nothing_changed_says_so(tmp_path) -> None:
    assert "native-10-10.json\n    nothing else that the run files hold changed with it\n" in stepped(tmp_path)


def test_too_few_runs_are_said_to_be_too_few(tmp_path) -> None:
    write(tmp_path, 0)
    text = history_text(*history(tmp_path, ONE))
    assert "changes: too few runs to tell (1, needs 16)" in text
    assert "trend: too few runs to tell (1, needs 10)" in text


def test_no_line_is_wider_than_80_columns(tmp_path) -> None:
    device = replace(DEVICE, name="A GPU with quite a long name, in a box with quite a long name")
    plan = replace(PLAN, memory_limit_bytes=8 << 30, compute_limit=0.5, tenants=48)
    for day in range(25):
        driver = "580 " * 40 if day < 12 else "590" * 40
        devices = [replace(device, driver_version=driver)]
        write(tmp_path, day, -1.23456e-21 * day, label="a label of many words", devices=devices, plan=plan)
    (tmp_path / ("x" * 90 + ".json")).write_text("")
    text = history_text(*history(tmp_path, ONE)) + "\n" + overview_text(*overview(tmp_path, Selection()))
    assert max(map(len, text.splitlines())) <= 80
    assert "\n    compute 50 % · memory 8192 MiB · 48 tenants\n" in text
    assert "5 earlier runs: --format json has all" in text
    assert "      driver: 580 580 " in text


def test_an_emulated_gpu_is_marked(tmp_path) -> None:
    write(tmp_path, 0, emulated=True)
    assert "us (emulated) ↓" in history_text(*history(tmp_path, ONE))


def test_no_more_than_five_files_are_named(tmp_path) -> None:
    write(tmp_path, 0)
    for number in range(7):
        (tmp_path / f"bad{number}.json").write_text("")
    text = history_text(*history(tmp_path, ONE))
    assert "\n7 files are no run files:\n" in text
    assert text.endswith("\n  and 2 more")


def test_json_has_every_run_in_si_units(tmp_path) -> None:
    stepped(tmp_path)
    found = json.loads(history_json("results", *history(tmp_path, ONE)))["history"]
    (series,) = found["series"]
    assert (series["unit"], len(series["runs"]), series["runs"][0]["value"]) == ("s", 20, 2e-6)
    assert series["runs"][0]["began"] == "2026-11-01T12:00:00+00:00"
    assert [change["began"] for change in series["changes"]] == ["2026-11-11T12:00:00+00:00"]
    assert series["trend"]["runs"] == 10


def test_a_sparkline_goes_from_lowest_to_highest() -> None:
    assert sparkline([0, 7, 14]) == "▁▄█"
    assert sparkline([3, 3]) == "▁▁"
    assert sparkline([1] * 100 + [2] * 2, width=4) == "▁▁██"
