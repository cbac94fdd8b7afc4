"""A gate's judgement as workflow commands, which GitHub shows as annotations."""

from __future__ import annotations

from gpu_virt_bench.gate import REGRESSIONS, Case, Judgement
from gpu_virt_bench.report.gate import finding, outcome, sentence, title, verdict


def workflow_commands(judgement: Judgement) -> list[str]:
    """A line for each outcome that a reader must look at, and one for the whole."""
    looked_at = [case for case in judgement.cases if case.finding not in ("kept", "informational")]
    last = "error" if judgement.status else "notice"
    return [*map(annotation, looked_at), command(last, title(judgement), verdict(judgement))]


def annotation(case: Case) -> str:
    """An error for a regression, a warning for one that is tolerated, a notice for what could not be judged."""
    level = "error" if case.finding in REGRESSIONS else "warning" if case.finding == "tolerated" else "notice"
    return command(level, outcome(case), f"{finding(case)}: {sentence(case)}")


def command(level: str, heading: str, message: str) -> str:
    """`::error title=...::...`; a heading is a property, where a colon or a comma would end it."""
    heading = escaped(heading).replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={heading}::{escaped(message)}"


def escaped(text: str) -> str:
    """The text in one line, as workflow commands want it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
