"""Selection and order."""

import re

import pytest

from gpu_virt_bench.engine.effort import SuiteError, suite_of
from gpu_virt_bench.engine.plan import SUITES, PlanError, check_selection, load_suite, select, suites
from gpu_virt_bench.metrics import load
from gpu_virt_bench.testing import FakeDevice

METRICS = load()


def chosen(*words: str, parameters: str = "headline") -> list[str]:
    """Ids of the outcomes that the words name."""
    return [item.id for item in select(METRICS, words, parameters, FakeDevice())]


def test_an_id_means_its_headline() -> None:
    assert chosen("OH-001") == ["OH-001"]


def test_ids_categories_and_globs_select() -> None:
    assert chosen("overhead") == chosen("OH-*") == [name for name in METRICS if name.startswith("OH-")]
    assert chosen("pcie") == chosen("PCIE-*") == ["PCIE-001", "PCIE-002", "PCIE-003", "PCIE-004"]
    assert chosen("isolation") == chosen("IS-*") == [f"IS-{number:03}" for number in range(1, 11)]
    assert chosen("scheduling") == [f"SCHED-{number:03}" for number in range(1, 5)]
    assert chosen("*") == list(METRICS)
    assert chosen("oh-001") == ["OH-001"]


def test_a_bracket_chooses_parameters_and_star_all_values() -> None:
    assert chosen("OH-001[path=*]") == ["OH-001", "OH-001[path=start]", "OH-001[path=round-trip]"]
    assert chosen("OH-001[path=start,api=cuGraphLaunch]") == ["OH-001[path=start,api=cuGraphLaunch]"]


def test_all_parameters_are_every_combination() -> None:
    assert len(chosen("OH-001", parameters="all")) == 270
    assert len(chosen("OH-001[*]")) == 270


def test_an_outcome_named_twice_is_measured_once() -> None:
    assert chosen("OH-001", "OH-00?", "overhead").count("OH-001") == 1


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("OH-011", "no metric 'OH-011'; did you mean OH-0"),
        ("OH-001[paht=start]", "OH-001 has no parameter 'paht'; did you mean path"),
        ("OH-001[path=stat]", "OH-001 has no path 'stat'; did you mean start?"),
        ("OH-001]", "is no selection"),
    ],
)
def test_a_wrong_selection_gets_one_sentence(word: str, sentence: str) -> None:
    with pytest.raises(PlanError, match=sentence):
        chosen(word)


@pytest.mark.parametrize("name", suites())
def test_every_suite_loads_and_counts_every_effort(name: str) -> None:
    assert set(load_suite(name).rounds) == {"latency", "tail", "process", "window", "long"}


def test_an_unknown_suite_gets_the_nearest_name() -> None:
    with pytest.raises(PlanError, match="no suite 'standart'; did you mean standard"):
        load_suite("standart")


def test_a_wrong_name_is_refused_before_a_device_is_opened() -> None:
    with pytest.raises(PlanError, match="no metric 'OH-011'"):
        check_selection(METRICS, ["OH-001[path=*]", "OH-011"])


def test_a_suite_can_be_a_file_and_what_is_wrong_with_it_is_one_sentence(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    text = (SUITES / "quick.toml").read_text()
    path.write_text(text.replace("repetitions = 5", "repetitions = 4", 1))
    assert load_suite(str(path)).repetitions == 4
    path.write_text(text + "\nrepetitons = 3")
    with pytest.raises(PlanError, match="mine.toml: unknown key .repetitons.; did you mean repetitions"):
        load_suite(str(path))
    with pytest.raises(PlanError, match="cannot read none.toml: No such file or directory"):
        load_suite("none.toml")


def test_all_faults_of_a_suite_are_named_at_once() -> None:
    text = (SUITES / "quick.toml").read_text().replace("repetitions = ", "repetitons = ", 1)
    text = re.sub(r"(?m)^warmup = .*", "warmup = -1", text)
    with pytest.raises(SuiteError) as found:
        suite_of(text)
    said = str(found.value).split("; ")
    assert said[0].startswith("warmup is -1, expected 0 to")
    assert {"unknown key 'repetitons'", "did you mean repetitions?", "the key 'repetitions' is missing"} <= set(said)


def test_standard_has_the_curve_of_a_compute_limit_and_the_control_of_neighbors() -> None:
    found = chosen(*load_suite("standard").metrics)
    assert [name for name in found if name.startswith(("IS-003", "IS-009"))] == [
        *("IS-003", "IS-003[compute=0.1]", "IS-003[compute=0.5]", "IS-003[compute=0.75]"),
        *("IS-009", "IS-009[aggressor=idle]"),
    ]
