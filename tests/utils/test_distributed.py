import argparse
import socket

import torch

from nemo.utils.distributed import initialize_distributed


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
