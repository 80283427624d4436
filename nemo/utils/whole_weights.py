"""Weights of a model that is sharded over processes, gathered and dealt out again.

Everywhere here all processes have to take part; otherwise those that do wait for ever.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn


def is_sharded(model: nn.Module) -> bool:
    """Whether processes hold parts of the parameters (FSDP2, tensor parallelism), even if they are gathered now."""
    if not torch.distributed.is_available() or not torch.distributed.is_initialized():
        return False
    from torch.distributed.fsdp import FSDPModule

    has_parts = any(hasattr(parameter, "full_tensor") for parameter in model.parameters())  # what a DTensor has
    return has_parts or any(isinstance(module, FSDPModule) for module in model.modules())


def whole_state_dict(model: nn.Module) -> dict[str, Tensor]:
    """The state dict as a single process would have it, on the CPU if it had to be gathered.

    Of a sharded model only the first process gets it; the others get an empty one.
    """
    if not is_sharded(model):
        return model.state_dict()
    from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict

    gathered = get_model_state_dict(model, options=StateDictOptions(full_state_dict=True, cpu_offload=True))
    torch.distributed.barrier()  # a process that went on, and ended, would break off what the first still receives
    # gathering gives tensors of a class of its own, which no file is to hold
    return {name: value if type(value) is Tensor else value.clone() for name, value in gathered.items()}  # type: ignore[union-attr]


def load_whole_state_dict(model: nn.Module, state_dict: Mapping[str, Tensor], strict: bool = True) -> None:
    """Loads a state dict of whole tensors, which every process passes, into a model that may be sharded."""
    if not is_sharded(model):
        model.load_state_dict(state_dict, strict=strict)
        return
    from torch.distributed.checkpoint.state_dict import StateDictOptions, set_model_state_dict

    options = StateDictOptions(full_state_dict=True, strict=strict)
    set_model_state_dict(model, dict(state_dict), options=options)
