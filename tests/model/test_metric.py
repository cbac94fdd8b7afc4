"""The metric declaration."""

import sys
from importlib.metadata import EntryPoint
from types import ModuleType, SimpleNamespace

import pytest

from gpu_virt_bench import Death, Share, metric
from gpu_virt_bench.metrics import GROUP, brought, collect, load
from gpu_virt_bench.testing import FakeBench, FakeDevice

DEVICE = FakeDevice()
WINDOW = SimpleNamespace(duration=2.0, settle=0.5)


def declare(**changes: object):
    """A metric with two parameters."""

    def example(bench):
        """An example.

        sample = one
        """
        yield 1.0

    settings = {"unit": "us", "better": "lower", "params": {"path": ("a", "b"), "size": (1, 2)}}
    return metric("XX-001", **{**settings, **changes})(example)


def test_first_docstring_line_is_the_title() -> None:
    assert declare().title == "An example"


def test_first_value_of_each_parameter_is_the_headline() -> None:
    assert declare().headline(DEVICE) == {"path": "a", "size": 1}


def test_variants_are_all_combinations_with_the_headline_first() -> None:
    variants = declare().variants(DEVICE)
    assert len(variants) == 4
    assert variants[0] == {"path": "a", "size": 1}


def test_variants_are_those_combinations_that_make_sense() -> None:
    found = declare(where=lambda params: params["path"] == "a" or params["size"] == 1)
    assert found.variants(DEVICE) == [{"path": "a", "size": 1}, {"path": "a", "size": 2}, {"path": "b", "size": 1}]


