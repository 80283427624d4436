"""Two processes that train together are one process with their batches put together."""

import pytest

from tests.scale.comparison import TOLERANCE, distance, largest_difference, mean_losses, samples_of_steps
from tests.scale.processes import run_processes
from tests.scale.runs import train

MODELS = ["regression", "demo"]


@pytest.mark.parametrize("model", MODELS)
def test_losses_are_those_of_one_process(model, one_process, two_processes):
    ours, reference = mean_losses(two_processes[model]), one_process[model]["losses"]
    assert len(reference) == {"regression": 12, "demo": 6}[model]
    assert reference[-1] < reference[0]
    assert largest_difference(ours, reference) < TOLERANCE


@pytest.mark.parametrize("model", MODELS)
def test_weights_are_those_of_one_process_and_alike_in_both(model, one_process, two_processes):
    first, second = two_processes[model]
    assert first["weights"] == second["weights"]
    assert distance(first["weights"], one_process[model]["weights"]) < 10 * TOLERANCE


@pytest.mark.parametrize("model", MODELS)
def test_each_sample_is_trained_on_once_an_epoch_by_one_process(model, one_process, two_processes):
    steps = samples_of_steps(two_processes[model])
    assert steps == samples_of_steps([one_process[model]])
    half = len(steps) // 2
    for epoch in (steps[:half], steps[half:]):
        assert sorted(sum(epoch, [])) == list(range({"regression": 24, "demo": 12}[model]))


@pytest.mark.parametrize("model", MODELS)
def test_metrics_of_uneven_sets_are_those_of_one_process(model, one_process, two_processes):
    # the batches of evaluations are of the same size, so one process has 6 and 1, two have 3 and 3, 1 and none
    for process in two_processes[model]:
        assert process["validations"] == two_processes[model][0]["validations"]
        ours, reference = process["validations"], one_process[model]["validations"]
        assert largest_difference(ours, reference) < TOLERANCE
        assert len(reference) == 2
    if model == "regression":
        assert [reference[0][name] for name in ("large_samples", "small_samples")] == [21, 3]


def test_without_drop_last_the_samples_that_do_not_go_round_are_repeated(tmp_path):
    arguments = {"batch_size": 2, "samples": 7}
    results = run_processes(train, 2, tmp_path, model="regression", model_arguments=arguments, max_epochs=1)
    taken = sum(samples_of_steps(results), [])
    assert sorted(set(taken)) == list(range(7))
    assert len(taken) == 8


def test_with_drop_last_none_is_repeated(tmp_path):
    arguments = {"batch_size": 2, "samples": 7, "drop_last": True}
    results = run_processes(train, 2, tmp_path, model="regression", model_arguments=arguments, max_epochs=1)
    taken = sum(samples_of_steps(results), [])
    assert len(set(taken)) == len(taken) == 4
