"""Run files: what loads, and what each thing that does not load is told."""

import errno
import json
import os
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builders import DEVICE, a_run, in_rounds
from gpu_virt_bench import results
from gpu_virt_bench.model.run import SCHEMA_VERSION, Run
from gpu_virt_bench.results import RunFileError, adapter, create, dump, load, save

DATA = Path(__file__).parent / "data"
GOLDEN = DATA / "run-version-1.json"
SECOND = DATA / "run-version-2.json"
PUBLISHED = Path(__file__).parents[1] / "docs" / "results" / "h200" / "overhead"
Edit = Callable[[dict[str, Any]], object]


def edited(folder: Path, edit: Edit) -> Path:
    """The golden file with a change."""
    run = json.loads(GOLDEN.read_text())
    edit(run)
    path = folder / "run.json"
    path.write_text(json.dumps(run))
    return path


def refusal(path: Path) -> str:
    """The one line that a file is refused with."""
    with pytest.raises(RunFileError) as caught:
        load(path)
    (line,) = str(caught.value).splitlines()
    return line.removeprefix(f"{path} is no ").removeprefix(str(path)).strip()


def written(folder: Path, content: bytes) -> Path:
    """A file with that content."""
    path = folder / "run.json"
    path.write_bytes(content)
    return path


def test_a_file_of_version_1_keeps_its_number_and_its_samples() -> None:
    run = load(GOLDEN)
    assert (run.schema_version, run.twin, run.point) == (1, False, {})
    assert sorted(run.outcomes) == ["OH-001", "OH-006"]
    assert run.outcomes["OH-001"].repetitions[0].samples[0] == 3.292e-06


def test_the_parts_of_an_older_file_stand_where_version_3_has_them() -> None:
    first, second = load(GOLDEN), load(SECOND)
    assert (second.schema_version, second.device.name, len(second.devices)) == (2, "NVIDIA H200", 1)
    assert [state.at[:4] for state in (*second.before, *second.after)] == ["2026", "2026"]
    suite = second.plan.settings
    assert (suite.title, suite.repetitions, suite.rounds["latency"], suite.window_seconds) == ("standard", 5, 10, 2.5)
    assert suite.metrics == second.plan.outcomes == ["OH-001", "OH-008", "OH-004"]
    assert (suite.polling_seconds, suite.resolution, first.plan.settings.resolution) == (0.0, None, None)
    assert {entry.taken for entry in second.outcomes["OH-001"].repetitions} == {"turns"}


@pytest.mark.parametrize(
    ("planned", "parameters"),
    [
        (["OH-001", "OH-001[path=start]", "OH-004"], "all"),
        (["OH-001", "OH-004"], "headline"),
        (["OH-001", "OH-004[phase=init]"], "headline"),
    ],
)
def test_an_older_plan_of_more_than_headlines_says_all(tmp_path, planned: list[str], parameters: str) -> None:
    run = load(edited(tmp_path, lambda run: run["plan"].update(outcomes=planned)))
    assert run.plan.settings.parameters == parameters


@pytest.mark.parametrize("path", sorted(PUBLISHED.glob("*.json")), ids=lambda path: path.stem)
def test_published_runs_of_version_2_load(path: Path) -> None:
    assert load(path).schema_version == 2


