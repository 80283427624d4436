"""What trains when adapters are trained: their weights, and no statistics of the network around them."""

from __future__ import annotations

import functools
import logging
from typing import Any, cast

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from nemo.core.adapters.adapter_stack import AdapterStack

logger = logging.getLogger(__name__)


def unfreeze_enabled(network: nn.Module, freeze_batchnorm: bool = True) -> None:
    """Makes the enabled adapters inside `network` trainable; see `unfreeze_enabled_adapters` of the mixins."""
    stacks = [part for part in network.modules() if isinstance(part, AdapterStack)]
    adapters = [adapter for stack in stacks for _, adapter in stack.enabled()]
    if not adapters:
        logger.warning("%s has no adapter that is enabled: none is unfrozen", type(network).__name__)
    inside = {id(part) for adapter in adapters for part in adapter.modules()}
    for part in network.modules():
        if isinstance(part, _BatchNorm) and id(part) not in inside:
            freeze_norm(part) if freeze_batchnorm else thaw_norm(part)
    for adapter in adapters:
        adapter.train()
        unfreeze = getattr(adapter, "adapter_unfreeze", None)
        if unfreeze is None:
            adapter.requires_grad_(True)
        else:  # an adapter may keep a part of itself frozen
            unfreeze()
    weights = sum(weight.numel() for adapter in adapters for weight in adapter.parameters() if weight.requires_grad)
    logger.info("%d weights of %d enabled adapters train", weights, len(adapters))


def freeze_norm(norm: _BatchNorm) -> None:
    """Keeps weights and statistics of a batch norm as they are, whatever `train()` is called on, until it is unfrozen.

    The mode of a module says whether its statistics change, and PyTorch's and Lightning's `train()` set the mode of
    all modules; so this one decides for itself.
    """
    norm.requires_grad_(False)
    # on the object, so that it holds in any network; `cast`: mypy does not let methods be assigned
    cast(Any, norm).train = functools.partial(_train_unless_frozen, norm)
    norm.eval()


def thaw_norm(norm: _BatchNorm) -> None:
    """Makes `train()` of a batch norm PyTorch's own again."""
    vars(norm).pop("train", None)


def _train_unless_frozen(norm: _BatchNorm, mode: bool = True) -> _BatchNorm:
    """`train()` of a frozen batch norm: its mode changes only after `unfreeze()` has made its weights trainable."""
    weights = list(norm.parameters())
    is_frozen = not any(weight.requires_grad for weight in weights)
    norm.training = mode and not is_frozen
    return norm
