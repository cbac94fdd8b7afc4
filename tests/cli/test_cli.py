"""The command line as a user types it."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gpu_virt_bench.results import load

GVB = str(Path(sys.executable).with_name("gpu-virt-bench"))
FAST = ["--device", "emulated:tiny", "--repetitions", "1", "--iterations", "2", "--warmup", "0"]


def gvb(*words: str, **settings) -> subprocess.CompletedProcess[str]:
    """Runs the command in an 80-column terminal without colours."""
    env = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"}
    return subprocess.run([GVB, *words], capture_output=True, text=True, env=env, timeout=110, **settings)


def test_a_run_ends_with_a_table_and_says_where_the_file_is(tmp_path) -> None:
    done = gvb("run", *FAST, "--metrics", "OH-001", "--output", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "EMULATED GPU: a model's figures" in done.stdout.replace("\n", " ")
    assert "us (emulated)" in " ".join(done.stdout.split())
    (path,) = tmp_path.glob("native/native_*.json")
    assert str(path) in done.stdout.replace("\n", "")
    assert max(len(line) for line in done.stdout.splitlines() if "results" not in line and "/" not in line) <= 80


def test_the_form_without_a_subcommand_means_run(tmp_path) -> None:
    words = "--system native --metrics OH-001,OH-004 --iterations 3 --memory-limit 512 --compute-limit 30 --processes 4"
    done = gvb(*words.split(), "--repetitions", "1", "--device", "emulated", "--output", str(tmp_path), "--json-only")
    assert done.returncode == 0, done.stderr
    run = load(Path(json.loads(done.stdout)["session"]["runs"][0]))
    assert len(run.outcomes["OH-004"].repetitions[0].samples) == 3
    assert (run.plan.tenants, run.plan.memory_limit_bytes, run.plan.compute_limit) == (4, 512 << 20, 0.3)
    assert "native has no memory-limit: measured without" in run.warnings


def test_a_failed_metric_gives_status_1(tmp_path) -> None:
    words = ["--metrics", "OH-001[api=cuGraphLaunch]", "--emulate", "fail.cuGraphLaunch=40+:719"]
    done = gvb("run", *FAST, *words, "--output", str(tmp_path))
    assert done.returncode == 1, done.stderr
    assert "CUDA_ERROR_LAUNCH_FAILED(719)" in "".join(part.strip("│") for part in done.stdout.split())


@pytest.mark.parametrize(("number", "told"), [(signal.SIGTERM, "SIGTERM"), (signal.SIGINT, "SIGINT")])
def test_an_interruption_names_its_signal(tmp_path, number, told) -> None:
    words = [
        GVB,
        "run",
        *FAST,
        "--metrics",
        "OH-001,OH-010",
        "--repetitions",
        "60",
        "--output",
        str(tmp_path),
        "--json-only",
    ]
    with started(words) as process:
        wait_for_file(tmp_path)
        process.send_signal(number)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    found = json.loads(out)["session"]
    assert (found["interrupted"], found["signal"]) == (True, told)


def test_what_the_caller_ignores_stays_ignored(tmp_path) -> None:
    """As under `nohup`."""
    run = shlex.join(
        [GVB, "run", *FAST, "--metrics", "OH-001", "--repetitions", "8", "--output", str(tmp_path), "--json-only"]
    )
    with started(["sh", "-c", f"trap '' HUP; exec {run}"]) as process:
        wait_for_file(tmp_path)
        process.send_signal(signal.SIGHUP)
        out, _ = process.communicate(timeout=60)
    assert (process.returncode, json.loads(out)["session"]["interrupted"]) == (0, False)


def started(words: list[str]) -> subprocess.Popen[str]:
    """The command, running; Ctrl-C reaches it though the test may ignore it."""
    heard = lambda: signal.signal(signal.SIGINT, signal.default_int_handler)  # noqa: E731
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heard)


def wait_for_file(folder: Path) -> None:
    """Until a session has begun to measure."""
    end = time.monotonic() + 30
    while not list(folder.glob("*/*.json")) and time.monotonic() < end:
        time.sleep(0.01)


@pytest.mark.parametrize("name", ["gpu-virt-bench", "gvb"])
@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("ru", {"run"}),
        ("run --syst", {"--system"}),
        ("run --system na", {"native"}),
        ("run --metrics OH-001,OH-01", {"OH-001,OH-010"}),
        ("run --suite th", {"thorough"}),
        ("show mp", {"mps"}),
        ("show th", {"thorough"}),
    ],
)
def test_the_shell_completes_what_there_is(name, line, found) -> None:
    command = str(Path(GVB).with_name(name))
    words = [name, *line.split()]
    env = {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
    env[f"_{name.upper().replace('-', '_')}_COMPLETE"] = "bash_complete"
    done = subprocess.run([command], env={**os.environ, **env}, capture_output=True, text=True, timeout=30)
    assert {row.partition(",")[2] for row in done.stdout.split()} == found, done.stderr


def test_without_a_word_it_prints_its_help() -> None:
    done = gvb()
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage: gpu-virt-bench [OPTIONS] COMMAND" in done.stdout
    assert gvb("-V").stdout == gvb("--version").stdout


def test_what_is_compared_with_is_read_before_anything_is_measured(tmp_path) -> None:
    done = gvb("run", *FAST, "--compare", str(tmp_path / "none.json"), "--output", str(tmp_path / "results"))
    assert done.returncode == 2
    assert "--compare: cannot read" in " ".join(done.stderr.split())
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("command", ["run", "prove"])
def test_a_file_cannot_pass_for_a_shipped_system(tmp_path, command) -> None:
    shipped = gvb("show", "native").stdout
    mine = tmp_path / "native.toml"
    mine.write_text(shipped)
    done = gvb(command, "--system", str(mine))
    assert done.returncode == 2
    told = " ".join(done.stderr.split())
    assert f"{mine} would pass for the shipped system 'native': its name is the id, so rename it" in told


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("run --metrics OH-01", "no metric 'OH-01'; did you mean OH-0"),
        ("run --system native --system native", "--system names native twice: --aa measures the first system a second"),
        ("run --system native,mps,native", "--system names native twice"),
        ("run --system natve", "no system 'natve'; did you mean native?"),
        ("run --system ./none.toml", "cannot read none.toml: No such file or directory"),
        ("run --suite quik", "no suite 'quik'; did you mean quick?"),
        ("run --device emulated:h2000", "no emulated device 'h2000'; there are a100, h200, rtx3080, tiny"),
        ("run --device 7", "no device '7'"),
        ("run --emulate latncy.cuInit=5", "the emulated GPU has no key 'latncy.cuInit'; did you mean latency."),
        ("run --emulate sm_count=many", "sm_count is 'many', expected an integer"),
        ("run --emulate rate=1 --device 0", "--emulate is for the emulated GPU, but --device is 0"),
        ("run --memory-limit 0", "0 is not in the range 1 to "),
        ("run --compute-limit 130", "130 is not in the range 1 to 100 per cent"),
        ("run --option library=/x", "no option 'library' for native; there are none"),
        ("run --config none.toml", "cannot read none.toml: No such file or directory"),
        ("run --output README.md", "which is a file; expected a directory"),
        ("run --system bud-fcsp", "bud-fcsp needs --option library=FILE"),
        (
            "run --system hami --option library=./libvgpu.so",
            "option library is './libvgpu.so', a relative library path",
        ),
        ("rnu", "no command 'rnu'; did you mean run?"),
        ("show OH-0001", "no metric, system, suite, run file or directory 'OH-0001'; did you mean OH-001?"),
        ("show none.json", "cannot read none.json: No such file or directory"),
        ("list metric", "'metric' is not one of 'metrics'"),
    ],
)
def test_wrong_use_is_one_sentence_and_status_2(words: str, sentence: str) -> None:
    done = gvb(*words.split(), cwd=Path(__file__).parents[2])
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sytem = 'native'", "unknown key 'sytem'; did you mean system?"),
        ("suite = ['a']", "suite is a list, expected one value"),
        ("= 1", "is not TOML"),
    ],
)
def test_a_wrong_config_file_is_one_sentence(tmp_path, text: str, sentence: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    done = gvb("run", "--config", str(path))
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert sentence in done.stderr


def test_a_config_file_gives_defaults_and_the_command_line_wins(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        "metrics = ['OH-001', 'OH-002']\nrepetitions = 1\niterations = 2\nlabel = 'from the file'\n"
        "device = 'emulated:tiny'\njson-only = true\n[emulate]\nseed = 7\nlatency.cuInit = 1000\n"
    )
    done = gvb("run", "--config", str(path), "--metrics", "OH-001", "--output", str(tmp_path))
    assert done.returncode == 0, done.stderr
    run = load(Path(json.loads(done.stdout)["session"]["runs"][0]))
    assert (run.label, list(run.outcomes)) == ("from the file", ["OH-001"])
    assert run.device.emulation["latency.cuInit"] == "1000"


@pytest.mark.parametrize("kind", ["metrics", "systems", "suites", "policies", "devices", "emulator"])
def test_every_list_is_a_table_and_json(kind: str) -> None:
    assert gvb("list", kind).returncode == 0
    assert json.loads(gvb("list", kind, "--json").stdout)


def test_show_prints_a_metric_a_system_and_a_run(tmp_path) -> None:
    assert "sample = " in gvb("show", "oh-001").stdout
    assert "[proof]" in gvb("show", "native").stdout
    gvb("run", *FAST, "--metrics", "OH-001", "--output", str(tmp_path))
    (path,) = tmp_path.glob("native/*.json")
    assert "OH-001" in gvb("show", str(path)).stdout


def test_a_file_that_is_no_run_is_refused(tmp_path) -> None:
    path = tmp_path / "x.json"
    for text, sentence in {
        "[]": "it is not a JSON object",
        "{}": "has schema version None, this program reads 1",
        '{"schema_version": 1}': "is no valid run file",
    }.items():
        path.write_text(text)
        done = gvb("show", str(path))
        assert (done.returncode, sentence in done.stderr) == (2, True)


def test_schema_is_json_schema() -> None:
    assert json.loads(gvb("schema").stdout)["$schema"].startswith("https://json-schema.org/")


def test_help_names_every_command() -> None:
    text = gvb("--help").stdout
    assert all(name in text for name in ("run", "list", "show", "schema"))


def test_doctor_tells_what_is_available_and_undoes_what_was_left() -> None:
    from gpu_virt_bench.engine.folder import home

    left = home() / "gvb-1-1"
    left.mkdir(mode=0o700, exist_ok=True)
    sick = gvb("doctor")
    assert sick.returncode == 1
    assert "system native: available" in sick.stdout
    assert "system bud-fcsp: unavailable: needs --option library" in sick.stdout.replace("bud-fcsp needs", "needs")
    assert f"{left} was left by a harness that is gone" in sick.stdout
    healed = gvb("doctor", "--clean")
    assert healed.returncode == 0, healed.stderr
    assert not left.exists()
    assert gvb("doctor").stdout.endswith("nothing was left behind\n")


def test_a_terminal_that_knows_only_ascii_gets_every_row(monkeypatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    (published, *_) = (Path(__file__).parents[2] / "docs/results/h100/quick").rglob("native*.json")
    for words in (("list", "metrics"), ("show", "OH-010"), ("show", str(published))):
        done = gvb(*words)
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr[-500:]
        assert "OH-010" in done.stdout


def test_each_key_of_the_emulated_gpu_is_listed_once_with_the_value_of_its_profile() -> None:
    done = gvb("list", "emulator", "--device", "emulated:a100x2")
    assert done.returncode == 0, done.stderr
    begun = [line.split("=")[0] for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert len(begun) == len(set(begun)) > 100
    assert [key for key in begun if "latency." in key] == ["latency.API"]
    assert "\nsm_count=108  multiprocessors\n" in done.stdout
    assert done.stdout.startswith("devices=2  number of devices, at most 8\n")
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_the_list_of_devices_says_that_there_may_be_several_of_a_profile() -> None:
    done = gvb("list", "devices", "--format", "json")
    names = {row["device"]: row["name"] for row in json.loads(done.stdout)["list"]}
    assert names["emulated:tiny"] == "tiny (emulated); emulated:tinyxN has N of them, at most 8"
