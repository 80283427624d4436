"""Adapters of a model that is sharded over two processes are saved whole."""

import os

import pytest
import torch

from tests.core.adapters.networks import AdaptableModel, section
from tests.scale.processes import run_processes


def save_sharded():
    """The job: each process holds half of the adapter's weights."""
    from torch.distributed.fsdp import fully_shard

    torch.distributed.init_process_group("gloo")
    mesh = torch.distributed.init_device_mesh("cpu", (int(os.environ["WORLD_SIZE"]),))
    model = AdaptableModel(cfg={})
    model.add_adapter("a", section())
    with torch.no_grad():
        for index, block in enumerate(model.encoder.blocks):
            block.adapter_layer["a"].scale.copy_(torch.arange(4.0) + index)
    fully_shard(model, mesh=mesh)
    held = model.encoder.blocks[0].adapter_layer["a"].scale.to_local().tolist()
    model.save_adapters("a.pt")
    return held


def test_saved_whole(tmp_path):
    assert run_processes(save_sharded, 2, tmp_path) == [[0.0, 1.0], [2.0, 3.0]]
    model = AdaptableModel(cfg={})
    model.load_adapters(str(tmp_path / "a.pt"))
    for index, block in enumerate(model.encoder.blocks):
        assert block.adapter_layer["a"].scale.tolist() == pytest.approx([index, index + 1, index + 2, index + 3])
