"""The journal of a session: what was started and how it is undone, written down before it is needed."""

from __future__ import annotations

import json
import os
import shutil
import stat
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gpu_virt_bench.model.system import Step
from gpu_virt_bench.systems import processes, steps

NAME = "journal.jsonl"
Entry = dict[str, Any]


class Journal:
    """The file `journal.jsonl` of a session directory: one entry a line, and one line when it is undone.

    Several may write to it: each undoes its own entries.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / NAME
        self._own: list[Entry] = []
        if self._path.exists() and not self._path.read_bytes().endswith(b"\n"):
            self._append(b"\n")  # the last line was cut off by the harness's death

    def path(self, path: Path) -> Entry:
        """A file or directory of ours that must go."""
        return self._add({"kind": "path", "path": str(path)})

    def steps(self, todo: Sequence[Step], env: Mapping[str, str]) -> Entry:
        """Steps that must run, whatever happens; their variables are filled in."""
        return self._add({"kind": "steps", "steps": [asdict(step) for step in todo], "env": dict(env)})

    def process(
        self,
        pid: int,
        grace: float,
        group: bool = False,
        before_kill: Step | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Entry | None:
        """A process that must end; None if it is already gone. `group` ends what it started too, as far as that carries
        the session's mark."""
        start = processes.start_time(pid)
        if start is None:
            return None
        killing = None if before_kill is None else asdict(before_kill)
        entry = {"kind": "process", "pid": pid, "start": start, "grace": grace, "group": group}
        return self._add({**entry, "before_kill": killing, "env": dict(env or {})})

    def undo(self, entry: Entry) -> list[str]:
        """Undoes one entry; what did not work, in sentences - then it stays open."""
        problems = undo(self.folder, entry)
        if not problems:
            self.done(entry)
        return problems

    def undo_all(self) -> list[str]:
        """Undoes its own entries, backwards, each once; what did not work stays open for `clean`."""
        own, self._own = self._own, []
        return [problem for entry in reversed(own) for problem in self.undo(entry)]

    def done(self, entry: Entry) -> None:
        """Notes that an entry needs no undoing any more."""
        self._own = [other for other in self._own if other["entry"] != entry["entry"]]
        self._write({"kind": "done", "entry": entry["entry"]})

    def open(self) -> list[Entry]:
        """Entries that are not undone yet, in their order."""
        return still_open(read(self.folder))

    def _add(self, entry: Entry) -> Entry:
        entry = {"entry": uuid.uuid4().hex[:12], **entry}
        self._write(entry)
        self._own.append(entry)
        return entry

    def _write(self, entry: Entry) -> None:
        self._append((json.dumps(entry) + "\n").encode())

    def _append(self, text: bytes) -> None:
        """One write: a harness that dies leaves whole lines, or a last one that cannot be read."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, text)
        finally:
            os.close(descriptor)


def read(folder: Path) -> list[Entry]:
    """The lines of a folder's journal; none where it has none."""
    path = folder / NAME
    if not path.exists():
        return []
    entries = []
    for line in path.read_text(errors="replace").splitlines():
        try:
            entries.append(json.loads(line))
        except json.JSONDecodeError:
            continue  # cut off by the harness's death
    return entries


def still_open(entries: Sequence[Entry]) -> list[Entry]:
    """Entries without a line that says they are done."""
    done = {entry["entry"] for entry in entries if entry["kind"] == "done"}
    return [entry for entry in entries if entry["kind"] != "done" and entry["entry"] not in done]


def undo(folder: Path, entry: Entry) -> list[str]:
    """Undoes one entry: steps are run, a process is ended, a path removed."""
    if entry["kind"] == "steps":
        return run_all([as_step(step) for step in entry["steps"]], entry["env"])
    if entry["kind"] == "process":
        return end_process(folder, entry)
    return remove(folder, Path(entry["path"]))


def as_step(values: Mapping[str, Any]) -> Step:
    """A step as the journal keeps it."""
    return Step(**{**values, "run": tuple(values["run"]), "ok": tuple(values["ok"])})


def run_all(todo: Sequence[Step], env: Mapping[str, str]) -> list[str]:
    """Runs steps in order, all of them, whatever fails; the failures."""
    problems = []
    for step in todo:
        try:
            steps.run(step, env)
        except steps.StepFailed as error:
            problems.append(str(error))
    return problems


def end_process(folder: Path, entry: Entry) -> list[str]:
    """`before_kill`, SIGTERM, `grace`, SIGKILL: only to the process that was written down, and to those it left."""
    pid, start = entry["pid"], entry["start"]
    problems: list[str] = []
    if processes.lives(pid, start):
        problems += run_all([as_step(entry["before_kill"])], entry["env"]) if entry["before_kill"] else []
        if not processes.end(pid, start, entry["grace"], entry["group"]):
            problems.append(f"process {pid} cannot be ended")
    left = processes.end_members(pid, str(folder)) if entry["group"] else []
    if left:
        problems.append(f"processes {', '.join(map(str, left))}, which process {pid} left, cannot be ended")
    return problems


def remove(folder: Path, path: Path) -> list[str]:
    """Removes a path under the session's directory, and none elsewhere."""
    if folder.resolve() not in (path.parent.resolve() / path.name).parents or path.name in ("", ".", ".."):
        return [f"{path} is not under {folder} and is left"]
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
    return [f"{path} cannot be removed"] if path.exists() else []


def clean(folder: Path) -> list[str]:
    """Undoes, backwards, what a dead harness left behind in its session directory; what did not work, in sentences.

    A journal names commands: one that somebody else could have written is not read.
    """
    if foreign := not_ours(folder):
        return [foreign]
    journal = Journal(folder)
    return [problem for entry in reversed(journal.open()) for problem in journal.undo(entry)]


def not_ours(folder: Path) -> str | None:
    """Why a directory or its journal cannot be trusted."""
    for path in (folder, folder / NAME):
        try:
            found = path.lstat()
        except FileNotFoundError:
            continue
        if stat.S_ISLNK(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            return f"{path} could have been written by another user and is left; look at it and remove it yourself"
    return None