def test_an_older_file_without_a_state_has_none(tmp_path) -> None:
    run = load(edited(tmp_path, lambda run: run.update(before=None)))
    assert run.before == []
    del run
    assert load(edited(tmp_path, lambda run: run.pop("before"))).before == []


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (lambda run: run.pop("device"), "device is missing"),
        (lambda run: run.update(device=None), "device is None, expected an object"),
        (lambda run: run["device"].update(sm_count="x"), "device.sm_count is 'x', expected an integer"),
        (lambda run: run["before"].update(at=1), "before.at is 1, expected a string"),
        (lambda run: run["plan"].pop("samples"), "plan.samples is missing"),
        (lambda run: run["plan"].update(window_seconds="x"), "plan.window_seconds is 'x', expected a number"),
        (lambda run: run["plan"].update(suite=1), "plan.suite is 1, expected a string"),
        (lambda run: run["plan"].update(outcomes=[1]), "plan.outcomes.0 is 1, expected a string"),
        (lambda run: run.update(plan=3), "plan is 3, expected an object"),
        (lambda run: run.update(devices=[]), "devices is an unknown key before version 3"),
        (lambda run: run["plan"].update(settings={}), "plan.settings is an unknown key before version 3"),
    ],
)
def test_a_damaged_older_file_is_refused_by_the_place_that_it_has(tmp_path, edit: Edit, sentence: str) -> None:
    assert f"valid run file: {sentence}" in refusal(edited(tmp_path, edit))


def third(folder: Path, edit: Edit) -> Path:
    """A file of version 3 of one outcome in three rounds, with a change."""
    beside = {"begins": [0.0, 1.0, 2.0], "paces": [1.0, 1.0, 1.0], "clocks_hz": [1e9, 1e9, 1e9]}
    run = json.loads(
        dump(replace(a_run({"OH-001": [1]}), outcomes={"OH-001": in_rounds("OH-001", [[1.0] * 3], **beside)}))
    )
    edit(run)
    return written(folder, json.dumps(run).encode())


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (lambda run: run.update(devices=[]), "devices holds no device, expected at least one"),
        (lambda run: run.update(device={}), "device is an unknown key"),
        (lambda run: run["plan"]["settings"].pop("polling_seconds"), "plan.settings.polling_seconds is missing"),
    ],
)
def test_a_run_of_version_3_is_checked_by_its_own_shape(tmp_path, edit: Edit, sentence: str) -> None:
    assert sentence in refusal(third(tmp_path, edit))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"rounds": [0, 1]}, "rounds has 2 entries, expected none or 3, as `samples`"),
        ({"begins": [1.0]}, "begins has 1 entry, expected none or 3, as `samples`"),
        ({"paces": [1.0] * 4}, "paces has 4 entries, expected none or 3, as `samples`"),
        ({"clocks_hz": [1e9]}, "clocks_hz has 1 entry, expected none or 3, as `samples`"),
        ({"clocks_hz": [1e9, 1e9, 1e300]}, "clocks_hz.2 is 1e+300, expected 0 or a size from 1e-30 to 1e+30"),
        ({"rounds": [0, 2, 2]}, "rounds.2 is 2, expected more than 2: rounds increase"),
        ({"rounds": [2, 1, 3]}, "rounds.1 is 1, expected more than 2: rounds increase"),
    ],
)
def test_what_is_told_of_each_sample_is_told_of_all(tmp_path, changes: dict[str, Any], sentence: str) -> None:
    def edit(run: dict[str, Any]) -> None:
        run["outcomes"]["OH-001"]["repetitions"][0].update(changes)

    assert f"outcomes.OH-001.repetitions.0.{sentence}" in refusal(third(tmp_path, edit))


def test_lists_beside_the_samples_may_be_empty(tmp_path) -> None:
    def edit(run: dict[str, Any]) -> None:
        run["outcomes"]["OH-001"]["repetitions"][0].update(rounds=[], begins=[], paces=[], clocks_hz=[])

    assert load(third(tmp_path, edit)).devices == [DEVICE]


def test_a_save_that_fails_leaves_nothing_beside_the_file(tmp_path, monkeypatch) -> None:
    path = tmp_path / "run.json"
    save(a_run({"OH-001": [1, 2]}), path)
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device, the file keeps what was written before.*run.json"):
        save(a_run({"OH-001": [3]}), path)
    assert [one.name for one in tmp_path.iterdir()] == ["run.json"]
    assert path.read_bytes() == before


