"""Two processes that hold halves of the model train what one process does, and leave the same files."""

import pytest
import torch

from tests.scale.comparison import TOLERANCE, distance, largest_difference, mean_losses
from tests.scale.processes import run_processes
from tests.scale.runs import Regression, SteadyCTC, train


@pytest.fixture(scope="module")
def sharded(tmp_path_factory, tones):
    folder = tmp_path_factory.mktemp("fsdp")
    both = {"regression": {"batch_size": 2}, "demo": {"batch_size": 2, "folder": tones}}
    results = {}
    for name, arguments in both.items():
        results[name] = run_processes(
            train, 2, folder / name, model=name, model_arguments=arguments, strategy="fsdp2", archive="x.nemo"
        )
    return folder, results


@pytest.mark.parametrize("model", ["regression", "demo"])
def test_losses_and_metrics_are_those_of_one_process(model, sharded, one_process):
    results = sharded[1][model]
    assert largest_difference(mean_losses(results), one_process[model]["losses"]) < TOLERANCE
    assert largest_difference(results[0]["validations"], one_process[model]["validations"]) < TOLERANCE


@pytest.mark.parametrize(("model", "kind"), [("regression", Regression), ("demo", SteadyCTC)])
def test_the_archive_holds_the_whole_model(model, kind, sharded, one_process):
    folder, results = sharded[0], sharded[1][model]
    restored = kind.restore_from(str(folder / model / "x.nemo"), map_location="cpu")
    weights = {
        name: value.flatten().tolist() for name, value in restored.state_dict().items() if value.is_floating_point()
    }
    assert weights == results[0]["weights"]
    assert distance(weights, one_process[model]["weights"]) < 10 * TOLERANCE
    assert results[1]["weights"] == {}


def test_large_blocks_are_gathered_one_by_one(tmp_path, one_process):
    arguments = {"batch_size": 2, "in_blocks": True}
    results = run_processes(train, 2, tmp_path, model="regression", model_arguments=arguments, strategy="fsdp2")
    assert largest_difference(mean_losses(results), one_process["regression"]["losses"]) < TOLERANCE


EXPERIMENT = {
    "explicit_log_dir": "run",
    "create_tensorboard_logger": False,
    "resume_if_exists": True,
    "resume_ignore_no_checkpoint": True,
    "checkpoint_callback_params": {"save_top_k": 1, "save_best_model": True, "every_n_train_steps": 1},
}


@pytest.mark.parametrize("in_one_file", [True, False], ids=["one file", "a part for each process"])
def test_a_stopped_run_goes_on_exactly(in_one_file, tmp_path, sharded):
    arguments = {
        "model": "regression",
        "model_arguments": {"batch_size": 2},
        "experiment": {
            **EXPERIMENT,
            "checkpoint_callback_params": {"every_n_train_steps": 1, "monitor": None, "save_top_k": 1},
        },
        "strategy_arguments": {"save_distributed_checkpoint": not in_one_file},
    }
    stopped = run_processes(train, 2, tmp_path, **arguments, stop_at=3)
    checkpoints = list((tmp_path / "run/checkpoints").glob("*last.ckpt"))
    assert [path.is_file() for path in checkpoints] == [in_one_file]
    resumed = run_processes(train, 2, tmp_path, **arguments)
    for rank in range(2):
        unbroken = sharded[1]["regression"][rank]
        assert stopped[rank]["losses"] + resumed[rank]["losses"] == unbroken["losses"]
        assert stopped[rank]["samples"] + resumed[rank]["samples"] == unbroken["samples"]
    assert resumed[0]["weights"] == sharded[1]["regression"][0]["weights"]


def test_the_best_weights_are_in_the_archive(tmp_path):
    experiment = {
        "explicit_log_dir": "run",
        "create_tensorboard_logger": False,
        "checkpoint_callback_params": {"save_top_k": 1, "save_best_model": True},
    }
    arguments = {"batch_size": 2}
    results = run_processes(
        train, 2, tmp_path, model="regression", model_arguments=arguments, strategy="fsdp2", experiment=experiment
    )
    losses = [validation["val_loss"] for validation in results[0]["validations"]]
    (archive,) = (tmp_path / "run/checkpoints").glob("*.nemo")
    (best,) = (path for path in (tmp_path / "run/checkpoints").glob("*.ckpt") if "last" not in path.name)
    assert f"val_loss={min(losses):.4f}" in best.name
    weights = torch.load(best, weights_only=True)["state_dict"]
    restored = Regression.restore_from(str(archive), map_location="cpu").state_dict()
    assert all(torch.equal(restored[name], weights[name]) for name in weights)
