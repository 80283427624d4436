from pathlib import Path

import pytest

from nemo.utils.app_state import AppState
from nemo.utils.parallel_paths import ckpt_to_dir, inject_model_parallel_rank, uninject_model_parallel_rank


@pytest.fixture
def parallel(monkeypatch):
    """Sets the sizes and ranks of a process of a split model."""

    def set_values(**values):
        for name, value in values.items():
            monkeypatch.setattr(AppState(), name, value, raising=False)

    return set_values


def test_one_process_has_plain_names():
    assert inject_model_parallel_rank("runs/a.ckpt") == str(Path("runs/a.ckpt"))


def test_tensor_parallel_rank_is_a_folder(parallel):
    parallel(model_parallel_size=2, tensor_model_parallel_rank=1, pipeline_model_parallel_size=1)
    assert inject_model_parallel_rank("runs/a.ckpt") == str(Path("runs/mp_rank_01/a.ckpt"))
    assert inject_model_parallel_rank("runs/mp_rank_00/a.ckpt") == str(Path("runs/mp_rank_01/a.ckpt"))


def test_pipeline_rank_is_in_the_folder_too(parallel):
    parallel(
        model_parallel_size=4, tensor_model_parallel_rank=1, pipeline_model_parallel_size=2,
        pipeline_model_parallel_rank=1, data_parallel_rank=3,
    )  # fmt: skip
    assert inject_model_parallel_rank("r/a.ckpt") == str(Path("r/tp_rank_01_pp_rank_001/a.ckpt"))
    sharded = inject_model_parallel_rank("r/a.ckpt", fsdp_sharded_ckpt=True)
    assert sharded == str(Path("r/tp_rank_01_pp_rank_001/fsdp_shard_00003/a.ckpt"))
    assert uninject_model_parallel_rank(sharded) == str(Path("r/a.ckpt"))


def test_folder_of_a_sharded_checkpoint():
    assert ckpt_to_dir("r/a=1.5.ckpt") == Path("r/a=1.5")
    assert ckpt_to_dir("r/a") == Path("r/a")
