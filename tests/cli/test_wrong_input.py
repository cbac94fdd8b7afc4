"""Wrong input, of every kind that a newcomer tried: one sentence, the documented exit status, and nothing left over."""

import contextlib
import io
import json
import os
import re
import shlex
import shutil
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from builders import a_run
from gpu_virt_bench.cli import main
from gpu_virt_bench.engine.folder import home
from gpu_virt_bench.engine.plan import SUITES
from gpu_virt_bench.results import save

RESULTS = Path(__file__).parents[2] / "docs" / "results" / "h200" / "overhead"
QUICK = "run --device emulated:tiny --repetitions 1 --iterations 2 --warmup 0 --metrics OH-001 -o out "
SUITE = (SUITES / "quick.toml").read_text()
LONG = "x" * 300
STEADY, NOISY = [1.0] * 5, [1.0, 1.5, 0.6, 1.3, 0.8]


def suite(key: str, line: str) -> str:
    """The quick suite with one line in the place of another."""
    found, count = re.subn(rf"^{key} = .*$", line, SUITE, count=1, flags=re.MULTILINE)
    assert count == 1
    return found


SYSTEM = 'title = "T"\ndescription = "d"\nmechanism = "none"\nfeatures = []\n'
FILES = {
    "empty.json": "",
    "blank.json": "  \n",
    "binary.json": b"\x00\xff\xfe",
    "truncated.json": (RESULTS / "native.json").read_bytes()[:5000],
    "deep.json": "[" * 100_000,
    "list.json": "[]",
    "object.json": "{}",
    "newer.json": '{"schema_version": 99}',
    "hollow.json": '{"schema_version": 3}',
    "infinite.json": '{"schema_version": 3, "began": NaN}',
    "twice.json": '{"schema_version": 3, "schema_version": 3}',
    "large.json": '{"schema_version": 99999999999999999999}',
    "unknown.json": '{"mood": 1, ' + (RESULTS / "native.json").read_text().lstrip()[1:],
    "earlier.json": json.dumps({"benchmark_version": "1.0.0", "system_name": "native", "metrics": [{"id": "OH-001"}]}),
    "empty.toml": "",
    "binary.toml": b"\x00\xff\xfe",
    "broken.toml": "= 1",
    "deep.toml": "a = " + "[" * 3000,
    "s-none.toml": suite("repetitions", "repetitions = 0"),
    "s-huge.toml": suite("repetitions", "repetitions = 99999999999999999999"),
    "s-few.toml": suite("max_repetitions", "max_repetitions = 2"),
    "s-warmup.toml": suite("warmup", "warmup = -1"),
    "s-nan.toml": suite("warm_seconds", "warm_seconds = nan"),
    "s-inf.toml": suite("window_seconds", "window_seconds = inf"),
    "s-settle.toml": suite("settle_seconds", "settle_seconds = -5.0"),
    "s-seconds.toml": suite("seconds_per_outcome", "seconds_per_outcome = 0.0"),
    "s-polling.toml": suite("polling_seconds", "polling_seconds = 0.0"),
    "s-resolution.toml": suite("resolution", "resolution = -0.5"),
    "s-some.toml": suite("parameters", 'parameters = "some"'),
    "s-samples.toml": SUITE + "\nsamples = { latency = 3 }\n",
    "s-key.toml": SUITE + "\nwarm_second = 1.0\n",
    "s-rounds.toml": suite("rounds", "rounds = { latency = 8, tail = 1, proces = 2, window = 6, long = 1 }"),
    "s-round.toml": suite("rounds", "rounds = { latency = 8 }"),
    "s-zero.toml": suite("rounds", "rounds = { latency = 0, tail = 1, process = 1, window = 6, long = 1 }"),
    "s-metrics.toml": suite("metrics", "metrics = []"),
    "s-metric.toml": suite("metrics", 'metrics = ["OH-099"]'),
    "s-lacks.toml": suite("warmup", ""),
    "s-type.toml": suite("warmup", 'warmup = "one"'),
    "c-number.toml": "system = 5",
    "c-table.toml": "system = { a = 1 }",
    "c-nested.toml": "system = ['native', ['mps']]",
    "c-emulate.toml": "emulate = 5",
    "c-date.toml": "label = 2026-11-21",
    "c-bool.toml": "label = true",
    "c-switch.toml": "aa = 'perhaps'",
    "c-word.toml": "repetitions = 'many'",
    "c-nan.toml": "time-budget = nan",
    "c-key.toml": "sytem = 'native'",
    "c-list.toml": "suite = ['a']",
    "c-seed.toml": f"seed = {10**25}",
    "p-key.toml": "marginn = 1",
    "p-nan.toml": "margin.ratio = nan",
    "p-minus.toml": "margin.ratio = -0.1",
    "p-word.toml": "gate.regressions = 'none'",
    "p-unit.toml": "margin.difference = { parsec = 1.0 }",
    "no-title.toml": 'mechanism = "none"',
    "feature.toml": SYSTEM.replace("[]", '["warp-drive"]'),
    "key.toml": SYSTEM + "titel = 'x'\n",
    "variable.toml": SYSTEM + '[tenant]\nenv.A = "{colour}"\n',
    "step.toml": SYSTEM + '[[setup]]\nrun = ["false"]\n',
    "named.toml": SYSTEM + '[[setup]]\nname = "daemon"\nrun = ["no-such-program"]\n',
    "time.toml": SYSTEM + '[[setup]]\nrun = ["true"]\ntimeout = nan\n',
    "again.toml": SYSTEM + '[[setup]]\nrun = ["true"]\nretry_for = -1.0\n',
    "native.toml": SYSTEM,
    "text.so": "no library",
    "file": "",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with every wrong file."""
    folder = tmp_path_factory.mktemp("wrong")
    for name, content in FILES.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    for name, size in {"vast.json": 65 << 20, "vast.toml": 50 << 20}.items():
        with (folder / name).open("wb") as file:
            file.truncate(size)
    for name in ("folder", "folder.json", "folder.toml"):
        (folder / name).mkdir()
    os.mkfifo(folder / "fifo.json")
    os.mkfifo(folder / "fifo.toml")
    for link, target in {"dangling.json": "none", "loop.json": "loop.json", "zero.toml": "/dev/zero"}.items():
        (folder / link).symlink_to(target)
    shutil.copy(RESULTS / "native.json", folder)
    shutil.copy(RESULTS / "mps.json", folder)
    save(a_run({"OH-001": STEADY}), folder / "steady.json")
    save(a_run({"OH-001": STEADY}, label="equal"), folder / "equal.json")
    save(a_run({"OH-001": STEADY}, status="refused"), folder / "refused.json")
    save(a_run({"OH-001": NOISY}), folder / "noisy.json")
    return folder


@pytest.fixture
def here(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """That directory, and signals as they were."""
    monkeypatch.chdir(place)
    monkeypatch.setenv("COLUMNS", "80")
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield place
    for number, handler in before.items():
        signal.signal(number, handler)


def command(words: list[str]) -> tuple[int, str, str]:
    """Exit status and output of the command line, in this process: an exception that is no exit fails the test."""
    out, errors, status = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        try:
            main(words)
        except SystemExit as ended:
            status = int(ended.code or 0)
    return status, out.getvalue(), errors.getvalue()


def processes() -> set[str]:
    """Processes that this one started."""
    return {pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


def left(folder: Path) -> tuple[set[Path], set[str], list[Path]]:
    """Files, processes and session directories that there are."""
    return set(folder.rglob("*")), processes(), list(home().glob(f"gvb-{os.getpid()}-*"))


SHOWN = {
    "none": "cannot read none.json: No such file or directory",
    "empty": "it is empty",
    "blank": "it is empty",
    "binary": "expected UTF-8 text",
    "truncated": "it is not a JSON object",
    "deep": "it is nested too deeply",
    "list": "it is not a JSON object",
    "object": "has schema version None, this program reads 1 to 3",
    "newer": "has schema version 99, this program reads 1 to 3",
    "hollow": "is no valid run file",
    "infinite": "is no run file",
    "twice": "is no run file",
    "large": "is too large, expected integers of 64 bits",
    "unknown": "is no valid run file",
    "vast": "it has more than 64 MiB",
    "folder": "folder.json has no complete run file; name a file, or a directory that has one",
    "fifo": "a device, a pipe or a socket, expected a file",
    "dangling": "cannot read dangling.json: No such file or directory",
    "loop": "cannot read loop.json: Too many levels of symbolic links",
    "earlier": "earlier.json is a file of the earlier tool",
}
"""Run files, and what is wrong with them."""
ERRORS = [
    # words of the command line
    ("rnu", "no command 'rnu'; did you mean run?"),
    ("--sistem native", "No such option '--sistem'"),
    ("run --metric OH-001", "No such option '--metric'"),
    ("run OH-001", "unexpected extra argument (OH-001)"),
    ("run --system", "'--system' requires an argument"),
    ("list", "Missing argument"),
    ("list metric", "'metric' is not one of"),
    ("compare native.json", "Missing argument 'CANDIDATE...'"),
    ("gate native.json", "Missing argument 'CANDIDATE'"),
    ("score native.json", "Missing option '--reference'"),
    ("prove", "Missing option '--system'"),
    ("compare native.json mps.json --format yaml", "'yaml' is not one of"),
    ("schema runn", "'runn' is not one of"),
    # systems
    ("run --system natve", "no system 'natve'; did you mean native?"),
    ("run --system mig", "mig is a system of the earlier tool that this version does not have yet"),
    ("run --system mig-ideal", "mig-ideal is a system of the earlier tool"),
    ("run --system ./none.toml", "cannot read none.toml: No such file or directory"),
    ("run --system ./empty.toml", "empty.toml: the key 'title' is missing"),
    ("run --system ./no-title.toml", "the key 'title' is missing"),
    ("run --system ./binary.toml", "binary.toml is not text"),
    ("run --system ./broken.toml", "broken.toml is not TOML"),
    ("run --system ./deep.toml", "deep.toml is not TOML"),
    ("run --system ./vast.toml", "vast.toml: it has more than 1 MiB"),
    ("run --system ./folder.toml", "cannot read folder.toml"),
    ("run --system ./zero.toml", "it is a device, a pipe or a socket, expected a file"),
    ("run --system ./fifo.toml", "it is a device, a pipe or a socket, expected a file"),
    ("run --system ./feature.toml", "no feature 'warp-drive'"),
    ("run --system ./key.toml", "unknown key 'titel'; did you mean title?"),
    ("run --system ./variable.toml", "unknown variable {colour}"),
    ("run --system ./time.toml", "'true' has timeout nan and retry_for 0.0: expected seconds"),
    ("run --system ./again.toml", "'true' has timeout 30.0 and retry_for -1.0: expected seconds"),
    ("run --system ./native.toml", "would pass for the shipped system 'native'"),
    ("run --system native --system native", "--system names native twice"),
    ("run --system ''", "--system is empty: leave it out, or say what you mean"),
    ("run --system 'a\udcffb'", "--system is 'a\\udcffb', expected UTF-8 text"),
    ("prove --system natve", "no system 'natve'; did you mean native?"),
    # options of systems
    ("run --option library=/x", "no option 'library' for native; there are none"),
    ("run --option library", "--option is 'library', expected name=value"),
    ("run --system hami", "needs --option library=FILE"),
    ("run --system fcsp", "bud-fcsp needs --option library=FILE"),
    ("run --system hami --option libary=/x", "no option 'libary'"),
    ("run --system hami --option library=./x.so", "a relative library path"),
    ("run --system hami --option library=/none/x.so", "no such file"),
    ("run --system hami --option library=/tmp", "which is not a regular file"),
    ("run --system hami --option library=HERE/text.so", "which is not a shared library (ELF)"),
    # metrics
    ("run --metrics OH-0001", "no metric 'OH-0001'; did you mean OH-001?"),
    ("run --metrics LLM-001", "LLM-001 is a metric of the earlier tool that this version does not measure yet"),
    ("run --metrics LLM-010", "LLM-010 is a metric of the earlier tool"),
    ("run --metrics NCCL-004,OH-001", "NCCL-004 is a metric of the earlier tool"),
    ("run --metrics nccl-002", "nccl-002 is a metric of the earlier tool"),
    ("run --metrics FRAG-003", "FRAG-003 is a metric of the earlier tool"),
    ("run --metrics ERR-003", "ERR-003 is a metric of the earlier tool"),
    ("run --metrics FRAG-004", "no metric 'FRAG-004'; "),
    ("run --metrics 'LLM-*'", "LLM-* are metrics of the earlier tool"),
    ("run --metrics nccl", "nccl is a category of the earlier tool"),
    ("run --metrics 'OH-001[pth=*]'", "OH-001 has no parameter 'pth'; did you mean path?"),
    ("run --metrics 'OH-001[path'", "is no selection"),
    (QUICK + "--metrics 'OH-001[path=never]'", "OH-001 has no path 'never'; there are return, start"),
    ("run --metrics ''", "--metrics is empty"),
    ("run --metrics ,", "--metrics is empty"),
    ("run --metrics 'a\udcffb'", "--metrics is 'a\\udcffb', expected UTF-8 text"),
    ("show OH-0001", "no metric, system, suite, run file or directory 'OH-0001'; did you mean OH-001?"),
    ("show LLM-001", "LLM-001 is a metric of the earlier tool"),
    ("show mig-ideal", "mig-ideal is a system of the earlier tool"),
    # suites
    ("run --suite quik", "no suite 'quik'; did you mean quick?"),
    ("run --suite ''", "--suite is empty"),
    ("run --suite none.toml", "cannot read none.toml: No such file or directory"),
    ("run --suite empty.toml", "the key 'title' is missing"),
    ("run --suite binary.toml", "binary.toml is not TOML"),
    ("run --suite broken.toml", "broken.toml is not TOML"),
    ("run --suite deep.toml", "deep.toml is not TOML"),
    ("run --suite vast.toml", "cannot read vast.toml: it has more than 1 MiB"),
    ("run --suite folder.toml", "cannot read folder.toml"),
    ("run --suite zero.toml", "expected a file"),
    ("run --suite s-none.toml", "repetitions is 0, expected 1 to 1000000"),
    ("run --suite s-huge.toml", "repetitions is 99999999999999999999, expected 1 to 1000000"),
    ("run --suite s-few.toml", "max_repetitions is 2, expected at least repetitions, 5"),
    ("run --suite s-warmup.toml", "warmup is -1, expected 0 to 1000000"),
    ("run --suite s-nan.toml", "warm_seconds is nan, expected 0 to 1000000"),
    ("run --suite s-inf.toml", "window_seconds is inf, expected 0.001 to 1000000"),
    ("run --suite s-settle.toml", "settle_seconds is -5.0, expected 0 to"),
    ("run --suite s-seconds.toml", "seconds_per_outcome is 0.0, expected 0.001 to"),
    ("run --suite s-polling.toml", "polling_seconds is 0.0, expected 0.001 to"),
    ("run --suite s-resolution.toml", "resolution is -0.5, expected 0.001 to"),
    ("run --suite s-some.toml", "parameters is 'some': input should be 'headline' or 'all'"),
    ("run --suite s-samples.toml", "s-samples.toml: unknown key 'samples'; "),
    ("run --suite s-key.toml", "unknown key 'warm_second'; did you mean warm_seconds?"),
    ("run --suite s-rounds.toml", "unknown key 'rounds.proces'; did you mean process?"),
    ("run --suite s-round.toml", "rounds lacks tail, process, window, long"),
    ("run --suite s-zero.toml", "rounds.latency is 0, expected 1 to 1000000"),
    ("run --suite s-metrics.toml", "metrics is empty, expected at least one"),
    ("run --suite s-metric.toml", "no metric 'OH-099'"),
    ("run --suite s-lacks.toml", "the key 'warmup' is missing"),
    ("run --suite s-type.toml", "warmup is 'one': input should be a valid integer"),
    # numbers
    (QUICK + "--system mps --memory-limit 1025", "1025 MiB are more than the 1024 MiB of Tiny (emulated) 0"),
    (
        QUICK + "--strict --system native --system mps --memory-limit 1025",
        "1025 MiB are more than the 1024 MiB of Tiny",
    ),
    (
        QUICK + "--strict --system mps --sweep memory-limit=512,1025",
        "1025 MiB are more than the 1024 MiB of Tiny (emulated) 0",
    ),
    (
        QUICK.replace("OH-001", "OH-006,OH-008"),
        "nothing of it can be measured: OH-006: native has no concurrent-tenants; OH-008: native has no concurrent-te",
    ),
    ("run --memory-limit 0", "0 is not in the range"),
    ("run --memory-limit -5", "-5 is not in the range"),
    ("run --memory-limit 99999999999999999999", "is not in the range"),
    ("run --memory-limit lots", "'lots' is not a whole number of MiB"),
    ("run --compute-limit 0", "0 is not in the range 1 to 100 per cent"),
    ("run --compute-limit 130", "130 is not in the range 1 to 100 per cent"),
    ("run --memory-limit 200GiB", "'200GiB' is not a whole number of MiB; did you mean 204800?"),
    ("run --memory-limit 4.5gib", "'4.5gib' is not a whole number of MiB; did you mean 4608?"),
    ("run --memory-limit 4GB", "'4GB' is not a whole number of MiB"),
    ("run --compute-limit 50%", "'50%' is not a whole number of per cent; did you mean 50?"),
    ("run --compute-limit 0.5", "'0.5' is not a whole number of per cent"),
    ("prove --system mps --memory-limit 2GiB", "'2GiB' is not a whole number of MiB; did you mean 2048?"),
    ("run --sweep memory-limit=1024,4GiB", "expected whole numbers of MiB from 1 to"),
    ("run --time-budget 5min", "'5min' is not a number of seconds; did you mean 300?"),
    ("run --repetitions ten", "'ten' is not a whole number"),
    ("compare native.json mps.json --margin OH-005=50ns", "of a difference in its SI unit, such as seconds"),
    ("run --tenants 0", "0 is not in the range"),
    ("run --tenants 1000", "1000 is not in the range"),
    ("run --iterations 0", "0 is not in the range"),
    ("run --iterations 99999999999999999999", "is not in the range"),
    ("run --warmup -1", "-1 is not in the range"),
    ("run --repetitions 0", "0 is not in the range"),
    ("run --time-budget nan", "nan is not a number of seconds"),
    ("run --time-budget inf", "inf is not a number of seconds"),
    ("run --time-budget 0", "0 is not a number of seconds above 0"),
    ("run --time-budget soon", "'soon' is not a number of seconds"),
    ("run --seed 99999999999999999999999999", "is not in the range"),
    ("run --seed one", "'one' is not a whole number"),
    ("run --sweep colour=1,2", "--sweep is 'colour', expected compute-limit"),
    ("run --sweep compute-limit=0,50", "expected whole numbers of per cent from 1 to 100"),
    ("run --sweep compute-limit=", "expected whole numbers of per cent from 1 to 100"),
    ("run --sweep tenants=1000", "expected whole numbers from 1 to 48"),
    ("run --sweep compute-limit", "expected name=value"),
    # devices
    ("run --device emulated:h2000", "no emulated device 'h2000'; there are a100, h200"),
    ("run --device ''", "--device is empty"),
    ("run --device 77", "no device '77'"),
    ("run --emulate rate=1 --device 0", "--emulate is for the emulated GPU, but --device is 0"),
    ("run --emulate colour=1", "the emulated GPU has no key 'colour'"),
    ("run --emulate latncy.cuInit=5", "has no key 'latncy.cuInit'; did you mean latency."),
    ("run --emulate sm_count", "--emulate is 'sm_count', expected name=value"),
    ("run --emulate sm_count=many", "sm_count is 'many', expected an integer"),
    ("run --emulate sm_count=0", "the emulated GPU cannot be so: sm_count is 0, expected 1 to 256"),
    ("run --emulate sm_count=99999999999999999999", "'99999999999999999999' is no value for sm_count"),
    ("run --emulate rate=0", "the emulated GPU cannot be so: rate is 0.0, expected 0.001 to 1000"),
    ("run --emulate rate=nan", "rate is 'nan', expected a number"),
    ("run --emulate rate=inf", "rate is 'inf', expected a number"),
    ("run --emulate jitter=0.9", "jitter is 0.9, expected 0 to 0.49"),
    ("run --emulate schedule=never", "schedule is never, expected time-slice or side-by-side"),
    ("run --emulate unfair=1e-7", "unfair is 1e-07, expected 0.001 to 1000"),
    ("run --emulate unfair=0.001 --emulate slice_ns=1000", "slice_ns x unfair must be at least 1000"),
    ("run --emulate rate=1e-300", "rate is 1e-300, expected 0.001 to 1000"),
    ("run --emulate h2d_bandwidth=1", "h2d_bandwidth is 1, expected 10000000 to"),
    (
        "run --emulate h2d_bandwidth=10000000 --emulate pcie_width_now=1",
        "h2d_bandwidth and d2h_bandwidth must be at least 1000000 over the link as it was negotiated",
    ),
    ("run --emulate kernel_minimum=-100000", "kernel_minimum is -100000, expected 0 to"),
    ("run --emulate l2_bandwidth=1", "l2_bandwidth is 1, expected 100000000 to"),
    ("run --emulate peer_slow=0-7:0.5 --emulate devices=2", "two devices of the machine"),
    ("run --emulate peer_slow=1-1:0.5 --emulate devices=2", "two devices of the machine"),
    ("run --emulate pcie_width_now=32", "must not be more than pcie_width and pcie_generation"),
    ("run --emulate pcie_generation_now=6", "must not be more than pcie_width and pcie_generation"),
    ("run --emulate pcie_width_now=64", "pcie_width_now is 64, expected 0 to 32"),
    ("run --emulate copy_latency=-1", "copy_latency is -1, expected 0 to"),
    ("run --emulate launch_to_start=-1", "launch_to_start is -1, expected 0 to"),
    ("run --emulate sync_return=-1", "sync_return is -1, expected 0 to"),
    ("run --emulate fault_late=-1", "fault_late is -1, expected 0 to"),
    ("run --emulate l2_bytes=-1", "l2_bytes is -1, expected 16384 to"),
    ("run --emulate memory_bytes=-1", "memory_bytes is -1, expected 16777216 to"),
    ("run --emulate context_bytes=1000000000000", "context_bytes must not be more than memory_bytes"),
    ("run --emulate power_full=1", "power_full (0: power_limit) must be at least power"),
    ("run --emulate preemption=7", "preemption is 7, expected 0 to 1"),
    ("run --emulate sm_share=1e-9", "sm_share must be 0, or leave a hundredth of a multiprocessor"),
    ("run --emulate sm_count=257", "sm_count is 257, expected 1 to 256"),
    ("run --emulate uuid=GPU-1", "uuid must be like GPU-e0000000-0000-4000-8000-000000000200"),
    ("run --emulate pci_bus=0000:fe:00.0 --emulate devices=8", "pci_bus must leave room for all devices below bus ff"),
    ("run --emulate pci_bus=41", "pci_bus must be like 0000:41:00.0"),
    ("run --emulate 'name=a\nb'", "expected text of one line"),
    ("run --emulate latency.cuFoo=1", "latency.cuFoo: the driver has no function 'cuFoo'; the nearest is cu"),
    ("run --emulate latency.cuMemAlloc_v3=1", "no function 'cuMemAlloc_v3'; the nearest is cuMemAlloc_v2"),
    ("run --emulate latency.cuInit=abc", "latency.cuInit is 'abc', expected nanoseconds, such as 5000"),
    ("run --emulate fail.cuInit=never", "fail.cuInit is 'never', expected n:code or n+:code, such as 3:719"),
    ("run --emulate fail.cuInit=0:3", "'0:3' is no value for fail.cuInit"),
    ("run --emulate hang.cuInit=-1", "hang.cuInit is '-1', expected the number of a call"),
    (
        "run --emulate inject.cuInit=code=100",
        "asked for by --emulate inject.cuInit=code=100, which counts the tool's own",
    ),
    ("run --emulate mig=5", "'5' is no profile of this device; there are 1g.18gb, 1g.35gb"),
    ("run --emulate mig=1,1,1,1,1,1,1,1", "mig: a device has at most 7 instances, found 8 in"),
    ("run --emulate inject.cuInit=often", "inject.cuInit is 'often', expected words such as code=2 after_calls=10"),
    ("run --emulate 'inject.cuInit=code=2 colour=1'", "cannot be so: 'colour=1' is no value for inject.cuInit"),
    ("run --emulate inject.cuInit=code=2,seed=x", "cannot be so: 'seed=x' is no value for inject.cuInit"),
    ("run --emulate latency.nvmlInit_v2=5", "the driver has no function 'nvmlInit_v2'"),
    # where files go
    ("run --output ''", "--output is empty"),
    ("run --output file", "which is a file; expected a directory"),
    ("run --output file/deeper", "file is no directory; expected a directory"),
    (f"run --output {LONG}", "File name too long"),
    ("run --output dangling.json/x", "dangling.json is no directory; expected a directory"),
    ("run --output loop.json/x", "--output is 'loop.json/x': Too many levels of symbolic links"),
    ("run --output 'a\udcffb'", "--output is 'a\\udcffb', expected UTF-8 text"),
    ("run --label 'a\udcffb'", "--label is 'a\\udcffb', expected UTF-8 text"),
    ("list metrics --device emulated", "--device is for `list emulator`, not for `list metrics`"),
    ("list emulator --device 0", "--device is '0', expected emulated:PROFILE"),
    ("list emulator --device emulated:h900", "no emulated device 'h900'; there are a100"),
    ("list metrics -o none/x", "cannot write none/x: No such file or directory"),
    (f"list metrics -o {LONG}", "File name too long"),
    ("list metrics -o folder", "cannot write folder: Is a directory"),
    # config files
    ("run --config none.toml", "cannot read none.toml: No such file or directory"),
    ("run --config broken.toml", "broken.toml is not TOML"),
    ("run --config binary.toml", "binary.toml is not TOML"),
    ("run --config deep.toml", "deep.toml is not TOML"),
    ("run --config vast.toml", "it has more than 1 MiB"),
    ("run --config folder.toml", "cannot read folder.toml"),
    ("run --config zero.toml", "expected a file"),
    ("run --config c-number.toml", "no system '5'"),
    ("run --config c-table.toml", "system has {'a': 1}, expected NAME|FILE.toml"),
    ("run --config c-nested.toml", "system has ['mps'], expected NAME|FILE.toml"),
    ("run --config c-emulate.toml", "--emulate is '5', expected name=value"),
    ("run --config c-date.toml", "expected TEXT"),
    ("run --config c-bool.toml", "label has True, expected TEXT"),
    ("run --config c-switch.toml", "aa has 'perhaps', expected true or false"),
    ("run --config c-word.toml", "'many' is not a whole number"),
    ("run --config c-nan.toml", "nan is not a number of seconds"),
    ("run --config c-key.toml", "unknown key 'sytem'; did you mean system?"),
    ("run --config c-list.toml", "suite is a list, expected one value"),
    ("run --config c-seed.toml", "is not in the range"),
    # what is compared with
    ("run --compare none.json", "--compare: cannot read none.json"),
    ("run --compare ''", "--compare is empty"),
    ("gate native.json mps.json --junit none/x", "cannot write none/x: No such file or directory"),
    ("gate native.json mps.json --junit folder", "cannot write folder: Is a directory"),
    ("run --output /proc/x", "--output is '/proc/x': /proc cannot be written in"),
    ("show native.json -o /proc/x", "cannot write /proc/x"),
    ("run --compare native.json --device emulated", "native.json: its GPU is real, and this session's is emulated"),
    ("run --compare folder", "--compare: folder has no complete run file"),
    # run files
    *((f"show {name}.json", sentence) for name, sentence in SHOWN.items()),
    ("show 'a\udcffb.json'", "No such file or directory"),
    (f"show {LONG}.json", "File name too long"),
    ("compare earlier.json native.json", "earlier.json is a file of the earlier tool"),
    ("compare none.json native.json", "cannot read none.json"),
    ("compare native.json folder", "folder has no complete run file"),
    ("gate native.json empty.json", "it is empty"),
    ("score earlier.json --reference native.json", "earlier.json is a file of the earlier tool"),
    ("score none.json --reference native.json", "cannot read none.json"),
    ("history none", "Directory 'none' does not exist"),
    ("history file", "Directory 'file' is a file"),
    ("history folder --since yesterday", "--since is 'yesterday', expected a date"),
    # policies and margins
    ("compare native.json mps.json --policy none.toml", "cannot read none.toml"),
    ("compare native.json mps.json --policy broken.toml", "broken.toml is not TOML"),
    ("compare native.json mps.json --policy deep.toml", "deep.toml is not TOML"),
    ("compare native.json mps.json --policy p-key.toml", "unknown key marginn; did you mean margin?"),
    ("compare native.json mps.json --policy p-nan.toml", "margin.ratio is"),
    ("compare native.json mps.json --policy p-minus.toml", "margin.ratio is -0.1"),
    ("gate native.json mps.json --policy p-word.toml", "gate.regressions is 'none'"),
    ("score mps.json --reference native.json --policy p-unit.toml", "margin.difference has the unit 'parsec'"),
    ("compare native.json mps.json --margin nan", "margin 'nan' has no number of 0 or more"),
    ("compare native.json mps.json --margin -1", "margin '-1' has no number of 0 or more"),
    ("gate native.json mps.json --margin OH-001=inf", "has no number of 0 or more"),
    ("gate native.json mps.json --require OH-9", "--require OH-9: no outcome of that name; did you mean OH-009?"),
    ("gate native.json mps.json --require overhead", "--require overhead: no outcome of that name; there are "),
    ("gate native.json mps.json --require LLM-001", "a metric of the earlier tool that this version does not measure"),
    ("gate native.json mps.json --require OH-001[pth=start]", "OH-001 has no parameter 'pth'; did you mean path?"),
    ("gate native.json mps.json --require OH-001[path=strt]", "OH-001 has no path 'strt'; did you mean start?"),
    ("gate native.json mps.json --require [", "is no selection"),
    ("gate native.json mps.json --margin OH-01=1", "OH-01: no metric or category of these runs; did you mean OH-0"),
]
IDS = [f"{number}-{words[:60]!a}" for number, (words, _) in enumerate(ERRORS)]


@pytest.mark.parametrize(("words", "sentence"), ERRORS, ids=IDS)
def test_wrong_input_is_one_sentence_and_leaves_nothing(here: Path, words: str, sentence: str) -> None:
    before = left(here)
    status, out, errors = command(shlex.split(words.replace("HERE", str(here))))
    said = [line for line in errors.splitlines() if not line.startswith("no NVIDIA GPU here")]
    assert (status, len(said)) == (2, 1), errors
    assert said[0].startswith("Error: ")
    assert sentence in said[0]
    assert "/dev/shm" not in errors
    assert (out, left(here)) == ("", before)


def test_there_are_as_many_kinds_as_the_trial_had() -> None:
    assert len(ERRORS) > 150
    assert len({words for words, _ in ERRORS}) == len(ERRORS)


REFUSED = [
    ("--system step.toml", "Refused: step: setup: `false` exited with status 1, expected 0; it printed nothing"),
    ("--system named.toml", "Refused: named: setup: step 'daemon', `no-such-program` cannot start"),
    ("--system mps --memory-limit 1", "its memory quota is 1 MiB, and a context alone takes 64 MiB here"),
    (
        "--system hami --option library=LIBGVB --memory-limit 512",
        "libgvb.so serves none of these functions, so it is not a layer, or no build of this one",
    ),
]


@pytest.mark.parametrize(("words", "sentence"), REFUSED)
def test_a_refusal_names_its_cause_and_leaves_one_file(here: Path, words: str, sentence: str) -> None:
    from gpu_virt_bench.libgvb import PATH

    files, *before = left(here)
    try:
        status, _, errors = command(shlex.split(QUICK + words.replace("LIBGVB", str(PATH))))
        assert status == 2
        (said,) = [line for line in errors.splitlines() if not line.startswith("about ")]
        assert sentence in said
        assert "/dev/shm" not in errors
        new = [path for path in set(here.rglob("*")) - files if path.is_file()]
        assert [path.suffix for path in new] == [".json"]
        assert not new[0].name.startswith(".")
        assert [*left(here)[1:]] == before
    finally:
        shutil.rmtree(here / "out", ignore_errors=True)


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        ("gate steady.json refused.json", 3, "refused"),
        ("gate steady.json noisy.json", 3, "THIS GATE PROVED NOTHING"),
        ("gate steady.json equal.json --require OH-004", 3, "OH-004 was required and not judged"),
        ("gate steady.json equal.json --require oh-001", 0, "Gate passed (1 kept)"),
        ("gate steady.json equal.json", 0, "Gate passed (1 kept)"),
        ("gate steady.json steady.json", 3, "NOT PASSED: nothing was judged, since baseline and candidate are one run"),
    ],
)
def test_a_gate_passes_only_what_it_judged(here: Path, words: str, status: int, sentence: str) -> None:
    found, out, _ = command(words.split())
    assert found == status
    assert sentence in out


@pytest.mark.parametrize("label", ["a b", "it's", "$HOME", "\x1b[31mred", "ümläut", ""])
def test_odd_labels_are_taken(here: Path, label: str) -> None:
    save(replace(a_run({"OH-001": STEADY}), label=label), here / "odd name $1.json")
    status, out, errors = command(["show", "odd name $1.json"])
    (here / "odd name $1.json").unlink()
    assert (status, errors) == (0, "")
    assert "\x1b" not in out
