"""System definitions."""

import pytest

from gpu_virt_bench.systems.load import DefinitionError, clean, fill, load, load_all, parse, scrubbed

GOOD = {"title": "T", "description": "D", "mechanism": "preload", "features": ["memory-limit"]}


def test_every_shipped_system_loads() -> None:
    assert {"native", "time-slicing"} <= {system.id for system in load_all()}


def test_an_alias_names_the_system() -> None:
    assert load("time-slice").id == "time-slicing"


def test_an_unknown_system_gets_the_nearest_name() -> None:
    with pytest.raises(DefinitionError, match="no system 'natve'; did you mean native"):
        load("natve")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"titel": "x"}, "unknown key 'titel'; did you mean title"),
        ({"proof": {"servd_by": {}}}, r"unknown key 'proof.servd_by'; did you mean served_by"),
        ({"features": ["memory-limits"]}, "no feature 'memory-limits'; did you mean memory-limit"),
        ({"mechanism": "magic"}, "mechanism is 'magic': input should be 'none'"),
        ({"tenant": {"env": {"X": "{tenant_dri}"}}}, "unknown variable {tenant_dri} in '{tenant_dri}'; did you mean"),
        ({"tenant": {"env": {"X": "{tenant"}}}, "unbalanced braces"),
        ({"id": "x"}, "'id' is not a key"),
    ],
)
def test_a_wrong_definition_gets_one_sentence(change: dict, sentence: str) -> None:
    with pytest.raises(DefinitionError, match=sentence):
        parse("mine", {**GOOD, **change}, where="mine.toml")


def test_a_missing_key_is_named() -> None:
    with pytest.raises(DefinitionError, match="the key 'title' is missing"):
        parse("mine", {"description": "D", "mechanism": "none"})


def test_a_file_that_is_not_toml_is_named(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("= 3")
    with pytest.raises(DefinitionError, match=r"mine.toml is not TOML"):
        load(str(path))


def test_a_file_that_does_not_exist_is_named() -> None:
    with pytest.raises(DefinitionError, match=r"cannot read no.toml: No such file"):
        load("./no.toml")


def test_a_doubled_brace_is_a_brace() -> None:
    assert fill("{{{tenant}}}", {"tenant": "1"}, "x") == "{1}"


def test_a_layers_variables_are_kept_from_tenants_and_reported() -> None:
    found = {"LD_PRELOAD": "x.so", "CUDA_MPS_PIPE_DIRECTORY": "p", "PATH": "/bin", "SECRET": "s"}
    assert scrubbed(found) == {"CUDA_MPS_PIPE_DIRECTORY": "p", "LD_PRELOAD": "x.so"}
    assert clean(found) == {"PATH": "/bin"}
