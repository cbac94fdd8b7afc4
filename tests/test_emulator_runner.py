"""emulator/tests/run: what may run again, and what has failed at once."""

import subprocess
from pathlib import Path

import pytest

RUN = Path(__file__).parents[1] / "emulator" / "tests" / "run"
PROGRAM = """#!/bin/sh
echo x >> {folder}/runs
[ $(wc -l < {folder}/runs) -ge {good_from} ] && echo '1 passed, 0 failed' && exit 0
echo '0 passed, 1 failed'
exit {status}
"""


@pytest.mark.parametrize(
    ("status", "good_from", "runs", "passes"), [(0, 1, 1, True), (1, 2, 1, False), (139, 2, 1, False), (75, 3, 3, True)]
)
def test_only_what_was_late_in_real_time_runs_again(tmp_path, status, good_from, runs, passes) -> None:
    program = tmp_path / "test_one"
    program.write_text(PROGRAM.format(folder=tmp_path, status=status, good_from=good_from))
    program.chmod(0o755)
    done = subprocess.run(["sh", RUN, tmp_path, "test_one"], capture_output=True, text=True, check=False)
    assert (done.returncode == 0, len((tmp_path / "runs").read_text().split())) == (passes, runs)
