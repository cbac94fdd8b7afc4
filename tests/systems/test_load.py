"""Reading a definition: what is accepted, and the sentence for what is not."""

import re
import tomllib
from pathlib import Path

import pytest

from gpu_virt_bench.systems.environment import clean, scrubbed
from gpu_virt_bench.systems.load import GROUP, load, load_all, parse, shipped
from gpu_virt_bench.systems.variables import DefinitionError, fill

GOOD = {
    "title": "T",
    "description": "D",
    "mechanism": "preload",
    "features": ["memory-limit"],
    "quota": {"memory": {"step": 1}},
}


def test_every_shipped_system_loads() -> None:
    shipped = {"native", "time-slicing", "mps", "hami-core", "bud-fcsp", "preload-generic", "external"}
    assert shipped <= {system.id for system in load_all()}


@pytest.mark.parametrize(("alias", "id"), [("time-slice", "time-slicing"), ("hami", "hami-core"), ("fcsp", "bud-fcsp")])
def test_an_alias_names_the_system(alias: str, id: str) -> None:
    assert load(alias).id == id


def test_an_unknown_system_gets_the_nearest_name() -> None:
    with pytest.raises(DefinitionError, match="no system 'natve'; did you mean native"):
        load("natve")


STEP = {"run": ["true"]}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"known_gaps": [{"id": "arrays"}]}, "the key 'known_gaps.0.note' is missing"),
        ({"known_gaps": [{"id": "arrays", "note": " "}]}, "the known gap 'arrays' has no note: say in a sentence what"),
        ({"titel": "x"}, "unknown key 'titel'; did you mean title"),
        ({"proof": {"servd_by": {}}}, r"unknown key 'proof.servd_by'; did you mean served_by"),
        ({"proof": {"served_byy": "x"}}, r"unknown key 'proof.served_byy'; did you mean served_by"),
        ({"proof": {"memory-limits": {}}}, r"unknown key 'proof.memory-limits'; did you mean memory-limit"),
        ({"proof": {"features": {}}}, "unknown key 'proof.features'; name a feature"),
        ({"proof": {"memory-limit": {"refusd_above": 1}}}, "unknown key 'proof.memory-limit.refusd_above'; did you"),
        ({"setup": [{"run": ["true"], "stdn": ""}]}, "unknown key 'setup.0.stdn'; did you mean stdin"),
        ({"tenant": {"before_kill": {"run": ["true"], "timeot": 1}}}, "'tenant.before_kill.timeot'; did you mean tim"),
        ({"options": {"library": {"kind": "flie"}}}, "options.library.kind is 'flie': input should be 'file'"),
        ({"quota": {"memory": {}}}, "the key 'quota.memory.step' is missing"),
        (
            {"quota": {"memory": {"step": 1, "scope": "tenant"}}},
            "unknown key 'quota.memory.scope'",
        ),
        ({"quota": {"compute": {"step": 1.0, "means": "profile"}}}, "unknown key 'quota.compute.means'"),
        ({"recovery": {"kill_busy": "opt-in"}}, "unknown key 'recovery.kill_busy'"),
        ({"tenant": {"in_process": True}}, "unknown key 'tenant.in_process'"),
        ({"tenant": {"shell": True}}, "tenant.shell is true without tenant.command"),
        ({"tenant": {"python": "{pyhton}"}}, "tenant: unknown variable {pyhton}"),
        ({"setup": [{"run": ["echo", "{tenants}"]}]}, "setup: unknown variable {tenants}"),
        ({"enforces": {"memry": "soft"}}, "unknown key 'enforces.memry': input should be 'memory'"),
        ({"features": ["memory-limits"]}, "no feature 'memory-limits'; did you mean memory-limit"),
        ({"features": ["compute-limit"]}, "features lists compute-limit, but the key 'quota.compute' is missing"),
        ({"quota": {"memory": {"step": 0}}}, "quota.memory.step is 0: expected more than 0"),
        ({"mechanism": "magic"}, "mechanism is 'magic': input should be 'none'"),
        ({"requires": {"root": "yes"}}, "requires.root is 'yes': input should be a valid boolean"),
        ({"requires": {"driver": "550"}}, "requires has '550': expected for example '>=550'"),
        ({"tenant": {"env": {"X": "{tenant_dri}"}}}, "unknown variable {tenant_dri} in '{tenant_dri}'; did you mean"),
        ({"tenant": {"env": {"X": "{tenant"}}}, "unbalanced braces"),
        ({"tenant": {"env": {"X": "{tenant:>3}"}}}, "more than a name in braces"),
        ({"env": {"X": "{tenant_dir}"}}, r"env: unknown variable {tenant_dir}"),
        ({"setup": [{"run": ["kill", "{server_pid}"]}]}, "setup: unknown variable {server_pid}"),
        ({"tenant": {"env": {"X": "{pid}"}}}, "tenant: unknown variable {pid}"),
        ({"setup": [{"run": []}]}, "setup: a step's run is empty"),
        ({"setup": [{"run": ["a"], "background": True, "expect": "x"}]}, "'a' is a background step: expect, retry_for"),
        ({"setup": [{"run": ["a"], "expect": "("}]}, r"setup: '\(' is not a regular expression"),
        ({"proof": {"device_name": "("}}, r"proof.device_name: '\(' is not a regular expression"),
        ({"proof": {"memory_total": "many"}}, "proof.memory_total is 'many': expected a number, or a variable"),
        ({"proof": {"memory_total": []}}, r"proof.memory_total is \[\]: expected a number, or a variable"),
        ({"proof": {"overlap": "sometimes"}}, "proof.overlap is 'sometimes': expected always, never, any"),
        ({"proof": {"sm_sets": "equal"}}, "proof.sm_sets is 'equal': expected disjoint, any"),
        ({"proof": {"command": STEP, "file": {"x": {"path": "{nope}", "offset": 0, "type": "i32"}}}}, "{nope}"),
        ({"cleanup": {"remove": ["/etc/passwd"]}}, "cleanup.remove has '/etc/passwd': expected a path under"),
        ({"cleanup": {"remove": ["{session_dir}/../x"]}}, "expected a path under {session_dir}/"),
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


