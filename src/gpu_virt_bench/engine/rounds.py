"""Rounds: one sample of every entry in turn, milliseconds apart, so that a pair meets the same host."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Generator, Sequence
from random import Random

from gpu_virt_bench.engine.bench import OutcomeBench
from gpu_virt_bench.engine.deaths import NotDead, recover
from gpu_virt_bench.engine.noted import Inconsistent
from gpu_virt_bench.engine.plan import Item
from gpu_virt_bench.engine.proving import FeatureLost, ProofLost, Refused
from gpu_virt_bench.engine.quotas import short_of_memory
from gpu_virt_bench.engine.readings import Reading
from gpu_virt_bench.engine.reference import Unhealthy
from gpu_virt_bench.engine.sampling import Rule, Taken, check, reason_to_stop
from gpu_virt_bench.engine.stage import Stage
from gpu_virt_bench.engine.tenants import ContextLost, probe, raise_lost
from gpu_virt_bench.model.metric import Implausible, Skip
from gpu_virt_bench.model.run import Repetition
from gpu_virt_bench.model.workload import TenantDied, TenantHung, WorkloadError
from gpu_virt_bench.systems.processes import Gone

FATAL = {700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 720, 721}
"""CUresults after which a context does nothing any more."""
EXPECTED = (
    WorkloadError,
    TenantDied,
    TenantHung,
    ProofLost,
    FeatureLost,
    Implausible,
    Inconsistent,
    NotDead,
    ContextLost,
    Gone,
)


class Runner:
    """One outcome of one entry while its samples are taken."""

    def __init__(self, stage: Stage, item: Item, bench: OutcomeBench, rule: Rule, origin: float) -> None:
        self.stage, self.item, self.bench, self.rule = stage, item, bench, rule
        self.taken = Taken(stage.repetition, origin)
        self.skipped = self.error = self.refused = ""
        self.is_fault = False
        self.lost: list[str] = []
        """What went with tenants whose last proof failed: the party's other outcomes fall too."""
        self._samples: Generator[float, None, None] = item.metric.measure(bench)

    @property
    def is_open(self) -> bool:
        """Whether it gives samples."""
        return not self.skipped and not self.error and not self.refused

    def sample(self, number: int, warm: bool) -> None:
        """Its sample of a round; what goes wrong ends this outcome of this entry alone."""
        begin = time.monotonic()
        try:
            self._take(number, warm)
            if self.stage.after:
                self.lost = recover(self.stage, self.bench.party)
                raise_lost(self.lost)
        except Skip as reason:
            self.skipped = str(reason)
        except (Refused, Unhealthy) as error:
            self.refused = str(error)
        except EXPECTED as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001  a third party's metric must not end the session
            self.error = f"{self.item.id} raised {type(error).__name__}: {error}"
        finally:
            self.taken.seconds += time.monotonic() - begin

    def _take(self, number: int, warm: bool) -> None:
        cpu = next((cpus[0] for one in self.bench.party if (cpus := one.cpus)), None)
        pace = self.stage.place.pace.of(cpu) if cpu is not None else None
        used, begin = self.bench.noted.used, time.monotonic()
        used.clear()
        value = check(self.item.metric, next(self._samples, None), self.rule.floor, self.taken)
        if self.bench.noted.neighbors:
            self._samples.close()  # the next entry must not be sampled beside them
            raise Implausible(f"{self.item.id} yielded while its neighbors work; a sample begins and ends its own")
        readings = used or [Reading(begin, time.monotonic())]
        self.taken.take(number, value, readings, pace, warm)

    def _fail(self, error: Exception) -> None:
        """What a device lacks does not apply; everything else should have worked."""
        if isinstance(error, WorkloadError) and error.status == "unsupported":
            self.skipped = str(error)
            return
        self.error = f"{error}{short_of_memory(error, self.bench.party)}"
        fatal = isinstance(error, WorkloadError) and error.code in FATAL
        self.is_fault = fatal or isinstance(error, TenantDied | TenantHung | ContextLost)

    def probe(self) -> None:
        """The tenants' contexts do verified work after the samples, or these do not count."""
        try:
            probe([one for one in self.bench.party if one.tenant.is_alive()], self.stage.place.seed)
        except ContextLost as error:
            if self.is_open:
                self._fail(error)
            self.is_fault = True

    def close(self) -> None:
        """Ends the metric's generator: what it holds is given back."""
        self._samples.close()

    def repetition(self) -> Repetition:
        """What was taken."""
        return self.taken.repetition()


def take(runners: Sequence[Runner], random: Random, late: Callable[[], bool], first: int) -> None:
    """Samples of one outcome, A B C then C B A, until the rule says stop; the order is seeded. `first` is the number of
    the first round."""
    order = list(runners)
    random.shuffle(order)
    began = time.monotonic()
    for index in itertools.count():
        for runner in order if index % 2 == 0 else reversed(order):
            if runner.is_open and not late():
                runner.sample(first + index, warm=index < runner.rule.warmup)
        running = [runner for runner in order if runner.is_open]
        if not running:
            return
        stop = reason_to_stop([runner.taken for runner in running], running[0].rule, began)
        if stop := stop or ("out-of-time" if late() else None):
            for runner in running:
                runner.taken.stop = stop
            return
