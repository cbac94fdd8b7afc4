"""The sentence and the table of a sweep."""

from dataclasses import replace
from pathlib import Path

from rich.console import Console

from builders import a_run, with_outcome
from gpu_virt_bench.compare import Loaded
from gpu_virt_bench.compare.sweeps import Sweep, sweeps
from gpu_virt_bench.model.run import Granted, Run
from gpu_virt_bench.policy import load
from gpu_virt_bench.report.render.text import print_blocks
from gpu_virt_bench.report.sweep import blocks, point_name, sweep_sentence, sweep_table
from gpu_virt_bench.report.text import console

RATE = {"OH-001": {"title": "Throughput", "unit": "cycles/s", "shown_unit": "cycles/s", "better": "higher"}}


def at(percent: int, seconds: float, **changes: object) -> Run:
    """A latency at a point."""
    return a_run({"OH-001": [seconds] * 5}, system="mps", point={"compute-limit": percent}, **changes)


def limited(percent: int, rate: float) -> Run:
    """A rate under a compute limit; 100 % is none."""
    share = None if percent == 100 else percent / 100
    run = a_run({"OH-001": [rate] * 5}, RATE, system="mps", point={"compute-limit": percent})
    proof = [replace(one, granted={"compute_share": str(share)} if share else {}) for one in run.proof]
    run = replace(run, proof=proof, plan=replace(run.plan, compute_limit=percent / 100))
    return with_outcome(run, "OH-001", party=[Granted("tenant", compute_share=share)])


def swept(*runs: Run) -> Sweep:
    """Their only sweep."""
    (found,) = sweeps([Loaded(Path(f"{index}.json"), run) for index, run in enumerate(runs)], load(None))
    return found


def drawn(*runs: Run, width: int = 100) -> str:
    out = Console(width=width, record=True)
    print_blocks([sweep_table(swept(*runs))], out)
    return out.export_text()


def test_a_point_says_its_unit() -> None:
    assert point_name({"compute-limit": 25, "memory-limit": 4096}) == "compute-limit 25 %, memory-limit 4096 MiB"


def test_each_cell_has_the_verdict_on_its_change_from_the_first_point() -> None:
    text = drawn(at(25, 4e-6), at(50, 2e-6))
    assert "4.000 .. 4.000" in text
    assert "better" in text and "-50.00 ±0.00 %" in text
    assert "OH-001 A latency, us ↓" in text


def test_what_was_not_measured_says_why() -> None:
    failed = a_run({"OH-001": "failed: died"}, system="mps", point={"compute-limit": 50})
    assert "failed: died" in drawn(at(25, 1.0), failed)


def test_an_emulated_sweep_is_marked() -> None:
    assert "EMULATED GPU" in drawn(at(25, 1.0, emulated=True), at(50, 1.0, emulated=True))


def test_a_sweep_begins_with_a_judged_sentence_on_its_two_ends() -> None:
    said = sweep_sentence(swept(at(25, 4e-6), at(50, 3e-6), at(100, 2e-6)))
    assert said == (
        "mps, compute-limit 25 % to compute-limit 100 %: A latency 4.000 to 2.000 us, better: -50.00 ±0.00 %."
    )


def test_what_does_not_change_is_the_same() -> None:
    assert sweep_sentence(swept(at(25, 4e-6), at(50, 4e-6))).endswith("4.000 to 4.000 us, same: 0.00 ±0.00 %.")


def test_what_three_repetitions_show_is_no_change_yet() -> None:
    runs = (a_run({"OH-001": [s] * 3}, system="mps", point={"compute-limit": n}) for n, s in ((25, 1e-6), (50, 2e-6)))
    assert "1.000 to 2.000 us, inconclusive: +100.00 ±0.00 %" in sweep_sentence(swept(*runs))


def test_a_point_outside_of_both_ends_is_named() -> None:
    said = sweep_sentence(swept(at(25, 4e-6), at(50, 9e-6), at(75, 3e-6), at(100, 4e-6)))
    assert "A latency at compute-limit 50 % lies outside of both ends, 9.000 us" in said
    assert "A latency at compute-limit 75 % lies outside of both ends, 3.000 us" in said
    assert "outside" not in sweep_sentence(swept(at(25, 4e-6), at(50, 3e-6), at(100, 2e-6)))


