"""One sentence for each system: is it real, what does it hold, what does it cost, what is not known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from gpu_virt_bench.compare.admissible import unproven
from gpu_virt_bench.compare.limits import limits
from gpu_virt_bench.compare.said import share_text
from gpu_virt_bench.model.claims import CALLS, NEAR, named, open_calls
from gpu_virt_bench.model.comparison import Limit
from gpu_virt_bench.model.comparison import Row as Judged
from gpu_virt_bench.model.metric import SHOWN
from gpu_virt_bench.model.run import Definition, Failed, Run, Skipped
from gpu_virt_bench.model.text import counted
from gpu_virt_bench.report.blocks import Block, Sentence, Tone
from gpu_virt_bench.report.page.groups import Entry, Group, estimates
from gpu_virt_bench.report.sentence import asked, shown, size
from gpu_virt_bench.report.text import level_note, number
from gpu_virt_bench.stats.estimate import Estimate

OF_BANDWIDTH = ("bandwidth", "pcie")
NO_LOSS = ("CACHE-002",)
"""Of the cache and not of a victim: whatever evicts all lines has 1, alone on a device too."""
WORSE = ("worse", "slightly worse")
BETTER = ("better", "slightly better")
JUDGED = (*WORSE, *BETTER, "same")
TOLD = ("worse", "better", "deferred or elided", "same", "inconclusive")


def answers(group: Group) -> list[Block]:
    """A sentence for each run of a group."""
    return [Sentence(f"{one.name}: {answer(one)}", tone(one), lead=True) for one in group.entries]


def answer(entry: Entry) -> str:
    """`in force (412 checks); memory limit of 4 GiB holds; ...; against native 3 outcomes worse, most OH-001 ...`."""
    if entry.run.status == "refused":
        return f"refused, so that nothing of it was measured: {why_refused(entry.run)}."
    run = entry.run
    parts = [reality(run), *held(entry), *broken(entry), *untold(run), *worst(entry), *against(entry), *unknown(run)]
    return "; ".join(parts) + "."


def tone(entry: Entry) -> Tone:
    """Bad where something that was promised does not hold, unsure where it is not shown."""
    run = entry.run
    if any(one.binds is False or is_off(one) for one in held_limits(entry)) or list(broken(entry)):
        return "bad"
    return "unsure" if run.status == "refused" or list(unproven(run)) or list(untold(run)) else ""


def is_off(limit: Limit) -> bool:
    """Whether a tenant surely got another share of the compute than it was granted."""
    if limit.name != "compute" or limit.got is None or limit.got.low is None or limit.got.high is None:
        return False
    outside = not limit.got.low <= limit.granted <= limit.got.high
    return outside and abs(limit.got.value - limit.granted) > NEAR


def why_refused(run: Run) -> str:
    """What was found instead of the system."""
    failed = (check for record in run.proof for check in record.checks if not check.passed)
    first = next(failed, None)
    if first is not None:
        return f"{first.name} is {first.found}, expected {first.expected}"
    return next(iter(run.warnings), "its proof did not hold")


def reality(run: Run) -> str:
    """Whether the layer was in force, as its proofs say; and whether any of it is hardware's."""
    model = " on an EMULATED GPU" if run.device.emulated else ""
    if run.kind == "derived":
        return f"DERIVED by a model from a native run, nothing was measured{model}"
    if lacking := next(unproven(run), ""):
        return f"UNPROVEN{model}: {lacking}"
    checks = sum(len(record.checks) for record in run.proof)
    what = "shown in force" if run.system.mechanism != "none" else "nothing in between, as shown"
    return f"{what} by {counted(checks, 'check')}{model}"


# ---- limits


def held_limits(entry: Entry) -> list[Limit]:
    """The limits of a run's tenants."""
    return entry.comparison.limits if entry.comparison is not None else limits(entry.run, [])


def held(entry: Entry) -> Iterator[str]:
    """What became of each limit."""
    for one in held_limits(entry):
        yield memory(one, entry.run) if one.name == "memory" else compute(one, entry)


def memory(limit: Limit, run: Run) -> str:
    """`memory limit of 4 GiB holds (7 of 7 allocation calls tried)`, or by which call it does not."""
    own = ", for each process of a tenant separately" if limit.per_process else ""
    words = {True: f"holds ({tried(limit)} tried){own}", False: f"LEAKS: {leaks(run)}", None: "was not tried"}
    return f"memory limit of {asked(limit)} {words[limit.binds]}"


def leaks(run: Run) -> str:
    """What lies open, as the proof says."""
    said = dict.fromkeys(part for check, _ in named(run, "calls") for part in open_calls(check))
    told = (part.removeprefix("memory limit: ").removeprefix("open: ") for part in said)
    return ", ".join(told) or "more than it is given"


def tried(limit: Limit) -> str:
    """By how many allocation calls a memory limit was tried."""
    return f"{len(CALLS) - len(limit.untried)} of {len(CALLS)} allocation calls"