def test_a_parameter_can_take_its_values_from_the_device() -> None:
    found = declare(params={"sms": lambda device: (device.sm_count, device.sm_count // 2), "path": ("a",)})
    assert found.headline(DEVICE) == {"sms": 100, "path": "a"}
    assert found.headline(FakeDevice(sm_count=132))["sms"] == 132
    assert [params["sms"] for params in found.variants(FakeDevice(sm_count=132))] == [132, 66]
    assert found.described == {"sms": "by the device", "path": "a"}


def test_outcome_id_names_only_what_differs_from_the_headline() -> None:
    assert declare().outcome_id({"path": "a", "size": 1}, DEVICE) == "XX-001"
    assert declare().outcome_id({"path": "b", "size": 2}, DEVICE) == "XX-001[path=b,size=2]"


def test_the_headline_of_one_device_is_a_variant_of_another() -> None:
    found = declare(params={"sms": lambda device: (device.sm_count, 66)})
    assert found.outcome_id({"sms": 132}, FakeDevice(sm_count=132)) == "XX-001"
    assert found.outcome_id({"sms": 132}, FakeDevice(sm_count=100)) == "XX-001[sms=132]"


def test_a_metric_without_a_party_has_one_tenant_with_what_the_session_grants() -> None:
    assert declare().party({}, DEVICE) == (Share(),)
    assert len(FakeBench([{}], metric=declare()).party) == 1


def test_a_party_follows_parameters_and_device() -> None:
    def party(params, device):
        return (Share(role="victim"), Share(memory=device.memory_bytes // 4, gpu=int(params["gpu"]), role="neighbor"))

    found = declare(params={"gpu": (0, 1)}, party=party)
    assert found.party({"gpu": 1}, DEVICE)[1] == Share(20 << 30, None, 1, "neighbor")
    assert len(FakeBench([{}], found.headline(DEVICE), metric=found).party) == 2


def test_tenants_names_a_parameter() -> None:
    assert declare(params={"n": (4, 2)}, tenants="n").tenants == "n"
    with pytest.raises(ValueError, match="metric XX-001 has no parameter 'n', which `tenants` names"):
        declare(tenants="n")
    with pytest.raises(ValueError, match="metric XX-001 has no parameter 'n', which `tenants` names"):
        declare(params=None, tenants="n")


def test_effort_can_follow_the_parameters() -> None:
    found = declare(effort=lambda params: "tail" if params["path"] == "b" else "latency")
    assert [found.effort_of({"path": path}) for path in "ab"] == ["latency", "tail"]
    assert declare(effort="long").effort_of({}) == "long"


def test_the_length_of_a_sample_is_a_number_or_follows_parameters_window_and_polling() -> None:
    found = declare(seconds=lambda params, window, polling: params["size"] + window.duration + window.settle + polling)
    assert found.seconds_of({"size": 1}, WINDOW, 30.0) == 33.5
    assert declare(seconds=0.25).seconds_of({"size": 1}, WINDOW, 30.0) == 0.25


def test_a_death_says_what_it_is() -> None:
    assert (str(Death(code=719)), str(Death(signal=9))) == ("CUDA error 719", "signal 9")


def test_unknown_unit_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="XX-001 has the unit 'parsec'; known units are s, ms, us"):
        declare(unit="parsec")


def test_a_metric_that_needs_no_feature_there_is_gets_the_nearest_one() -> None:
    with pytest.raises(
        ValueError, match="XX-001 needs 'outside-observr', which is no feature; did you mean outside-obs"
    ):
        declare(needs=("outside-observr",))


@pytest.mark.parametrize("id", ["my metric", "XX-1", "xx-001", "XX-001[a]", ""])
def test_an_id_that_no_selection_could_name_is_refused(id: str) -> None:
    with pytest.raises(ValueError, match="has no id that can be chosen, expected letters and three digits: XX-001"):
        metric(id, unit="us", better="lower")


def test_a_docstring_without_sample_line_is_refused() -> None:
    def silent(bench):
        """Nothing."""
        yield 1.0

    with pytest.raises(ValueError, match="no `sample = ...` line"):
        metric("XX-002", unit="us", better="lower")(silent)


def test_an_id_declared_twice_is_refused_with_both_names() -> None:
    module = ModuleType("example")
    module.first, module.second = declare(), declare()
    with pytest.raises(ValueError, match="metric XX-001 is declared twice: first, second"):
        collect([module])


EXAMPLES = ModuleType("gvb_examples")
EXAMPLES.one, EXAMPLES.other = declare(), 7


@pytest.mark.parametrize("name", ["gvb_examples", "gvb_examples:one"])
def test_an_entry_point_names_a_module_or_a_metric(monkeypatch, name: str) -> None:
    monkeypatch.setitem(sys.modules, "gvb_examples", EXAMPLES)
    assert brought(EntryPoint("mine", name, GROUP), {}) == {EXAMPLES.one.id: EXAMPLES.one}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("gvb_examples:other", "it names a int, expected a module with metrics, or one metric"),
        ("gvb_examples:none", "module 'gvb_examples' has no attribute 'none'"),
        ("gvb_nowhere", "No module named 'gvb_nowhere'"),
    ],
)
def test_a_broken_entry_point_is_named_and_left_out(monkeypatch, name: str, why: str) -> None:
    monkeypatch.setitem(sys.modules, "gvb_examples", EXAMPLES)
    entry = EntryPoint("mine", name, GROUP)
    with pytest.warns(UserWarning, match=f"its entry point mine = '{name}' .* is broken: {why}"):
        assert brought(entry, {}) == {}


def test_an_entry_point_that_takes_anothers_id_is_left_out(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "gvb_examples", EXAMPLES)
    entry = EntryPoint("mine", "gvb_examples:one", GROUP)
    with pytest.warns(UserWarning, match="is declared twice"):
        assert brought(entry, {EXAMPLES.one.id: declare()}) == {}


def test_the_category_is_the_modules_name_or_what_is_given() -> None:
    assert declare().category == "test_metric"
    assert declare(category="mine").category == "mine"


def test_readings_are_taken_once_and_shared_by_index() -> None:
    taken: list[int] = []
    readings = FakeBench([{}]).readings("key", lambda index: taken.append(index) or index * 10)
    assert [readings[0], readings[2], readings[0]] == [0, 20, 0]
    assert taken == [0, 1, 2]


def test_readings_of_another_key_are_others() -> None:
    bench = FakeBench([{}])
    assert bench.readings("a", lambda index: index)[0] == 0
    assert bench.readings("b", lambda index: index + 5)[0] == 5
    assert bench.readings("a", lambda index: index + 5)[0] == 0


def test_a_value_is_made_once() -> None:
    made: list[int] = []
    bench = FakeBench([{}])
    assert [bench.once("key", lambda: made.append(1) or 7) for _ in range(2)] == [7, 7]
    assert made == [1]


CATEGORIES = {
    "BW": "bandwidth",
    "CACHE": "cache",
    "IS": "isolation",
    "OH": "overhead",
    "PCIE": "pcie",
    "SCHED": "scheduling",
}
"""By the letters of the ids."""


@pytest.mark.parametrize("found", load().values(), ids=list(load()))
def test_every_shipped_metric_is_well_declared(found) -> None:
    assert found.title
    assert "sample = " in found.definition
    assert found.category == CATEGORIES[found.id.partition("-")[0]]
    variants = found.variants(DEVICE)
    assert len({found.outcome_id(params, DEVICE) for params in variants}) == len(variants)
    assert variants[0] == found.headline(DEVICE)


@pytest.mark.parametrize(
    ("share", "sentence"),
    [
        ({"memory": 2.0}, "a share's memory is 2.0, expected bytes: a whole number of 1 or more"),
        ({"compute": 25}, "a share's compute is 25, expected a part of the device, above 0 to 1"),
    ],
)
def test_a_share_that_cannot_be_is_refused_where_it_is_declared(share, sentence) -> None:
    with pytest.raises(ValueError, match=sentence):
        Share(**share)


def test_a_party_that_is_no_function_is_refused_where_it_is_declared() -> None:
    with pytest.raises(ValueError, match="metric XX-001 has the party"):
        metric("XX-001", unit="us", better="lower", party=(Share(), Share()))
