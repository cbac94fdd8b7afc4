"""Values of `--aggressor`, `--intensity`, `--victim`, `--quota` and `--sweep`."""

import json
from pathlib import Path

import pytest
from click import UsageError
from click.testing import CliRunner

from gpu_virt_bench import metrics
from gpu_virt_bench.cli import group
from gpu_virt_bench.cli.asked import requested
from gpu_virt_bench.cli.choices import sweeps
from gpu_virt_bench.cli.completion import values_of
from gpu_virt_bench.cli.run import command
from gpu_virt_bench.engine.request import Request
from gpu_virt_bench.results import load

TINY = "--device emulated:tiny --emulate clock=virtual"
ONE = f"{TINY} --repetitions 1 --iterations 1 --warmup 0 --json-only"


def asked(words: str) -> Request:
    """What a command line asks for."""
    return requested(command.make_context("run", words.split()).params)


def test_values_are_joined_by_commas_or_given_one_by_one() -> None:
    one = asked("--metrics IS-009 --aggressor dram,l2 --intensity 0.3,1").chosen
    assert one == {"aggressor": ["dram", "l2"], "intensity": [0.3, 1.0]}
    assert asked("--metrics IS-009 --aggressor dram --aggressor l2 --intensity 0.3 --intensity 1").chosen == one


def test_pcie_stands_for_both_directions() -> None:
    assert asked("--metrics IS-009 --aggressor h2d,pcie").chosen == {"aggressor": ["h2d", "d2h"]}


def test_a_sweep_over_a_parameter_is_the_same_as_its_option() -> None:
    words = "--metrics IS-009 --sweep aggressor=dram,l2 --sweep intensity=0.25,1 --sweep victim=fma"
    found = asked(words)
    assert found.chosen == {"victim": ["fma"], "aggressor": ["dram", "l2"], "intensity": [0.25, 1.0]}
    assert found.sweep == {}


def test_a_quota_is_percents_and_their_number() -> None:
    assert asked("--metrics IS-008 --quota 50,25,25").quota == (50, 25, 25)
    assert asked("--metrics IS-008 --quota 50,25,25 --tenants 3").tenants == 3


def test_quotas_are_points_of_a_sweep_the_fewest_tenants_first() -> None:
    points, _ = sweeps(["quota=70/20/10,60/40,50/25/25"])
    assert points == {"quota": [(60, 40), (50, 25, 25), (70, 20, 10)]}


def test_a_system_that_cannot_follow_a_sweep_of_quotas_has_as_many_tenants() -> None:
    assert asked("--metrics IS-008 --sweep quota=70/20/10,50/25/25").tenants == 3
    assert asked("--metrics IS-008 --sweep quota=60/40,50/25/25").tenants is None


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--aggressor drem", "no aggressor 'drem'; did you mean dram?"),
        ("--victim my-work:X", "or give work of your own, module:callable"),
        (
            "--intensity 25%",
            "--intensity is '25%', expected a number above 0 (from 0.0001) up to 1; did you mean 0.25?",
        ),
        ("--intensity 0", "--intensity is '0', expected a number above 0"),
        ("--intensity nan", "--intensity is 'nan', expected a number above 0"),
        (
            "--intensity 1.5",
            "--intensity is '1.5', expected a number above 0 (from 0.0001) up to 1",
        ),
        ("--sweep intensity=", "--sweep intensity is '', expected values: intensity=A,B"),
        ("--aggressor l2 --sweep aggressor=dram", "--aggressor and --sweep aggressor say the same"),
        ("--quota 50,60", "100 together at most, not 110: 50,25,25"),
        ("--quota 50", "for 2 to 48 tenants"),
        ("--quota 50,0", "--quota is '50,0', expected whole numbers of per cent"),
        ("--quota 50%,25%", "did you mean 50?"),
        ("--quota 50,25,25 --tenants 4", "--quota has shares of 3 tenants, and --tenants is 4: leave it out"),
        ("--quota 50,25,25 --compute-limit 50", "--quota and --compute-limit cannot be together"),
        ("--quota 50,25,25 --sweep compute-limit=50", "--quota and --sweep compute-limit cannot be together"),
        ("--quota 50,25,25 --sweep quota=50/50", "--quota and --sweep quota cannot be together"),
        ("--sweep quota=50/50 --sweep tenants=2", "--sweep quota and --sweep tenants cannot be together"),
        ("--sweep quota=50/50,20/20/20 --tenants 2", "--sweep quota has shares of 2 or 3 tenants, and --tenants is 2"),
        ("--sweep quota=50/a", "--sweep quota is '50/a', expected whole numbers of per cent"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(words: str, sentence: str) -> None:
    with pytest.raises(UsageError) as refusal:
        asked(f"--metrics IS-008,IS-009 {words}")
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_quota_that_nobody_shares_is_refused() -> None:
    done = CliRunner().invoke(group, f"run {ONE} --system mps --metrics OH-001 --quota 60,40".split())
    assert done.exit_code == 2
    assert "--quota gives 2 tenants their shares; OH-001 has no 2 that share: try IS-008" in done.stderr


def test_a_file_of_options_knows_them(tmp_path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'metrics = "IS-008,IS-009"\naggressor = ["dram", "l2"]\nintensity = [0.3, 1]\nquota = [50, 25, 25]\n'
    )
    found = asked(f"--config {file}")
    assert found.chosen == {"aggressor": ["dram", "l2"], "intensity": [0.3, 1.0]}
    assert found.quota == (50, 25, 25)


def test_the_last_of_several_names_is_completed() -> None:
    found = values_of("aggressor")(None, None, "dram,l2")
    assert [one.value for one in found] == ["dram,l2-bandwidth", "dram,l2"]


def test_the_run_file_has_what_was_asked_and_granted(tmp_path) -> None:
    words = f"run {ONE} --system time-slicing --system mps --metrics IS-006,IS-008 --quota 60,30 --output {tmp_path}"
    done = CliRunner().invoke(group, words.split())
    assert done.exit_code == 0, done.stderr
    without, limited = (load(Path(path)) for path in json.loads(done.stdout)["session"]["runs"])
    assert without.warnings[0] == "time-slicing has no compute-limit: measured without"
    assert without.outcomes["IS-006"].outcome == "measured"
    assert limited.plan.compute_quota == [0.6, 0.3]
    assert set(limited.outcomes) == {"IS-006", "IS-008[n=2,weights=60/30]"}
    assert {tuple(one.compute_share for one in found.party) for found in limited.outcomes.values()} == {(0.6, 0.3)}


def test_every_metric_with_such_a_parameter_takes_the_words_that_it_lists() -> None:
    for name in ("aggressor", "victim"):
        for metric in metrics.load().values():
            for value in metric.params.get(name, ()):
                assert asked(f"--metrics {metric.id} --{name} {value}").chosen == {name: [value]}
