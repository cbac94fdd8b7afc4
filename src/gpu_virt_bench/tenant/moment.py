"""How a tenant's runs take part in virtual time."""

from __future__ import annotations

import zlib
from collections import Counter

from gpu_virt_bench.model.workload import Workload
from gpu_virt_bench.tenant.protocol import Message


class Moments:
    """One for each run of a tenant. What noise a run meets is a function of the tenant's `origin`, text that tells it
    from others, and of how often it has done that work: not of other work, such as warming the device after an idle
    moment of the host."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._runs: Counter[str] = Counter()

    def next(self, workload: Workload, rank: int = 0, party: int = 1, *, follows: bool = False) -> Message:
        """Of a party that begins together, by rank; or of one that works beside others until it is stopped."""
        self._runs[workload.key] += 1
        seed = zlib.crc32(f"{self._origin} {workload.key} {self._runs[workload.key]}".encode())
        return {"party": party, "rank": rank, "follows": int(follows), "seed": seed}
