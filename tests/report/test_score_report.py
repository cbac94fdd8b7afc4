"""A scorecard as people and programs read it."""

import json
from pathlib import Path

from builders import a_run
from gpu_virt_bench.compare import Loaded, compare
from gpu_virt_bench.policy import load
from gpu_virt_bench.report.render.markdown import markdown
from gpu_virt_bench.report.render.text import print_blocks
from gpu_virt_bench.report.score import blocks, to_json
from gpu_virt_bench.report.text import console
from gpu_virt_bench.score import Scorecard, scorecard

ONE = [1.0] * 5
REFERENCE = {"OH-001": ONE, "OH-002": ONE, "OH-003": ONE}


def card(*runs: dict, **changes) -> Scorecard:
    """The scorecard of runs named mps, mps2, ..., in memory."""
    policy, reference = load(), a_run(REFERENCE, **changes)
    first = Loaded(Path("reference.json"), reference)
    made = [a_run(run, system=f"mps{i or ''}", **changes) for i, run in enumerate(runs)]
    return scorecard(reference, [(run, compare(first, Loaded(Path("run.json"), run), policy)) for run in made], policy)


RUN = {"OH-001": [1.25] * 5, "OH-002": "skipped: needs 2 GPUs, found 1", "OH-003": "failed: tenant died"}


def shown(found: Scorecard, capsys, monkeypatch) -> list[str]:
    """The lines on a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    print_blocks(blocks(found), console())
    return capsys.readouterr().out.splitlines()


def test_the_text_fits_80_columns_and_ranks_first(capsys, monkeypatch) -> None:
    lines = shown(card(RUN, emulated=True), capsys, monkeypatch)
    assert max(map(len, lines)) <= 80
    text = " ".join(" ".join(lines).replace("│", " ").split())
    assert text.startswith("Parity with native · EMULATED GPU: a model's figures, not hardware's")
    assert "1 mps (emulated) 80.0 80.0 .. 80.0 at 94 % C (1 failed)" in text
    assert "Scores are of 1 of 3 headline outcomes: those that all runs have in common." in text


def test_what_is_skipped_or_failed_has_no_number_and_a_reason() -> None:
    text = markdown(blocks(card(RUN)))
    assert "| OH-001 A latency | 80.0<br>80.0 .. 80.0 |" in text
    assert "| OH-002 A latency | - |" in text and "- OH-002: skipped: needs 2 GPUs, found 1" in text
    assert "| OH-003 A latency | - |" in text and "- OH-003: failed: tenant died" in text


def test_without_a_common_outcome_there_is_a_sentence_and_no_score() -> None:
    text = markdown(blocks(card({"OH-001": ONE}, {"OH-002": ONE})))
    assert "- No score: no headline outcome has a parity in every run and a weight in the policy." in text
    assert "grade" not in text


def test_words_of_a_run_have_no_meaning_in_markdown() -> None:
    text = markdown(blocks(card({"OH-001": ONE, "OH-002": "failed: <b>|x\n## y"})))
    assert "failed: &lt;b&gt;\\|x \\#\\# y\n" in text


def test_json_has_parities_as_ratios_and_scores_out_of_a_hundred() -> None:
    (score,) = json.loads(to_json(card(RUN)))["scorecard"]["scores"]
    assert (score["overall"]["value"], score["lines"][0]["parity"]["value"]) == (80, 0.8)


def test_runs_stand_side_by_side_and_equal_reasons_and_remarks_once(capsys, monkeypatch) -> None:
    run = {"OH-001": [1.25] * 5, "OH-002": "skipped: needs 2 GPUs, found 1", "OH-003": ONE}
    lines = shown(card(run, run, status="interrupted"), capsys, monkeypatch)
    text = " ".join(" ".join(lines).split())
    assert len(lines) < 40
    assert text.count("needs 2 GPUs, found 1") == text.count("OH-001 A latency") == 1
    assert text.count("the run of native is interrupted") == 1
    assert "mps: mps" not in text


def test_wrapped_remarks_keep_their_indent(capsys, monkeypatch) -> None:
    lines = shown(card(RUN, status="interrupted"), capsys, monkeypatch)
    first = next(i for i, line in enumerate(lines) if line.startswith("  Scores are of"))
    assert all(line.startswith("  ") for line in lines[first:] if line.strip())
