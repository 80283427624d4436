import pytest

from nemo.utils.get_rank import get_last_rank, get_rank, is_global_rank_zero

NAMES = ("RANK", "SLURM_PROCID", "NODE_RANK", "GROUP_RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "WORLD_SIZE")


@pytest.mark.parametrize(
    ("environment", "rank"),
    [
        ({}, 0),
        ({"RANK": "3", "SLURM_PROCID": "0"}, 3),
        ({"SLURM_PROCID": "2"}, 2),
        ({"NODE_RANK": "0", "LOCAL_RANK": "1"}, 1),
        ({"GROUP_RANK": "1", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "4"}, 4),
        ({"NODE_RANK": "1", "LOCAL_RANK": "0"}, 1),
    ],
)
def test_rank_is_read_in_the_order_of_launchers(monkeypatch, environment, rank):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert get_rank() == rank
    assert is_global_rank_zero() == (rank == 0)


def test_last_rank(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "8")
    assert get_last_rank() == 7
