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
    assert "reference-layer beside NVIDIA H200 (emulated)" in told
    assert "26 calls, 1 difference" in told
    assert "reservations.create_too_much" in told
    assert "OUT_OF_MEMORY: unchanged" in told and "UNKNOWN: unchanged" in told
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_a_difference_with_a_reason_is_no_failure(layer, tmp_path) -> None:
    known = tmp_path / "known.toml"
    known.write_text('[rows]\n"reservations.create_too_much" = "we say what we mean"\n')
    odd = ["--option", f"library={layer}", "--option", "env.LAYER_REFUSE_CODE=999", "--memory-limit", "4096"]
    done = conform("--scene", "reservations", "--system", REFERENCE, *odd, "--known", str(known))
    assert done.exit_code == 0, done.output
    assert "1 difference, 1 of them known" in " ".join(done.output.split())
    assert "known: we say what we mean" in done.output


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