def test_a_saved_run_loads_as_it_was(tmp_path) -> None:
    run = a_run({"OH-001": [1, 2, 3], "OH-002[bytes=4096]": [1e-6], "OH-003": "skipped: why", "OH-004": "failed: how"})
    save(run, tmp_path / "run.json")
    assert load(tmp_path / "run.json") == run
    assert run.schema_version == SCHEMA_VERSION


def test_the_reader_agrees_with_the_writers_validator(tmp_path) -> None:
    path = third(tmp_path, lambda run: None)
    assert load(path) == adapter().validate_json(path.read_bytes())


def test_integers_are_numbers_and_numbers_are_no_integers(tmp_path) -> None:
    run = load(edited(tmp_path, lambda run: run["outcomes"]["OH-001"]["repetitions"][0].update(samples=[1])))
    (sample,) = run.outcomes["OH-001"].repetitions[0].samples
    assert (sample, type(sample)) == (1.0, float)
    assert "host.cpu_count is 1.0, expected an integer" in refusal(
        edited(tmp_path, lambda run: run["host"].update(cpu_count=1.0))
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "run file: it is empty"),
        (b" \n", "run file: it is empty"),
        (b"\x7fELF\x02\x01", "run file: it is not a JSON object: Expecting value at line 1, column 1"),
        (b'{"a": "\x00"}', "run file: it is not a JSON object: Invalid control character at at line 1, column 8"),
        (b'{"a": "\xff"}', "run file: byte 7 is 0xff, expected UTF-8 text"),
        (b"\xef\xbb\xbf{}", "run file: it is not a JSON object: Unexpected UTF-8 BOM"),
        (b'{"a": 1', "run file: it is not a JSON object: Expecting ',' delimiter at line 1, column 8"),
        (b"[]", "run file: it is not a JSON object"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b'{"a": NaN}', "run file: it has the value NaN; what was not measured has no number"),
        (b'{"a": -Infinity}', "run file: it has the value -Infinity"),
        (b'{"a": 1e999}', "run file: 1e999 is too large, expected finite numbers"),
        (b'{"a": 1' + b"0" * 5000 + b"}", "run file: 10000000000000000000... is too large"),
        (b'{"a": 9223372036854775808}', "run file: 9223372036854775808... is too large, expected integers of 64 bits"),
        (b'{"a": 1, "b": {"c": 1, "c": 2}}', 'run file: the key "c" stands twice in one object'),
        (b"{}", "has schema version None, this program reads 1 to 3"),
        (b'{"schema_version": 0}', "has schema version 0, this program reads 1 to 3"),
        (b'{"schema_version": 99}', "has schema version 99, this program reads 1 to 3"),
        (b'{"schema_version": "2\\u001b[2J"}', "has schema version '2\\x1b[2J', this program reads 1 to 3"),
        (b'{"schema_version": [1]}', "has schema version a list, this program reads 1 to 3"),
        (b'{"schema_version": true}', "valid run file: schema_version is True, expected an integer"),
        (b'{"schema_version": 1}', "valid run file: kind is missing"),
    ],
)
def test_a_content_that_is_no_run_is_refused_in_one_line(tmp_path, content: bytes, sentence: str) -> None:
    assert sentence in refusal(written(tmp_path, content))


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (lambda run: run.pop("host"), "host is missing"),
        (lambda run: run["system"].pop("title"), "system.title is missing"),
        (lambda run: run.update(colour="red"), "colour is an unknown key"),
        (lambda run: run["device"].update({"a\nb": 1}), "device.'a\\nb' is an unknown key"),
        (lambda run: run.update(kind="guessed"), "kind is 'guessed', expected measured or derived"),
        (lambda run: run.update(warnings="none"), "warnings is 'none', expected a list"),
        (lambda run: run.update(warnings=["a", 2]), "warnings.1 is 2, expected a string"),
        (lambda run: run.update(before=3), "before is 3, expected an object"),
        (lambda run: run.update(began="yesterday"), "began is 'yesterday', expected a time such as 2026-11-21T14"),
        (lambda run: run.update(began="2026-11-21T14:00:00"), "began is '2026-11-21T14:00:00', expected a time"),
        (lambda run: run.update(began="0001-01-01T00:00:00+23:00"), "began is '0001-01-01T00:00:00+23:00'"),
        (lambda run: run["plan"]["samples"].update(tail=None), "plan.samples.tail is None, expected an integer"),
        (
            lambda run: run["session"]["calibration"].update(a=[]),
            "session.calibration.a is a list, expected a string or",
        ),
        (
            lambda run: run["metrics"].pop("OH-006"),
            "outcomes.OH-006.metric is 'OH-006', which `metrics` does not define",
        ),
        (
            lambda run: run["metrics"]["OH-001"].update(shown_unit="furlong"),
            "shown_unit is 'furlong', known units are s",
        ),
        (lambda run: run["metrics"]["OH-001"].update(unit="ratio"), "metrics.OH-001.unit is 'ratio', expected s"),
        (
            lambda run: run["outcomes"]["OH-006"].update(metric="OH-001"),
            "expected the metric that its name begins with",
        ),
        (
            lambda run: run["outcomes"]["OH-006"].update(outcome="lost"),
            "outcomes.OH-006.outcome is 'lost', expected meas",
        ),
        (lambda run: run["outcomes"]["OH-006"].pop("outcome"), "outcomes.OH-006.outcome is None, expected measured or"),
        (lambda run: run["outcomes"].update({"OH-001": 7}), "outcomes.OH-001 is 7, expected an object"),
        (lambda run: run["outcomes"]["OH-001"].update(repetitions=[]), "outcomes.OH-001.repetitions holds no samples"),
    ],
)
def test_a_run_whose_parts_do_not_fit_is_refused_by_its_place(tmp_path, edit: Edit, sentence: str) -> None:
    line = refusal(edited(tmp_path, edit))
    assert line.startswith("valid run file: ")
    assert sentence in line


