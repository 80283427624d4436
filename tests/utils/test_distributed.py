import argparse
import socket

import torch

from nemo.utils.app_state import AppState
from nemo.utils.distributed import (
    data_parallel_place,
    initialize_distributed,
    is_distributed,
    of_every_process,
    of_rank_zero,
)


def test_a_lone_process_is_a_group_of_one(monkeypatch):
    for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    with socket.socket() as free:
        free.bind(("localhost", 0))
        monkeypatch.setenv("MASTER_PORT", str(free.getsockname()[1]))
    try:
        assert initialize_distributed(argparse.Namespace(local_rank=0), backend="gloo") == (0, 0, 1)
        assert torch.distributed.get_world_size() == 1
    finally:
        torch.distributed.destroy_process_group()


def test_a_lone_process_reads_everything_and_hears_itself(monkeypatch):
    assert not is_distributed()
    assert data_parallel_place() == (0, 1)
    assert of_rank_zero("x") == "x"
    assert of_every_process("x") == ["x"]


def test_a_launcher_says_who_reads_the_same_data(monkeypatch):
    state = AppState()
    monkeypatch.setattr(state, "data_parallel_rank", 1)
    monkeypatch.setattr(state, "data_parallel_size", 4)
    assert data_parallel_place() == (1, 4)
