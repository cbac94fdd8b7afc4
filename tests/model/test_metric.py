"""The metric declaration."""

import pytest

from gpu_virt_bench import Readings, metric
from gpu_virt_bench.metrics import collect, load


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
    assert declare().headline == {"path": "a", "size": 1}


def test_variants_are_all_combinations_with_the_headline_first() -> None:
    variants = declare().variants()
    assert len(variants) == 4
    assert variants[0] == {"path": "a", "size": 1}


def test_outcome_id_names_only_what_differs_from_the_headline() -> None:
    assert declare().outcome_id({"path": "a", "size": 1}) == "XX-001"
    assert declare().outcome_id({"path": "b", "size": 2}) == "XX-001[path=b,size=2]"


def test_a_parameter_value_can_need_a_feature() -> None:
    found = declare(needs=("x",), needs_for={("path", "b"): ("compute-limit",)})
    assert found.needed({"path": "a", "size": 1}) == ("x",)
    assert found.needed({"path": "b", "size": 1}) == ("x", "compute-limit")


def test_unknown_unit_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="XX-001 has the unit 'parsec'; known units are s, ms, us"):
        declare(unit="parsec")


def test_a_docstring_without_sample_line_is_refused() -> None:
    def silent(bench):
        """Nothing."""
        yield 1.0

    with pytest.raises(ValueError, match="no `sample = ...` line"):
        metric("XX-002", unit="us", better="lower")(silent)


def test_an_id_declared_twice_is_refused_with_both_names() -> None:
    import types

    module = types.ModuleType("example")
    module.first, module.second = declare(), declare()
    with pytest.raises(ValueError, match="metric XX-001 is declared twice: first, second"):
        collect([module])


def test_readings_are_taken_once_and_shared_by_index() -> None:
    taken: list[int] = []
    readings = Readings(lambda index: taken.append(index) or index * 10)
    assert [readings[0], readings[2], readings[0]] == [0, 20, 0]
    assert taken == [0, 1, 2]


@pytest.mark.parametrize("found", load().values(), ids=list(load()))
def test_every_shipped_metric_is_well_declared(found) -> None:
    assert found.title
    assert "sample = " in found.definition
    assert found.category == "overhead"
    assert len({found.outcome_id(params) for params in found.variants()}) == len(found.variants())
