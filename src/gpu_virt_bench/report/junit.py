"""A gate's judgement as JUnit XML: a test case for each outcome."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from gpu_virt_bench.gate import Case, Judgement
from gpu_virt_bench.report.gate import finding, outcome, sentence, title, verdict

FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped (section 2.2)."""

TAGS = {"worse": "failure", "lacking": "failure", "failed": "error", "unjudged": "skipped"}
"""The element of a finding; what was kept, tolerated or is informational has none, and counts as passed."""


def junit(judgement: Judgement) -> str:
    """The XML text."""
    suites = Element("testsuites")
    tags = [TAGS.get(case.finding) for case in judgement.cases] + ["failure"] * (judgement.status == 3)
    suite = SubElement(suites, "testsuite", name=clean(title(judgement)), tests=str(len(tags)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(tags.count(tag)))
    for case in judgement.cases:
        add(suite, case)
    if judgement.status == 3:  # for a server that takes what was skipped for passed
        entry = SubElement(suite, "testcase", classname="gate", name="the gate opens")
        SubElement(entry, "failure", message=clean(verdict(judgement)))
    indent(suites)
    return tostring(suites, encoding="unicode", xml_declaration=False) + "\n"


def add(suite: Element, case: Case) -> None:
    """One outcome."""
    entry = SubElement(suite, "testcase", classname=clean(case.row.category), name=clean(outcome(case)))
    text = clean(f"{finding(case)}: {sentence(case)}")
    if case.finding in TAGS:
        SubElement(entry, TAGS[case.finding], message=text)
    else:
        SubElement(entry, "system-out").text = text


def clean(text: str) -> str:
    """The text with what XML cannot hold written as `\\x1b`."""
    return FORBIDDEN.sub(lambda found: ascii(found.group())[1:-1], text)