@pytest.mark.parametrize(
    ("samples", "sentence"),
    [
        (["x"], "samples.0 is 'x', expected a number"),
        ([1.0, None], "samples.1 is None, expected a number"),
        ([True], "samples.0 is True, expected a number"),
        ([1e300], "samples.0 is 1e+300, expected 0 or a size from 1e-30 to 1e+30"),
        ([5e-324], "samples.0 is 5e-324, expected 0 or a size from 1e-30 to 1e+30"),
    ],
)
def test_a_sample_that_cannot_be_reckoned_with_is_refused(tmp_path, samples: list[Any], sentence: str) -> None:
    path = edited(tmp_path, lambda run: run["outcomes"]["OH-001"]["repetitions"][1].update(samples=samples))
    assert f"outcomes.OH-001.repetitions.1.{sentence}" in refusal(path)


def test_a_pass_is_0_or_1(tmp_path) -> None:
    definition = {"OH-001": {"unit": "pass", "shown_unit": "pass"}}
    save(a_run({"OH-001": [[1, 0, 0.5]]}, definition), tmp_path / "run.json")
    assert "samples.2 is 0.5, expected 0 or 1" in refusal(tmp_path / "run.json")


def test_one_repetition_may_be_empty_but_not_all(tmp_path) -> None:
    def empty(run: dict[str, Any], count: int) -> None:
        for repetition in run["outcomes"]["OH-001"]["repetitions"][:count]:
            repetition["samples"] = []

    assert isinstance(load(edited(tmp_path, lambda run: empty(run, 2))), Run)
    assert "repetitions holds no samples" in refusal(edited(tmp_path, lambda run: empty(run, 3)))


def test_two_repetitions_of_one_index_are_refused(tmp_path) -> None:
    path = edited(tmp_path, lambda run: run["outcomes"]["OH-001"]["repetitions"][1].update(index=0))
    assert "outcomes.OH-001.repetitions holds two repetitions of the same index" in refusal(path)


