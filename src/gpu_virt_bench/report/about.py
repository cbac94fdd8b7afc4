"""What a run is, above its table: of what, when, where, with which limits, and what was proved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gpu_virt_bench.compare.admissible import unproven
from gpu_virt_bench.compare.quotas import MIB, granted
from gpu_virt_bench.model.run import Check, Device, Host, Run, Value
from gpu_virt_bench.model.text import percents
from gpu_virt_bench.report.blocks import Cell, Column, Row, Table
from gpu_virt_bench.report.sweep import point_name
from gpu_virt_bench.report.text import devices


@dataclass(frozen=True)
class Limits:
    """Limits of a tenant: bytes, and a share of the compute; None: no limit. Or the shares of so many tenants."""

    memory_bytes: int | float | None
    compute_share: float | None
    compute_shares: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Asked:
    """How often tenants were asked for their proof, before their first sample and after their last, and what they
    showed. `unproven`: why that is no proof, in sentences."""

    before: int
    after: int
    checks: int
    failed: int
    first_failure: Check | None
    unproven: list[str]


@dataclass(frozen=True)
class About:
    """One run without its outcomes. Times are ISO 8601; `chosen` says why a directory stands for this file."""

    file: str
    chosen: list[str]
    system: str
    title: str
    options: dict[str, str]
    label: str
    kind: str
    status: str
    began: str
    ended: str | None
    devices: list[Device]
    host: Host
    suite: str
    seed: int
    session: str
    systems: list[str]
    """Those of its session."""
    tenants: int | None
    asked: Limits
    granted: Limits
    lacking: list[str]
    """Limits that were asked for and that the system does not have."""
    point: dict[str, Value]
    twin: bool
    proof: Asked
    tool_version: str
    schema_version: int


def about(file: str, run: Run, chosen: Sequence[str] = ()) -> About:
    """What the file says of the run."""
    plan = run.plan
    asked = Limits(plan.memory_limit_bytes, plan.compute_limit, plan.compute_quota)
    shares = [granted(run, "compute_share", share) for share in plan.compute_quota]
    got = Limits(
        granted(run, "memory_bytes", plan.memory_limit_bytes),
        granted(run, "compute_share", plan.compute_limit),
        [share for share in shares if share is not None],
    )
    wanted = {"memory-limit": asked.memory_bytes, "compute-limit": asked.compute_share or asked.compute_shares or None}
    return About(
        file=file,
        chosen=[*chosen],
        system=run.system.id,
        title=run.system.title,
        options=run.system.options,
        label=run.label,
        kind=run.kind,
        status=run.status,
        began=run.began,
        ended=run.ended,
        devices=run.devices,
        host=run.host,
        suite=plan.suite,
        seed=plan.seed,
        session=run.session.id,
        systems=run.session.systems,
        tenants=plan.tenants,
        asked=asked,
        granted=got,
        lacking=[name for name, value in wanted.items() if value is not None and name not in run.system.features],
        point=run.point,
        twin=run.twin,
        proof=proof(run),
        tool_version=run.tool_version,
        schema_version=run.schema_version,
    )


def proof(run: Run) -> Asked:
    """The proofs of a run, counted."""
    checks = [check for record in run.proof for check in record.checks]
    failed = [check for check in checks if not check.passed]
    asked = [record.when for record in run.proof]
    return Asked(
        before=asked.count("before"),
        after=asked.count("after"),
        checks=len(checks),
        failed=len(failed),
        first_failure=failed[0] if failed else None,
        unproven=list(dict.fromkeys(unproven(run))),
    )


# -- for people


def facts(run: Run, found: About) -> Table:
    """A row for each thing."""
    return Table([Column(""), Column("")], [Row([Cell(name), Cell(text)]) for name, text in lines(run, found)])


def lines(run: Run, found: About) -> Iterator[tuple[str, str]]:
    """The name of each line and its text."""
    options = ", ".join(f"{name}={value}" for name, value in found.options.items())
    yield "system", f"{found.title} ({found.system})" + (f", {options}" if options else "")
    if found.label:
        yield "label", found.label
    yield "file", "; ".join(found.chosen) or found.file
    yield "when", f"{period(found.began, found.ended)}, {found.status}"
    yield "device", device_line(run)
    yield "host", host_line(found.host)
    yield "suite", suite_line(run)
    yield "limits", limits_line(found)
    if found.point:
        yield "point", point_name(found.point)
    if found.twin:
        yield "twin", "yes: the session's baseline, measured a second time"
    yield "proof", proof_line(found)
    yield "written", f"by version {found.tool_version}, schema version {found.schema_version}"


def period(began: str, ended: str | None) -> str:
    """From when to when in UTC, and how long: `2026-11-26 18:56:48 to 18:57:49 UTC (61 s)`."""
    first = datetime.fromisoformat(began).astimezone(UTC)
    try:
        last = None if ended is None else datetime.fromisoformat(ended).astimezone(UTC)
    except ValueError:  # only `began` is checked when a file is read
        last = None
    if last is None:
        return f"{first:%Y-%m-%d %H:%M:%S} UTC"
    seconds = (last - first).total_seconds()
    until = f"{last:%H:%M:%S}" if last.date() == first.date() else f"{last:%Y-%m-%d %H:%M:%S}"
    length = f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
    return f"{first:%Y-%m-%d %H:%M:%S} to {until} UTC ({length})"


def device_line(run: Run) -> str:
    """Model, driver, CUDA version, and that it is emulated."""
    device = run.device
    major, minor = device.cuda_driver_version // 1000, device.cuda_driver_version % 1000 // 10
    emulated = f", EMULATED by profile {device.profile}" if device.emulated else ""
    return f"{devices(run)}, driver {device.driver_version}, CUDA {major}.{minor}{emulated}"


def host_line(host: Host) -> str:
    """Processors, operating system, and what stands between."""
    parts = [host.cpu, f"{host.cpu_count} processors", f"kernel {host.kernel}", host.distribution]
    parts += [f"hypervisor {host.hypervisor}"] if host.hypervisor else []
    parts += ["in a container"] if host.container else []
    return ", ".join(part for part in parts if part)


def suite_line(run: Run) -> str:
    """The suite, its repetitions and seed, and what was measured in the same session."""
    fewest, most = run.plan.settings.repetitions, run.plan.settings.max_repetitions
    count = f"{fewest} to {most}" if most > fewest else f"{fewest}"
    others = [name for name in run.session.systems if name != run.system.id]
    beside = f"; in one session with {', '.join(others)}" if others else ""
    return f"{run.plan.suite}, {count} repetitions, seed {run.plan.seed}{beside}"


def limits_line(found: About) -> str:
    """What was asked for and what was granted."""
    tenants = [] if found.tenants is None else [f"{found.tenants} tenants"]
    asked = [*limits(found.asked), *tenants]
    if not asked:
        return "none asked for"
    got = [*limits(found.granted), *(f"{found.system} has no {name}" for name in found.lacking)]
    known = got or (["not known"] if limits(found.asked) else [])
    return f"asked for {', '.join(asked)}" + (f"; granted: {', '.join(known)}" if known else "")


def limits(found: Limits) -> list[str]:
    """Limits as people read them."""
    compute, memory = found.compute_share, found.memory_bytes
    return [
        *([] if compute is None else [f"compute {100 * compute:g} %"]),
        *([f"compute {percents(found.compute_shares)}"] if found.compute_shares else []),
        *([] if memory is None else [f"memory {memory / MIB:g} MiB"]),
    ]


def proof_line(found: About) -> str:
    """In force or why not, checks asked and failed, and how often tenants were asked."""
    asked = found.proof
    if found.kind == "derived":
        return "none: a model's values, nothing was measured"
    verdict = f"UNPROVEN: {'; '.join(asked.unproven)}" if asked.unproven else "in force"
    failed = f"{asked.failed} failed" if asked.failed else "none failed"
    if (check := asked.first_failure) is not None and not any(check.name in reason for reason in asked.unproven):
        failed += f" (the first: {check.name} is {check.found}, expected {check.expected})"
    return (
        f"{verdict}; {asked.checks:,} checks, {failed}; "
        f"proofs: {asked.before} before first samples, {asked.after} after last ones"
    )