def compute(limit: Limit, entry: Entry) -> str:
    """`compute limit of 25 %: got 24.6 %`."""
    got = "" if limit.got is None else f": a tenant got {share_text(limit.got)} of the baseline's rate"
    accuracy = measured(entry, "IS-003")
    if not got and accuracy:
        name, definition, found = accuracy[0]
        got = f": accuracy {value_of(found, definition)} ({name})"
    return f"compute limit of {asked(limit)}{got or ': what a tenant got was not measured'}"


# ---- outcomes


def measured(entry: Entry, metric: str = "") -> list[tuple[str, Definition, Estimate]]:
    """The outcomes with samples, or those of one metric."""
    found = ((name, entry.run.outcomes[name].metric, one) for name, one in entry.estimates.items())
    return [(name, entry.run.metrics[of], one) for name, of, one in found if metric in ("", of)]


def value_of(found: Estimate, definition: Definition) -> str:
    """`187 %`."""
    return f"{number(found.value * SHOWN[definition.shown_unit][1])} {definition.shown_unit}"


def broken(entry: Entry) -> Iterator[str]:
    """The outcomes that a sample did not pass."""
    for name, definition, found in measured(entry):
        if definition.unit == "pass" and found.value < 1:
            passed = round(found.value * found.samples)
            yield f"{definition.title.upper()} BROKEN: {passed} of {found.samples} passed ({name})"


def untold(run: Run) -> Iterator[str]:
    """The outcomes of passed and failed samples that failed as a whole: what they ask for is not answered."""
    for name, one in sorted(run.outcomes.items()):
        if isinstance(one, Failed) and run.metrics[one.metric].unit == "pass":
            yield f"{run.metrics[one.metric].title} is not answered ({name} failed: {one.error})"


def worst(entry: Entry) -> list[str]:
    """The cells that a neighbor makes worst: of the losses of bandwidth the largest, and of all others, which are of
    time; each with its interval."""
    losses = [one for one in measured(entry) if is_loss(one[1]) and one[0].partition("[")[0] not in NO_LOSS]
    told = []
    for of_what, kept in (("", False), (" of bandwidth", True)):
        found = [one for one in losses if (one[1].category in OF_BANDWIDTH) is kept]
        if found:
            name, definition, value = max(found, key=lambda one: one[2].value)
            told.append(f"worst{of_what} beside a neighbor: {definition.title} {with_ends(value, definition)} ({name})")
    return told


def with_ends(found: Estimate, definition: Definition) -> str:
    """`187 % (185.0 .. 189.0; range of 5, 94 %)`."""
    factor = SHOWN[definition.shown_unit][1]
    if found.low is None or found.high is None:
        return f"{value_of(found, definition)} (one repetition)"
    ends = f"{number(found.low * factor)} .. {number(found.high * factor)}"
    return f"{value_of(found, definition)} ({'; '.join([ends, *level_note(found.level, found.repetitions)])})"


def isolates(run: Run) -> bool:
    """Whether a run says anything of what tenants leave each other."""
    found = (run.metrics[run.outcomes[name].metric] for name in estimates(run))
    return any(one.unit == "pass" or is_loss(one) for one in found)


def is_loss(definition: Definition) -> bool:
    """Whether 0 is ideal and 1 a total loss, or twice the time: what isolation costs where it is not perfect."""
    isolates = definition.ideal in ("structural", "capacity", "copy", "bandwidth")
    return definition.unit == "ratio" and definition.better == "lower" and isolates


def against(entry: Entry) -> list[str]:
    """`against native: 3 outcomes worse (most: OH-001 +46 %), 2 better, 9 same`."""
    found = entry.comparison
    if found is None:
        return ["the baseline of this page"]
    if found.is_empty:
        return [f"not comparable with {found.baseline.name}: {found.refused}"]
    rows = found.headlines().rows
    counts = Counter(verdict_of(row) for row in rows)
    parts = [counted_as(word, counts[word], rows) for word in TOLD if counts[word]]
    return [f"against {found.baseline.name}: {', '.join(parts) or 'nothing was compared'}"]


def verdict_of(row: Judged) -> str:
    """A verdict without its degree."""
    return "worse" if row.verdict in WORSE or row.tail else "better" if row.verdict in BETTER else row.verdict


def counted_as(word: str, count: int, rows: Sequence[Judged]) -> str:
    """`3 outcomes worse (most: Kernel launch latency +46 %)`."""
    told = f"{counted(count, 'outcome')} {word}"
    if word not in ("worse", "better"):
        return f"{count} {word}"
    most = max((row for row in rows if verdict_of(row) == word), key=size)
    change = most.tail or shown(most)
    return f"{told} (most: {most.title}{' ' + change if change else ''})"


def unknown(run: Run) -> list[str]:
    """How many outcomes have no value."""
    failed = sum(isinstance(one, Failed) for one in run.outcomes.values())
    skipped = sum(isinstance(one, Skipped) for one in run.outcomes.values())
    counts = [f"{count} {word}" for count, word in ((failed, "FAILED"), (skipped, "skipped")) if count]
    ended = [f"the run {run.ending}"] if run.status != "complete" else []
    return [", ".join([*counts, *ended])] if counts or ended else []
