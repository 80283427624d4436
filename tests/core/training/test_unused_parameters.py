"""DDP is told of parameters without gradients, unless the strategy says itself. tests/scale runs it."""

import pytest
import pytorch_lightning as pl
import torch

from nemo.core.training.unused_parameters import UnusedParameters, leaves_parameters_unused


@pytest.mark.parametrize(
    ("strategy", "before", "meanwhile"),
    [
        ("ddp", {}, {"find_unused_parameters": True}),
        ("ddp_find_unused_parameters_false", {"find_unused_parameters": False}, {"find_unused_parameters": False}),
    ],
)
def test_only_a_strategy_that_does_not_say_is_changed_and_only_for_the_run(strategy, before, meanwhile):
    trainer = pl.Trainer(strategy=strategy, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False)
    callback = UnusedParameters()
    assert trainer.strategy._ddp_kwargs == before
    callback.setup(trainer, pl.LightningModule(), "fit")
    assert trainer.strategy._ddp_kwargs == meanwhile
    callback.undo(trainer, pl.LightningModule())
    assert trainer.strategy._ddp_kwargs == before


def test_models_say_it_by_their_optimization_or_by_a_module():
    model = pl.LightningModule()
    model.part = torch.nn.Sequential(torch.nn.Linear(1, 1))
    assert not leaves_parameters_unused(model)
    model.part[0].leaves_parameters_unused = True
    assert leaves_parameters_unused(model)
    by_hand = pl.LightningModule()
    by_hand.automatic_optimization = False
    assert leaves_parameters_unused(by_hand)