def test_a_limiter_that_ignores_its_limit_is_no_unchanged_rate() -> None:
    said = sweep_sentence(swept(limited(25, 80.0), limited(50, 80.0)))
    assert "Throughput 80.00 to 80.00 cycles/s, worse: 50.00 ±0.00 % of share" in said


def test_with_native_a_limit_that_was_missed_is_in_the_sentence() -> None:
    native = a_run({"OH-001": [100.0] * 5}, RATE)
    sweep = swept(native, limited(25, 80.0), limited(50, 50.0))
    assert sweep_sentence(sweep).startswith(
        "mps, compute-limit 25 % to compute-limit 50 %: compute limit missed: asked 25 %, got 80.00 ±0.00 %; "
    )
    text = drawn(native, limited(25, 80.0), limited(50, 50.0))
    assert "compute limit" in text and "asked 25 %" in text
    assert "got 80.00 ±0.00 %" in text and "got 50.00 ±0.00 %" in text


def test_the_point_of_the_whole_device_tells_what_the_others_got() -> None:
    said = sweep_sentence(swept(limited(25, 80.0), limited(50, 50.0), limited(100, 100.0)))
    assert "compute limit missed: asked 25 %, got 80.00 ±0.00 %;" in said


def test_each_point_is_compared_with_native_in_a_line(capsys) -> None:
    print_blocks(blocks([swept(a_run({"OH-001": [100.0] * 5}, RATE), limited(25, 80.0), limited(50, 50.0))]), console())
    text = " ".join(capsys.readouterr().out.split())
    assert (
        "mps, compute-limit=25 against native: compute: asked 25 %, got 80.00 ±0.00 %; worse: Throughput "
        "320.00 ±0.00 % of share." in text
    )
    assert "mps, compute-limit=50 against native: compute: asked 50 %, got 50.00 ±0.00 %; same: Throughput." in text


def test_without_anything_whole_a_line_says_what_would_tell(capsys) -> None:
    print_blocks(blocks([swept(limited(25, 20.0), limited(50, 40.0))]), console())
    text = " ".join(capsys.readouterr().out.split())
    assert "got: not known" in text
    assert "what each point got of the device is known with --system native before it, or a point of 100" in text


def test_numbers_of_tenants_stand_in_one_row() -> None:
    runs = [a_run({f"OH-006[n={n}]": [n * 1e-6] * 5}, system="mps", point={"tenants": n}) for n in (2, 4)]
    assert sweep_sentence(swept(*runs)).startswith(
        "mps, tenants 2 to tenants 4: A latency (OH-006) 2.000 to 4.000 us, w"
    )
    assert "+100.00 ±0.00 %" in drawn(*runs)


def test_quotas_are_headings_and_share_a_row() -> None:
    runs = [
        a_run({f"IS-008[n={text.count('/') + 1},weights={text}]": [1e-6] * 5}, system="mps", point={"quota": text})
        for text in ("60/40", "50/25/25")
    ]
    assert sweep_sentence(swept(*runs)).startswith("mps, quota 60/40 % to quota 50/25/25 %: A latency (IS-008) ")
    assert drawn(*runs).count("IS-008") == 1


def test_rows_of_one_metric_are_told_apart_by_their_parameters() -> None:
    names = ("OH-001", "OH-001[path=start]")
    runs = [a_run(dict.fromkeys(names, [1e-6] * 5), system="mps", point={"compute-limit": at}) for at in (25, 50)]
    assert "path=start" in drawn(*runs)


def test_the_level_of_the_intervals_stands_once() -> None:
    assert drawn(at(25, 4e-6), at(50, 2e-6)).count("range of 5") == 1


def test_four_points_lose_nothing_at_eighty_columns() -> None:
    text = drawn(*(at(percent, 4.321e-6) for percent in (25, 50, 75, 100)), width=80)
    assert text.count("compute-limit") == 4 and text.count("4.321 .. 4.321") == 4
