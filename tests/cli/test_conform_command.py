"""`gpu-virt-bench conform`, as its users meet it."""

import json

from click.testing import CliRunner, Result

from gpu_virt_bench.cli import group
from sessions import LAYER

REFERENCE = str(LAYER / "reference-layer.toml")


def conform(*words: str) -> Result:
    """The command on the emulated GPU, with a family that is quick."""
    return CliRunner().invoke(group, ["conform", "--device", "emulated", *words])


def test_a_layer_that_passes_everything_on_differs_in_nothing(layer) -> None:
    done = conform("--scene", "reservations", "--system", REFERENCE, "--option", f"library={layer}")
    assert done.exit_code == 0, done.output
    assert "26 calls, 0 differences" in " ".join(done.output.split())


def test_a_layer_that_answers_otherwise_is_told_with_both_answers(layer) -> None:
    odd = ["--option", f"library={layer}", "--option", "env.LAYER_REFUSE_CODE=999", "--memory-limit", "4096"]
    done = conform("--scene", "reservations", "--system", REFERENCE, *odd)
    assert done.exit_code == 1, done.output
    told = " ".join(done.output.split())
    assert "reference-layer beside native (NVIDIA H200 (emulated), driver" in told
    assert "26 calls, 1 difference" in told
    assert "reservations.create_too_much" in told
    assert "OUT_OF_MEMORY: UNKNOWN:" in told and "unchanged unchanged" in told
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_a_difference_with_a_reason_is_no_failure(layer, tmp_path) -> None:
    known = tmp_path / "known.toml"
    known.write_text('[rows]\n"reservations.create_too_much" = "we say what we mean"\n')
    odd = ["--option", f"library={layer}", "--option", "env.LAYER_REFUSE_CODE=999", "--memory-limit", "4096"]
    done = conform("--scene", "reservations", "--system", REFERENCE, *odd, "--known", str(known))
    assert done.exit_code == 0, done.output
    assert "1 difference, 1 of them known" in " ".join(done.output.split())
    assert "known: we say what we mean" in done.output
    assert "no difference any more" not in done.output


def test_a_reason_that_no_longer_holds_is_told(layer, tmp_path) -> None:
    known, path = tmp_path / "known.toml", tmp_path / "found.json"
    known.write_text('[rows]\n"reservations.create_too_much" = "we say what we mean"\n')
    words = ["--scene", "reservations", "--system", REFERENCE, "--option", f"library={layer}", "--known", str(known)]
    done = conform(*words)
    assert done.exit_code == 0, done.output
    assert "known, but no difference any more: reservations.create_too_much" in done.stdout
    conform(*words, "--format", "json", "-o", str(path))
    assert json.loads(path.read_text())["conformance"]["stale"] == ["reservations.create_too_much"]


def test_each_scene_has_a_line_and_each_difference_its_direction() -> None:
    done = conform("--scene", "reservations", "--scene", "pools", "--emulate", "fail.cuMemPoolDestroy=1+:999")
    assert done.exit_code == 1, done.output
    lines = done.stdout.splitlines()
    assert lines[0].startswith("emulated beside real (NVIDIA H100 80GB HBM3")
    (scene,) = [line for line in lines if "reservations" in line and "26" in line]
    assert scene.replace("│", " ").split() == ["reservations", "26", "1", "1", "1"]
    assert lines[lines.index("pools.destroy_nothing") + 1].strip() == "other code"


def test_the_direction_of_a_difference_is_in_the_file(tmp_path) -> None:
    path = tmp_path / "found.json"
    conform("--scene", "reservations", "--format", "json", "-o", str(path))
    (one,) = json.loads(path.read_text())["conformance"]["compared"]
    assert (one["name"], one["against"]) == ("emulated", "real")
    assert [item["direction"] for item in one["differences"]] == ["forgives"]


def test_a_log_says_beforehand_how_long_it_takes() -> None:
    done = conform("--scene", "reservations")
    assert done.stderr.splitlines()[0] == "26 calls in 1 scene: about 1 s"


def test_where_the_reference_layer_differs_is_known(layer) -> None:
    quota = ["--option", f"library={layer}", "--memory-limit", "1024", "--known", str(LAYER / "known.toml")]
    done = conform("--scene", "memory", "--system", REFERENCE, *quota)
    assert done.exit_code == 0, done.output
    assert "42 calls, 1 difference, 1 of them known" in " ".join(done.output.split())
    assert "no difference any more" not in done.output


def test_a_layer_that_is_not_in_force_is_refused(layer) -> None:
    inert = layer.with_name("libgvblayer-inert.so")
    done = conform("--scene", "reservations", "--system", REFERENCE, "--option", f"library={inert}")
    assert done.exit_code == 2
    assert "reference-layer: not asked" in done.output


def test_the_answers_of_a_driver_are_a_file_that_can_be_read_again(tmp_path) -> None:
    path = tmp_path / "answers.json"
    done = conform("--scene", "reservations", "--format", "json", "-o", str(path))
    assert done.exit_code == 0, done.output
    rows = json.loads(path.read_text())["conformance"]["rows"]
    assert rows["reservations.create_too_much"]["result"] == "CUDA_ERROR_OUT_OF_MEMORY"
    assert len(rows) == 26


def test_what_cannot_be_is_a_sentence() -> None:
    for words, sentence in [
        (["--option", "library=x"], "--option is for a --system, and none is named"),
        (["--scene", "memry"], "memry"),
        (["--known", "none.toml"], "cannot read none.toml: No such file or directory"),
        (["--system", "natve"], "no system 'natve'; did you mean native?"),
    ]:
        done = conform(*words)
        assert (done.exit_code, sentence in " ".join(done.output.split())) == (2, True), done.output


def test_a_fault_that_met_no_call_is_told_in_the_end() -> None:
    done = conform("--scene", "reservations", "--emulate", "inject.cuMemAlloc=code=2")
    assert done.stderr.splitlines()[-1] == (
        "--emulate inject.cuMemAlloc: nothing called cuMemAlloc; another exported function is cuMemAlloc_v2"
    )


def test_a_fault_that_met_a_call_is_not_told() -> None:
    done = conform("--scene", "reservations", "--emulate", "latency.cuMemAlloc_v2=1000")
    assert "nothing called" not in done.stderr
