"""One entry in one repetition: its system set up, its tenants, deaths that are wanted, and what follows a fault."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from gpu_virt_bench.engine.member import Member
from gpu_virt_bench.engine.place import Place
from gpu_virt_bench.engine.proving import Refused, judge, record
from gpu_virt_bench.engine.tenants import UNWELL, Tenants, raise_lost, seats
from gpu_virt_bench.model.metric import OPEN, Party, Share
from gpu_virt_bench.model.run import Device
from gpu_virt_bench.systems.active import Active
from gpu_virt_bench.systems.available import Unavailable
from gpu_virt_bench.systems.proof import tables
from gpu_virt_bench.systems.quota import NOTHING
from gpu_virt_bench.systems.steps import StepFailed


class Stage:
    """One entry in one repetition."""

    def __init__(self, place: Place, repetition: int) -> None:
        self.place, self.repetition = place, repetition
        self.device: Device = place.device
        system = place.entry.system
        reference, target = place.reference, place.target
        self.active = Active(system, place.devices, place.folder, place.options, target.envs, reference.driver)
        self.tenants = Tenants(place, self.active, repetition)
        self.after = ""
        """What must be recovered from before the next sample: a `fault` or a `kill`."""
        self._party: Party = ()
        self._in_turn = False

    def __enter__(self) -> Stage:
        try:
            self.active.setup()
        except (Unavailable, StepFailed) as error:
            raise Refused(f"{self.place.entry.system.id}: setup: {error}") from None
        self.count_daemons()
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            self.tenants.end(list(self.tenants.living))
        finally:
            self.place.census.daemons.pop(self.place.entry.key, None)
            for problem in self.active.teardown():
                self.tenants.warn(problem)

    def count_daemons(self) -> None:
        """The processes of the set-up are the session's own."""
        self.place.census.daemons[self.place.entry.key] = self.active.daemons()

    # -- the party of a group of outcomes

    def start(self, shares: Party, in_turn: bool) -> list[Member]:
        """Starts a party with its contexts; it is not proved yet."""
        self._party, self._in_turn = shares, in_turn
        return self.tenants.start(shares, in_turn)

    def prove(self, members: Sequence[Member]) -> None:
        """Every tenant's proof before its first sample."""
        for member in members:
            self.tenants.prove(member, "before")

    def prove_pair(self) -> None:
        """Asks two tenants at once for what the definition says of sharing."""
        if not tables.needs_pair(self.place.entry.system):
            return
        try:
            first, second = self.start((Share(), Share()), False)
            pairs = ((one.seat, one.tenant) for one in (first, second))
            checks = self.place.prover.ask_pair(*pairs)
            for one in (first, second):
                self.tenants.proofs.append(record(one, self.repetition, "before", checks, {}))
            judge(self.place, checks, "before")
        except UNWELL as error:
            sentence = f"two tenants at once did not show how they share: {error}"
            raise Refused(f"{self.place.entry.system.id}: {sentence}") from None
        finally:
            lost = self.tenants.end(list(self.tenants.living))
        if lost:
            raise Refused(f"{self.place.entry.system.id}: {'; '.join(dict.fromkeys(lost))}")

    # -- tenants of one sample

    @contextmanager
    def fresh(self, share: Share) -> Iterator[Member]:
        """A tenant that has not touched CUDA; proved after its samples, since a proof makes a context."""
        (member,) = seats(self.tenants, (share,))
        self.tenants.launch(member, 1)
        try:
            yield member
        finally:
            lost = self.tenants.end([member])
        raise_lost(lost)

    @contextmanager
    def native(self) -> Iterator[Member]:
        """A tenant outside the system, for controls: it is proved by nobody, and has no second process."""
        with self.place.reference.native.tenant(name="control") as tenant:
            self.place.census.add(tenant)
            tenant.facts()
            member = Member(OPEN, 0, NOTHING, self.tenants.child)
            member.tenant = tenant
            yield member

    # -- after a death or a fault

    def renew(self, members: Sequence[Member]) -> None:
        """Starts the party again: members keep their handles, and other processes stand behind them."""
        for member in members:
            self.tenants.launch(member, len(self._party), self._in_turn)
            member.tenant.facts()
        self.prove(members)

    def restart(self) -> None:
        """Tears the system down and sets it up again."""
        try:
            for problem in self.active.restart():
                self.tenants.warn(problem)
        except (Unavailable, StepFailed) as error:
            raise Refused(f"{self.place.entry.system.id}: setup after a fault: {error}") from None
        self.count_daemons()