def test_a_step_may_use_what_an_earlier_one_captured() -> None:
    steps = [{"run": ["a"], "expect": r"(?P<server_pid>\d+)"}, {"run": ["kill", "{server_pid}"]}]
    assert len(parse("mine", {**GOOD, "setup": steps}).setup) == 2


def test_a_features_checks_stand_under_its_name() -> None:
    system = parse("mine", {**GOOD, "proof": {"mapped": ["a.so"], "memory-limit": {"refused_above": 5}}})
    assert system.proof.mapped == ("a.so",)
    assert system.proof.features["memory-limit"].refused_above == 5


def test_a_layers_variables_are_kept_from_tenants_and_reported() -> None:
    found = {"LD_PRELOAD": "x.so", "CUDA_MPS_PIPE_DIRECTORY": "p", "PATH": "/bin", "SECRET": "s"}
    assert scrubbed(found) == {"CUDA_MPS_PIPE_DIRECTORY": "p", "LD_PRELOAD": "x.so"}
    assert clean(found) == {"PATH": "/bin"}


def test_the_pages_definition_of_another_machine_is_one() -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "add-a-system.md").read_text()
    (text,) = re.findall(r"```\n(beside.*?)```", page, re.S)
    system = parse("mine", {**GOOD, **tomllib.loads(text)})
    assert (system.beside, system.tenant.shell, system.tenant.python) == (False, True, "python3")


def test_the_reference_layer_of_the_tests_is_a_system() -> None:
    assert load(str(Path(__file__).parents[1] / "layer" / "reference-layer.toml")).title == "Reference layer"


def test_a_package_names_the_package_that_holds_its_systems(tmp_path, monkeypatch) -> None:
    for folder in ("gvb_my_package/systems", "gvb_my_package-1.0.dist-info"):
        (tmp_path / folder).mkdir(parents=True)
    layer = Path(__file__).parents[1] / "layer" / "reference-layer.toml"
    (tmp_path / "gvb_my_package" / "systems" / "mine.toml").write_text(layer.read_text())
    (tmp_path / "gvb_my_package-1.0.dist-info" / "METADATA").write_text("Name: gvb-my-package\nVersion: 1.0\n")
    text = f"[{GROUP}]\nmine = gvb_my_package.systems\n"
    (tmp_path / "gvb_my_package-1.0.dist-info" / "entry_points.txt").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    assert shipped.__wrapped__()["mine"] == tmp_path / "gvb_my_package" / "systems" / "mine.toml"
