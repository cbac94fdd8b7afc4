"""What a CI server reads of a gate: JUnit XML, workflow commands, Markdown."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from builders import a_run
from gpu_virt_bench.compare import Loaded, compare
from gpu_virt_bench.gate import Judgement, judge
from gpu_virt_bench.policy import load
from gpu_virt_bench.report.gate import blocks, to_json, verdict
from gpu_virt_bench.report.github import command, workflow_commands
from gpu_virt_bench.report.junit import junit
from gpu_virt_bench.report.render.markdown import markdown
from gpu_virt_bench.report.render.text import print_blocks
from gpu_virt_bench.report.text import console

STEADY = [1.0] * 5
DOUBLE = [2.0] * 5
HOSTILE = "a|b <i>&\"'\x1b[31m\x00\ufffe\ud800\r\n::error::100 %, `c`: ]]>"


def judged(baseline: dict, candidate: dict, strict: bool = False, **changes) -> Judgement:
    """The judgement by the default policy."""
    before, after = (
        a_run(baseline, **changes),
        a_run(candidate, **{"system": "mine", "ended": "2026-11-21T12:06:00+00:00", **changes}),
    )
    policy = load()
    comparison = compare(Loaded(Path("baseline.json"), before), Loaded(Path("candidate.json"), after), policy)
    return judge(comparison, before, after, policy.gate, strict)


MIXED = (
    {"OH-001": STEADY, "OH-002": STEADY, "OH-003": STEADY, "OH-004": "skipped: needs 2 GPUs", "OH-005": STEADY},
    {"OH-001": STEADY, "OH-002": DOUBLE, "OH-003": "failed: tenant died", "OH-004": "skipped: needs 2 GPUs"},
)


def suite(judgement: Judgement) -> ElementTree.Element:
    """The parsed JUnit file."""
    (found,) = ElementTree.fromstring(junit(judgement).encode())
    return found


def test_junit_has_a_case_for_each_outcome() -> None:
    cases = [(case.get("classname"), case.get("name"), [part.tag for part in case]) for case in suite(judged(*MIXED))]
    assert cases == [
        ("overhead", "OH-001 A latency", ["system-out"]),
        ("overhead", "OH-002 A latency", ["failure"]),
        ("overhead", "OH-003 A latency", ["error"]),
        ("overhead", "OH-004 A latency", ["skipped"]),
        ("overhead", "OH-005 A latency", ["failure"]),
    ]


def test_junit_counts_what_it_holds() -> None:
    found = suite(judged(*MIXED))
    assert {name: found.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "5",
        "failures": "2",
        "errors": "1",
        "skipped": "1",
    }


def test_junit_says_by_how_much_it_is_worse() -> None:
    assert suite(judged(*MIXED))[1][0].get("message") == "worse: 1,000,000 -> 2,000,000 us; +100.00 ±0.00 %, margin 2 %"


def test_junit_of_hostile_words_is_xml_and_keeps_them() -> None:
    message = suite(judged({"OH-001": STEADY}, {"OH-001": f"failed: {HOSTILE}"}))[0][0].get("message")
    assert message.startswith("failed: a|b <i>&\"'\\x1b[31m\\x00\\ufffe\\ud800")
    assert message.endswith("::error::100 %, `c`: ]]>")


def test_a_regression_is_an_error_and_what_could_not_be_judged_a_notice() -> None:
    lines = workflow_commands(judged(*MIXED))
    assert [line.split("::")[1].split()[0] for line in lines] == ["error", "error", "notice", "error", "error"]
    assert (
        lines[0] == "::error title=OH-002 A latency::worse: 1,000,000 -> 2,000,000 us; +100.00 ±0.00 %25, margin 2 %25"
    )


def test_a_gate_that_passes_ends_with_a_notice_and_one_that_proved_nothing_with_an_error() -> None:
    assert workflow_commands(judged({"OH-001": STEADY}, {"OH-001": STEADY}))[-1].startswith(
        "::notice title=Gate%3A mine"
    )
    assert workflow_commands(judged({}, {}))[-1].startswith("::error title=Gate%3A mine")


def test_workflow_commands_are_one_line_and_end_nowhere_else() -> None:
    assert command("error", "a:b,c%", "x\r\n::y, z: %") == "::error title=a%3Ab%2Cc%25::x%0D%0A::y, z: %25"


def test_markdown_of_hostile_words_stays_in_its_cell() -> None:
    text = markdown(blocks(judged({"OH-001": STEADY}, {"OH-001": f"failed: {HOSTILE}"})))
    (row,) = [line for line in text.splitlines() if line.startswith("| OH-001")]
    assert "a\\|b &lt;i&gt;&amp;" in row
    assert row.endswith("\\`c\\`: \\]\\]&gt; |")


def test_the_table_fits_80_columns_with_the_regression_first(monkeypatch, capsys) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_blocks(blocks(judged(*MIXED, emulated=True)), console())
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    first, rest = out.split("\n\n", 1)
    said = "Gate FAILED: regression (1 worse, 1 failed, 1 lacking, 1 not comparable, 1 kept)."
    assert " ".join(first.split()) == said
    assert rest.startswith("Gate: mine against native")
    assert "paired by repetition · EMULATED GPU" in out
    assert out.index("OH-002") < out.index("OH-001")


def test_no_note_begins_a_line_of_its_own_making(capsys) -> None:
    print_blocks(
        blocks(judged({"OH-001": STEADY}, {"OH-001": STEADY}, system="x\n::y", status="interrupted")), console()
    )
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert "  the run of x : :y is interrupted: what is missing is not compared" in lines
    assert not any(line.lstrip().startswith("::") for line in lines)


@pytest.mark.parametrize("strict", [False, True])
def test_a_gate_that_proved_nothing_says_it_loudly(strict: bool) -> None:
    found = judged({"OH-001": "skipped: no"}, {"OH-001": "skipped: no"}, strict)
    said = "THIS GATE PROVED NOTHING: not one outcome could be judged. Gate NOT PASSED: nothing could be judged"
    assert verdict(found) == f"{said} (1 not comparable)."
    assert [case.get("name") for case in suite(found) if case.find("failure") is not None] == ["the gate opens"]


def test_json_holds_the_status_and_every_case() -> None:
    found = json.loads(to_json(judged(*MIXED)))["gate"]
    assert (found["status"], found["proved_nothing"], len(found["cases"])) == (1, False, 5)
    assert found["cases"][1]["row"]["change"]["interval"]["value"] == pytest.approx(2)
