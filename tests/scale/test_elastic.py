"""A run that goes on with another number of processes sees the same samples and computes the same losses."""

import pytest

from tests.scale.comparison import TOLERANCE, distance, largest_difference, mean_losses, samples_of_steps
from tests.scale.processes import run_processes
from tests.scale.runs import train

EXPERIMENT = {
    "explicit_log_dir": "run",
    "create_tensorboard_logger": False,
    "resume_if_exists": True,
    "resume_ignore_no_checkpoint": True,
    "checkpoint_callback_params": {"every_n_train_steps": 1, "monitor": None, "save_top_k": 1},
}
AT_EPOCH_END = {**EXPERIMENT, "checkpoint_callback_params": {"monitor": "val_loss"}}
STEPS = {"regression": 18, "demo": 9}


def run_in_parts(folder, model, parts, experiment=EXPERIMENT, data=None):
    """Trains for three epochs in parts of (processes, step before which they end, trainer's options)."""
    results = []
    for processes, stop_at, options in parts:
        results.append(
            run_processes(
                train,
                processes,
                folder,
                model=model,
                model_arguments={"batch_size": 4 // processes, **(data or {})},
                experiment=experiment,
                stop_at=stop_at,
                max_epochs=3,
                **options,
            )
        )
    return results


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory, tones):
    folder = tmp_path_factory.mktemp("unbroken")
    arguments = {"regression": {"batch_size": 4}, "demo": {"batch_size": 4, "folder": tones}}
    return {
        name: run_processes(train, 1, folder / name, model=name, model_arguments=arguments[name], max_epochs=3)[0]
        for name in STEPS
    }


def check(model, parts, reference):
    losses = [loss for results in parts for loss in mean_losses(results)]
    assert len(losses) == STEPS[model]
    assert largest_difference(losses, reference["losses"]) < TOLERANCE
    assert [step for results in parts for step in samples_of_steps(results)] == samples_of_steps([reference])
    assert distance(parts[-1][0]["weights"], reference["weights"]) < 20 * TOLERANCE
    ours, theirs = parts[-1][0]["validations"][-1], reference["validations"][-1]
    assert largest_difference({name: ours[name] for name in theirs}, theirs) < 10 * TOLERANCE


@pytest.mark.battery("R4")
@pytest.mark.parametrize("model", ["regression", "demo"])
def test_one_two_one_in_the_middle_of_epochs(model, tmp_path, tones, unbroken):
    data = {"folder": tones} if model == "demo" else {}
    stops = {"regression": (4, 9), "demo": (2, 5)}[model]
    parts = [(1, stops[0], {}), (2, stops[1], {}), (1, None, {})]
    check(model, run_in_parts(tmp_path, model, parts, data=data), unbroken[model])


@pytest.mark.battery("R4")
def test_one_two_one_at_ends_of_epochs(tmp_path, unbroken):
    parts = [(1, 6, {}), (2, 12, {}), (1, None, {})]
    check("regression", run_in_parts(tmp_path, "regression", parts, AT_EPOCH_END), unbroken["regression"])


@pytest.mark.battery("R4")
def test_from_sharded_weights_to_one_process_and_back(tmp_path, unbroken):
    parts = [(2, 4, {"strategy": "fsdp2"}), (1, 9, {}), (2, 14, {"strategy": "fsdp2"}), (1, None, {})]
    check("regression", run_in_parts(tmp_path, "regression", parts), unbroken["regression"])


@pytest.mark.battery("R4")
def test_to_four_processes(tmp_path, unbroken):
    parts = [(1, 4, {}), (4, 9, {}), (2, None, {})]
    check("regression", run_in_parts(tmp_path, "regression", parts), unbroken["regression"])


@pytest.mark.parametrize("strategy", ["ddp", "fsdp2"])
def test_the_same_number_of_processes_goes_on_to_the_last_bit(strategy, tmp_path):
    straight = run_in_parts(tmp_path / "straight", "regression", [(2, None, {"strategy": strategy})])
    first, last = run_in_parts(
        tmp_path / "broken", "regression", [(2, 4, {"strategy": strategy}), (2, None, {"strategy": strategy})]
    )
    for rank in range(2):
        assert first[rank]["losses"] + last[rank]["losses"] == straight[0][rank]["losses"]
        assert first[rank]["samples"] + last[rank]["samples"] == straight[0][rank]["samples"]
        assert last[rank]["weights"] == straight[0][rank]["weights"]