def test_control_characters_become_visible_and_line_ends_stay(tmp_path) -> None:
    text = "a\x1b[2J\r\x00\x7f\x9b\u202e\ud800\tb\nc <b>[red]"
    run = load(edited(tmp_path, lambda run: run["system"].update(title=text)))
    assert run.system.title == "a␛[2J␍␀␡\ufffd\ufffd\ufffd\tb\nc <b>[red]"


def test_keys_become_visible_and_must_still_differ(tmp_path) -> None:
    run = load(edited(tmp_path, lambda run: run.update(scrubbed={"A\x1b": "1"})))
    assert run.scrubbed == {"A␛": "1"}
    path = edited(tmp_path, lambda run: run.update(scrubbed={"A\x1b": "1", "A␛": "2"}))
    assert "scrubbed has keys that differ in control characters alone" in refusal(path)


def test_letters_of_all_scripts_stay(tmp_path) -> None:
    run = load(edited(tmp_path, lambda run: run.update(label="Zürich 測試 µs")))
    assert run.label == "Zürich 測試 µs"


def test_a_path_that_would_steer_a_terminal_is_quoted(tmp_path) -> None:
    with pytest.raises(RunFileError, match=r"cannot read '.*x\\x1b\[2J.json': No such file"):
        load(tmp_path / "x\x1b[2J.json")


def test_what_is_no_file_is_not_opened(tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "socket.json"))
    assert refusal(tmp_path) == "run file: it is a directory, expected a file"
    for path in (tmp_path / "pipe.json", tmp_path / "socket.json", Path("/dev/zero")):
        assert refusal(path) == "run file: it is a device, a pipe or a socket, expected a file"
    listener.close()


def test_a_link_that_leads_nowhere_or_to_itself_cannot_be_read(tmp_path) -> None:
    (tmp_path / "loop.json").symlink_to("loop.json")
    assert "cannot read" in refusal(tmp_path / "loop.json")
    assert "No such file" in refusal(tmp_path / "none.json")


def test_a_file_of_more_than_64_mib_is_refused_with_the_way_out(tmp_path) -> None:
    path = written(tmp_path, b"")
    os.truncate(path, 200 << 20)
    assert refusal(path) == (
        "run file: it has more than 64 MiB, the most that is read; "
        "measure fewer outcomes (--metrics) or take fewer samples (--iterations) per run"
    )


def test_a_file_of_too_many_values_is_refused_before_it_is_parsed(tmp_path) -> None:
    assert "it has more than 4,000,000 values" in refusal(written(tmp_path, b"[" + b"0," * 4_000_000))


def test_of_millions_of_wrong_values_the_first_is_named(tmp_path) -> None:
    wrong = [""] * 300_000
    path = edited(tmp_path, lambda run: run["outcomes"]["OH-001"]["repetitions"][0].update(samples=wrong))
    assert "repetitions.0.samples.0 is '', expected a number" in refusal(path)


def test_a_dumped_run_ends_with_a_line_end() -> None:
    assert dump(a_run({"OH-001": [1]})).endswith("}\n")


def test_two_sessions_of_one_second_get_two_files(tmp_path) -> None:
    run = replace(a_run({}), began="2026-11-21T13:05:01+00:00")
    found = [create(run, tmp_path, *marks) for marks in ((), (), ("aa",), ("aa",))]
    assert [path.name for path in found] == [
        "native_20261121T130501Z.json",
        "native_20261121T130501Z-2.json",
        "native_20261121T130501Z_aa.json",
        "native_20261121T130501Z_aa-2.json",
    ]
    assert sorted(tmp_path.rglob("*.*")) == sorted(found)


def test_a_path_appears_with_a_whole_file(tmp_path, monkeypatch) -> None:
    seen: list[Path] = []
    monkeypatch.setattr(results, "dump", lambda run: seen.extend(tmp_path.glob("*/*.json")) or dump(run))
    path = create(a_run({}), tmp_path)
    assert not seen
    assert load(path).outcomes == {}
