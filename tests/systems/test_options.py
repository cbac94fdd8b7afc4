"""Options: what the user gives, and the system that follows."""

from pathlib import Path

import pytest

from gpu_virt_bench.systems.load import load, parse
from gpu_virt_bench.systems.options import accepts, configured, resolve_options
from gpu_virt_bench.systems.variables import DefinitionError

BASE = {"title": "T", "description": "D", "mechanism": "preload"}
OPTIONS = parse(
    "mine",
    {
        **BASE,
        "options": {
            "config": {"kind": "file"},
            "place": {"kind": "directory"},
            "n": {"kind": "integer", "default": 3},
            "words": {"kind": "command"},
        },
    },
)


@pytest.fixture
def library(tmp_path: Path) -> str:
    path = tmp_path / "libx.so"
    path.write_bytes(b"\x7fELF")
    return str(path)


def test_a_default_stands_for_what_is_not_given() -> None:
    assert resolve_options(OPTIONS, {}) == {"n": "3"}


def test_an_unknown_option_gets_the_nearest_name(library: str) -> None:
    with pytest.raises(DefinitionError, match="hami-core has no option 'libary'; did you mean library"):
        resolve_options(load("hami"), {"libary": library})


def test_a_required_option_is_asked_for() -> None:
    with pytest.raises(DefinitionError, match="bud-fcsp needs --option library=FILE"):
        resolve_options(load("fcsp"), {})


def test_a_relative_library_path_is_refused(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(library).parent)
    with pytest.raises(DefinitionError) as error:
        resolve_options(load("hami"), {"library": "libx.so"})
    assert str(error.value) == (
        "option library is 'libx.so', a relative library path: a tenant in another directory would not load it; "
        f"give the absolute path, --option library={library}"
    )


def test_another_relative_file_becomes_absolute(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(library).parent)
    assert resolve_options(OPTIONS, {"config": "libx.so"})["config"] == library


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"config": "/no/such"}, "option config is '/no/such': no such file"),
        ({"config": "no/such"}, "option config is 'no/such': no such file"),
        ({"config": "/"}, "option config is '/', which is not a regular file"),
        ({"place": "/proc/version"}, "option place is '/proc/version', which is not a directory"),
        ({"n": "four"}, "option n is 'four': expected an integer"),
        ({"words": "ssh 'guest"}, 'option words is "ssh \'guest": no closing quotation'),
        ({"words": "ssh {guset}"}, "option words: unknown variable {guset}"),
    ],
)
def test_a_wrong_value_gets_one_sentence(given: dict, sentence: str) -> None:
    with pytest.raises(DefinitionError, match=sentence):
        resolve_options(OPTIONS, given)


def test_a_limit_follows_from_a_variable_that_uses_its_quota(library: str) -> None:
    generic = load("preload-generic")
    options = resolve_options(generic, {"library": library, "env.MY_MEM": "{memory_mib}M", "env.X": "1"})
    system = configured(generic, options)
    assert "memory-limit" in system.features and "compute-limit" not in system.features
    assert system.tenant.env["MY_MEM"] == "{memory_mib}M"


def test_no_limit_follows_from_the_library_alone(library: str) -> None:
    generic = load("preload-generic")
    assert "memory-limit" not in configured(generic, resolve_options(generic, {"library": library})).features


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("env.MY_MEM", "{memry_mib}", "option env.MY_MEM: unknown variable {memry_mib}"),
        ("env.LD_PRELOAD", "/x.so", "preload-generic sets LD_PRELOAD itself"),
        ("env.LD_AUDIT", "x.so", "option env.LD_AUDIT is 'x.so', a relative library path"),
        ("env.1", "x", "'1' is not the name of a variable"),
        ("env", "x", "preload-generic has no option 'env'"),
    ],
)
def test_a_wrong_variable_gets_one_sentence(library: str, name: str, value: str, sentence: str) -> None:
    with pytest.raises(DefinitionError, match=sentence):
        resolve_options(load("preload-generic"), {"library": library, name: value})


def test_the_command_line_can_ask_whose_option_it_is() -> None:
    assert accepts(load("preload-generic"), "env.MY_MEM")
    assert not accepts(load("hami"), "env.MY_MEM")
    assert accepts(load("hami"), "library")


def test_the_user_states_what_an_external_layer_has() -> None:
    external = load("external")
    given = {"name": "cGPU", "claim": "kernel module", "features": "memory-limit, concurrent-tenants"}
    system = configured(external, resolve_options(external, {**given, "command": "ssh -T 'my guest'"}))
    assert system.features == ("memory-limit", "concurrent-tenants")
    assert (system.tenant.command, system.tenant.shell) == (("ssh", "-T", "my guest"), False)


def test_an_external_layer_behind_a_shell_gets_its_words_quoted() -> None:
    external = load("external")
    given = {"name": "x", "claim": "y", "command": "sudo", "ssh": "ssh -T guest", "python": "python3"}
    system = configured(external, resolve_options(external, given))
    assert (system.tenant.command, system.tenant.shell) == (("sudo", "ssh", "-T", "guest"), True)


def test_an_external_layer_behind_a_command_does_not_stand_beside_others() -> None:
    external = load("external")
    for given, beside in (({}, True), ({"command": "docker exec -i c"}, False), ({"ssh": "ssh guest"}, False)):
        options = resolve_options(external, {"name": "x", "claim": "y", **given})
        assert configured(external, options).beside is beside


def test_an_external_layers_features_are_checked() -> None:
    with pytest.raises(DefinitionError, match="no feature 'memory'; did you mean memory-view|memory-limit"):
        resolve_options(load("external"), {"name": "x", "claim": "y", "features": "memory"})
