"""Weights of a model that is sharded over processes, gathered and dealt out again.

Everywhere here all processes have to take part; otherwise those that do wait for ever.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn


def is_sharded(model: nn.Module) -> bool:
    """Whether processes hold parts of the parameters (FSDP2, tensor parallelism)."""
    return any(hasattr(parameter, "full_tensor") for parameter in model.parameters())  # what a DTensor has


def whole_state_dict(model: nn.Module) -> dict[str, Tensor]:
    """The state dict as a single process would have it, on the CPU if it had to be gathered.

    Of a sharded model only the first process gets it; the others get an empty one.
    """
    if not is_sharded(model):
        return model.state_dict()
    from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict

    return get_model_state_dict(model, options=StateDictOptions(full_state_dict=True, cpu_offload=True))


def load_whole_state_dict(model: nn.Module, state_dict: Mapping[str, Tensor], strict: bool = True) -> None:
    """Loads a state dict of whole tensors, which every process passes, into a model that may be sharded."""
    if not is_sharded(model):
        model.load_state_dict(state_dict, strict=strict)
        return
    from torch.distributed.checkpoint.state_dict import StateDictOptions, set_model_state_dict

    options = StateDictOptions(full_state_dict=True, strict=strict)
    set_model_state_dict(model, dict(state_dict), options=options)
