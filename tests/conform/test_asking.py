"""A crash, a hang and an end are answers, and the rows after them are asked all the same."""

import pytest

from gpu_virt_bench import emulated
from gpu_virt_bench.conform import asking
from gpu_virt_bench.conform.scenes import scene


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """Answers of a scene by an emulated driver with such settings."""

    def asked(family, **settings):
        values = {name.replace("__", "."): text for name, text in settings.items()}
        folder = emulated.make_machine(tmp_path, emulated.configuration("h200", values))
        monkeypatch.setenv(emulated.VARIABLE, str(folder))
        monkeypatch.setenv("LD_LIBRARY_PATH", str(emulated.LIBRARIES))
        return {row: answer.result for row, answer in asking.asked(scene(family)).answers.items()}

    return asked


def test_a_call_that_hangs_is_an_answer_and_the_next_one_is_asked(driver, monkeypatch) -> None:
    monkeypatch.setattr(asking, "ROW_SECONDS", 0.5)
    found = driver("device", hang__cuDeviceGetPCIBusId="1")
    assert found["device.pci_nowhere"] == "hang"
    assert found["device.by_pci_nothing"] == "CUDA_ERROR_INVALID_VALUE"
    assert found["device.export_table_nothing"] != "hang"


def test_a_copy_that_crashes_is_an_answer_and_the_next_one_is_asked(driver) -> None:
    found = driver("copies")
    assert set(found) == {row.id for row in scene("copies").rows}
    assert found["copies.up_interior"] == "CUDA_SUCCESS"


def test_a_process_that_cannot_begin_is_the_answer_of_all_its_rows(driver) -> None:
    found = driver("events", fail__cuDevicePrimaryCtxRetain="1+:999")
    assert set(found.values()) == {"unprepared"}


def test_a_context_that_a_row_has_ended_is_no_other_rows_business(driver) -> None:
    found = driver("streams", sticky__cuStreamGetId="1:700")
    assert found["streams.create_nowhere"] == "CUDA_ERROR_INVALID_VALUE"
    assert found["streams.query_idle"] == "CUDA_SUCCESS"
