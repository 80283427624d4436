"""Which of several processes this one is; from the environment, so that it is known before torch is."""

from __future__ import annotations

from nemo.utils.env_var_parsing import get_envint


def get_rank() -> int:
    """Global rank, from the variables of the launcher; 0 for a lone process.

    Read in this order: RANK, SLURM_PROCID, then NODE_RANK or GROUP_RANK with LOCAL_RANK.
    """
    for name in ("RANK", "SLURM_PROCID"):
        rank = get_envint(name)
        if rank is not None:
            return rank
    node = get_envint("NODE_RANK", get_envint("GROUP_RANK", 0)) or 0
    local = get_envint("LOCAL_RANK", 0) or 0
    if node == 0:
        return local
    # the devices per node are only known to torch's launcher; any number above 0 says "not the first"
    return node * (get_envint("LOCAL_WORLD_SIZE", 1) or 1) + local


def get_last_rank() -> int:
    """The highest global rank; 0 for a lone process."""
    return max((get_envint("WORLD_SIZE", 1) or 1) - 1, 0)


def is_global_rank_zero() -> bool:
    """Whether this process is the first of all: the one that prints, and writes archives and logs."""
    return get_rank() == 0
