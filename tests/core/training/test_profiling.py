import json

import pytest

from nemo.core.training.profiling import NsysProfile, TorchProfile
from nemo.utils.exceptions import ConfigError
from tests.core.training.small import fitted, model


def events(path):
    return [event["name"] for event in json.loads(path.read_text())["traceEvents"] if "name" in event]


def test_trace_holds_the_batches_that_were_asked_for(tmp_path):
    section = {"enabled": True, "start_step": 1, "end_step": 2, "gen_shape": True}
    fitted(model(torch_profile=section), tmp_path)
    (trace,) = (tmp_path / "profiles").iterdir()
    assert trace.name == "torch_profile_batches_1-2_rank_0.json"
    assert events(trace).count("aten::mse_loss") == 2
    assert "Input Dims" in trace.read_text()


def test_nsys_without_a_gpu_says_so_and_writes_a_trace(tmp_path, caplog):
    fitted(model(nsys_profile={"enabled": True}), tmp_path)
    assert "there is no GPU, which is what nsys records" in caplog.text
    assert events(tmp_path / "profiles" / "nsys_profile_batches_0-0_rank_0.json")


def test_run_that_ends_within_the_span_writes_its_trace(tmp_path):
    fitted(model(torch_profile={"enabled": True, "start_step": 3, "end_step": 99}), tmp_path)
    assert (tmp_path / "profiles" / "torch_profile_batches_3-4_rank_0.json").exists()


def test_other_ranks_are_not_profiled(tmp_path):
    fitted(model(torch_profile={"enabled": True, "ranks": [1, 2]}), tmp_path)
    assert not (tmp_path / "profiles").exists()


def test_memory_profile_without_a_gpu_is_refused():
    with pytest.raises(ConfigError, match="memory_profile is enabled, but there is no GPU"):
        model(memory_profile={"enabled": True}).configure_callbacks()


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"start_step": "three"}, "nsys_profile.start_step is 'three'"),
        ({"start_step": 4, "end_step": 3}, "start_step 4 and end_step 3"),
        ({"end_stop": 3}, "Did you mean model.nsys_profile.end_step"),
    ],
)
def test_faults_are_value_errors_that_name_the_key(section, message):
    with pytest.raises(ValueError, match=message):
        model(nsys_profile={"enabled": True, **section}).configure_callbacks()


@pytest.mark.parametrize("key", ["nsys_profile", "torch_profile"])
def test_sections_are_off_unless_enabled(key):
    callbacks = model(**{key: {"start_step": 1, "end_step": 2}}).configure_callbacks()
    assert not any(isinstance(each, NsysProfile | TorchProfile) for each in callbacks)
