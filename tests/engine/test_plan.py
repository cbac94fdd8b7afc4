"""Selection and order."""

import pytest

from gpu_virt_bench.engine.plan import SUITES, PlanError, interleave, load_suite, select, shuffle, suites
from gpu_virt_bench.metrics import load

METRICS = load()


def chosen(*words: str, parameters: str = "headline") -> list[str]:
    """Ids of the outcomes that the words name."""
    return [item.id for item in select(METRICS, words, parameters)]


def test_an_id_means_its_headline() -> None:
    assert chosen("OH-001") == ["OH-001"]


def test_ids_categories_and_globs_select() -> None:
    assert chosen("overhead") == chosen("OH-*") == chosen("*") == list(METRICS)
    assert chosen("oh-001") == ["OH-001"]


def test_a_bracket_chooses_parameters_and_star_all_values() -> None:
    assert chosen("OH-001[path=*]") == ["OH-001", "OH-001[path=start]", "OH-001[path=round-trip]"]
    assert chosen("OH-001[path=start,api=cuGraphLaunch]") == ["OH-001[path=start,api=cuGraphLaunch]"]


def test_all_parameters_are_every_combination() -> None:
    assert len(chosen("OH-001", parameters="all")) == 36
    assert len(chosen("OH-001[*]")) == 36


def test_an_outcome_named_twice_is_measured_once() -> None:
    assert chosen("OH-001", "OH-00?", "overhead").count("OH-001") == 1


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("OH-011", "no metric 'OH-011'; did you mean OH-0"),
        ("OH-001[paht=start]", "OH-001 has no parameter 'paht'; did you mean path"),
        ("OH-001[path=stat]", "names no outcome; there are path = return, start, round-trip"),
        ("OH-001]", "is no selection"),
    ],
)
def test_a_wrong_selection_gets_one_sentence(word: str, sentence: str) -> None:
    with pytest.raises(PlanError, match=sentence):
        chosen(word)


@pytest.mark.parametrize("name", suites())
def test_every_suite_loads_and_counts_every_effort(name: str) -> None:
    assert set(load_suite(name).samples) == {"latency", "tail", "process", "window"}


def test_an_unknown_suite_gets_the_nearest_name() -> None:
    with pytest.raises(PlanError, match="no suite 'standart'; did you mean standard"):
        load_suite("standart")


def test_systems_alternate_a_b_b_a() -> None:
    assert [interleave(["a", "b"], i) for i in range(3)] == [["a", "b"], ["b", "a"], ["a", "b"]]


def test_order_is_seeded_and_fresh_metrics_come_last() -> None:
    items = select(METRICS, ["*"], "headline")
    assert shuffle(items, "1") == shuffle(items, "1")
    assert all(shuffle(items, str(seed))[-1].id == "OH-004" for seed in range(20))
    assert len({tuple(item.id for item in shuffle(items, str(seed))) for seed in range(20)}) > 1


def test_a_suite_can_be_a_file_and_what_is_wrong_with_it_is_one_sentence(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    text = (SUITES / "quick.toml").read_text()
    path.write_text(text.replace("repetitions = 3", "repetitions = 7", 1))
    assert load_suite(str(path)).repetitions == 7
    path.write_text(text + "\nrepetitons = 3")
    with pytest.raises(PlanError, match="mine.toml: repetitons: unexpected keyword argument"):
        load_suite(str(path))
    with pytest.raises(PlanError, match="cannot read none.toml: No such file or directory"):
        load_suite("none.toml")
