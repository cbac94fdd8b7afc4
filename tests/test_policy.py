"""Policies: the default, what a file changes, and what is refused."""

from dataclasses import replace
from pathlib import Path

import pytest

from builders import DEFINITION
from gpu_virt_bench.policy import Policy, PolicyError, load, with_margins

DIFFERENCE = replace(DEFINITION, compare="difference")


def written(folder: Path, text: str) -> Policy:
    """The policy of a file with this text."""
    path = folder / "mine.toml"
    path.write_text(text)
    return load(path)


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path) -> None:
    found = written(tmp_path, "[margin]\nratio = 0.1\n[margin.difference]\ns = 1e-6")
    expected = load().margin
    assert found.margin == replace(expected, ratio=0.1, difference={**expected.difference, "s": 1e-6})
    assert (found.title, found.score, found.gate) == (load().title, load().score, load().gate)


def test_a_shipped_policy_is_found_by_its_name() -> None:
    assert (load(Path("gate")).title, load(Path("gate")).margin.ratio) == ("Gate", 0.1)
    assert load(Path("default")) == load()


def test_an_unknown_policy_gets_the_nearest_name() -> None:
    with pytest.raises(PolicyError, match=r"no policy 'gat'; did you mean gate\?; or give a file, ./mine.toml"):
        load(Path("gat"))


def test_the_default_margins_are_two_per_cent_and_fifty_nanoseconds() -> None:
    assert load().margin_of(DEFINITION, "XX-001") == 0.02
    assert load().margin_of(DIFFERENCE, "XX-001") == 50e-9


def test_the_most_specific_margin_holds(tmp_path) -> None:
    policy = written(tmp_path, "[margin.category]\noverhead = 0.05\n[margin.metric]\n'XX-001' = 0.2")
    assert [policy.margin_of(DEFINITION, name) for name in ("XX-001", "XX-002")] == [0.2, 0.05]


def test_a_category_s_margin_is_relative_and_not_for_differences(tmp_path) -> None:
    assert written(tmp_path, "[margin.category]\noverhead = 0.05").margin_of(DIFFERENCE, "XX-001") == 50e-9


def test_shares_that_passed_differ_whatever_the_metric_says() -> None:
    policy = replace(load(), margin=replace(load().margin, difference={"pass": 0.1}))
    assert policy.margin_of(replace(DEFINITION, unit="pass", shown_unit="pass"), "XX-001") == 0.1


def test_a_unit_without_a_margin_has_none() -> None:
    assert load().margin_of(replace(DIFFERENCE, unit="B/s"), "XX-001") == 0.0


def test_the_command_line_overrides_all_ratios_a_metric_and_a_category() -> None:
    policy = with_margins(load(), ["0.03", "OH-006=5e-6", "bandwidth=0.05"])
    bandwidth = replace(DEFINITION, category="bandwidth")
    assert policy.margin_of(DEFINITION, "OH-001") == 0.03
    assert policy.margin_of(DIFFERENCE, "OH-006") == 5e-6
    assert policy.margin_of(bandwidth, "BW-001") == 0.05


@pytest.mark.parametrize("word", ["x", "OH-006=", "-0.1", "nan", "OH-006=inf"])
def test_a_margin_without_an_amount_is_refused(word: str) -> None:
    with pytest.raises(PolicyError, match=f"margin '{word}' has no number of 0 or more"):
        with_margins(load(), [word])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("confidnce = 0.9", "unknown key confidnce; did you mean confidence?"),
        ("[margin]\nrato = 0.1", "unknown key margin.rato; did you mean ratio?"),
        ("[gate]\nzzz = 1", "unknown key gate.zzz; there are regressions, failures, outcomes"),
        ("confidence = 1.5", "confidence is 1.5: input should be less than 1"),
        ("confidence = nan", "confidence is nan: input should be a finite number"),
        ("[margin]\nratio = '2 %'", "margin.ratio is '2 %': input should be a valid number"),
        ("[margin]\nratio = -1", "margin.ratio is -1: input should be greater than or equal to 0"),
        ("margin = 0.02", "margin is 0.02: input should be an object"),
        ("[margin.difference]\nms = 1", "margin.difference has the unit 'ms'; did you mean s?"),
        ("[gate]\nfailures = 'some'", "gate.failures is 'some': input should be 'new', 'all' or 'none'"),
        ("[grades]\nA = 101", "grades.A is 101: input should be less than or equal to 100"),
        ("= 1", "is not TOML"),
    ],
)
def test_what_is_wrong_in_a_file_is_one_sentence(tmp_path, text: str, sentence: str) -> None:
    with pytest.raises(PolicyError) as raised:
        written(tmp_path, text)
    assert sentence in str(raised.value)
    assert str(raised.value).startswith(str(tmp_path / "mine.toml"))


def test_a_file_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(PolicyError, match=r"cannot read none.toml: No such file or directory"):
        load(Path("none.toml"))
