import logging

import pytest
import torch

from nemo.core.training.freeze_updates import FreezeUpdates, FreezeUpdatesConfig
from nemo.utils.exceptions import ConfigError
from tests.core.training.small import SpoiledModel, fitted, loader, model, tiny_config, trainer


class Watching(SpoiledModel):
    """Notes which parts each step of the optimizer changed."""

    def __init__(self, cfg, trainer=None):
        super().__init__(cfg, trainer)
        self.steps = []

    def on_train_batch_start(self, batch, batch_idx):
        self.weights = {name: part.weight.clone() for name, part in self.named_children()}

    def on_train_batch_end(self, outputs, batch, batch_idx):
        self.steps.append("".join(n[0] for n, p in self.named_children() if not torch.equal(p.weight, self.weights[n])))


def watching(modules, **config):
    return Watching(tiny_config(**{"train_ds": {}, "freeze_updates": {"modules": modules}, **config}))


@pytest.mark.parametrize(
    ("modules", "steps"),
    [
        ({"encoder": 2}, ["d", "d", "ed", "ed"]),
        ({"encoder": [2, 3]}, ["ed", "d", "d", "ed"]),
        ({"encoder": [3, -1]}, ["ed", "ed", "d", "d"]),
        ({"encoder": -1}, ["d", "d", "d", "d"]),
        ({"encoder": [2, 2], "decoder": [4, 4]}, ["ed", "d", "ed", "e"]),
        ({"encoder": 0}, ["ed", "ed", "ed", "ed"]),
    ],
)
def test_part_is_frozen_in_the_steps_that_are_named(tmp_path, modules, steps):
    assert fitted(watching(modules), tmp_path)[0].steps == steps


def test_accumulated_batches_count_as_one_step(tmp_path):
    made, t = fitted(watching({"encoder": 1}, train_ds={"batch_size": 2}), tmp_path, accumulate_grad_batches=2)
    assert t.global_step == 4 and made.steps == ["", "d", "", "ed", "", "ed", "", "ed"]


def test_resumed_run_goes_on_counting(tmp_path):
    made, t = fitted(watching({"encoder": 6}), tmp_path)
    t.save_checkpoint(tmp_path / "first.ckpt")
    again = watching({"encoder": 6})
    trainer(tmp_path, max_epochs=2).fit(again, ckpt_path=tmp_path / "first.ckpt", weights_only=False)
    assert made.steps == ["d"] * 4 and again.steps == ["d", "d", "ed", "ed"]


def test_frozen_part_keeps_its_momentum_and_is_not_decayed(tmp_path):
    optim = {"name": "adamw", "lr": 0.1, "weight_decay": 0.5}
    trained = []
    for section, batches in (({}, 1), ({"encoder": [2, -1]}, 4)):
        torch.manual_seed(3)
        made, t = fitted(watching(section, optim=optim), tmp_path, limit_train_batches=batches)
        trained.append((made.encoder.weight, t.optimizers[0].state[made.encoder.weight]))
    (weight, state), (frozen_weight, frozen_state) = trained
    assert torch.equal(weight, frozen_weight)
    assert all(torch.equal(value, frozen_state[key]) for key, value in state.items())
    assert int(t.optimizers[0].state[made.decoder.weight]["step"]) == 4


class WithNorm(Watching):
    def __init__(self, cfg, trainer=None):
        super().__init__(cfg, trainer)
        self.encoder = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3))
        self.encoder.weight = self.encoder[0].weight  # watched


def test_frozen_norm_is_in_evaluation_mode_also_after_a_validation(tmp_path):
    modes = []

    class Noting(WithNorm):
        def training_step(self, batch, batch_idx):
            modes.append((self.encoder[1].training, self.decoder.training))
            return super().training_step(batch, batch_idx)

    made = Noting(tiny_config(train_ds={}, validation_ds={}, freeze_updates={"modules": {"encoder": 3}}))
    fitted(made, tmp_path, val_check_interval=1)
    assert modes == [(False, True)] * 3 + [(True, True)]
    assert int(made.encoder[1].num_batches_tracked) == 1


def test_run_leaves_the_model_as_it_was(tmp_path):
    made = watching({"encoder": -1})
    made.decoder.bias.requires_grad_(False)
    _, t = fitted(made, tmp_path)
    assert [p.requires_grad for p in made.parameters()] == [True, True, True, False]
    assert t.callbacks == []


def test_several_processes_keep_the_gradients_that_they_exchange(tmp_path):
    made = watching({"encoder": [2, 3], "decoder": 1})
    callback = FreezeUpdates(FreezeUpdatesConfig(modules={"encoder": [2, 3], "decoder": -1}))
    t = trainer(tmp_path)
    made.trainer = t
    t.strategy._lightning_module = made
    callback.setup(t, made, "fit")
    callback._keeps_gradients = True  # as with two processes
    callback.on_train_start(t, made)
    required = []
    for step in (0, 1, 2, 3):
        t.fit_loop.epoch_loop.automatic_optimization.optim_progress.optimizer.step.total.completed = step
        callback.on_train_batch_start(t, made, None, step)
        required.append([made.encoder.weight.requires_grad, made.decoder.weight.requires_grad])
        made.encoder.weight.grad = torch.ones(3, 4)
        callback.on_before_optimizer_step(t, made, None)
        assert (made.encoder.weight.grad is None) == (step in (1, 2))
    assert required == [[True, False]] * 4


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        ({"encodr": 3}, "names 'encodr', which Watching does not have. Expected one of encoder, decoder"),
        ({"encoder": [1, 2, 3]}, r"model.freeze_updates.modules.encoder is \[1, 2, 3\]"),
        ({"encoder": "always"}, "is 'always'. Expected a number of steps"),
        ({"encoder": -1, "decoder": 2}, "freezes encoder, decoder in step 1, and nothing is left to train"),
    ],
)
def test_faults_are_named(tmp_path, modules, message):
    with pytest.raises(ConfigError, match=message):
        fitted(watching(modules), tmp_path)


def test_section_that_is_not_enabled_does_nothing():
    made = model(freeze_updates={"enabled": False, "modules": {"encoder": -1}})
    assert not any(isinstance(each, FreezeUpdates) for each in made.configure_callbacks())


def test_changes_are_logged_once_each(tmp_path, caplog):
    with caplog.at_level(logging.INFO, logger="nemo"):
        fitted(watching({"encoder": [2, 3]}), tmp_path, loader(torch.randn(24, 4)))
    said = [record.getMessage() for record in caplog.records if "frozen" in record.getMessage()]
    assert said == ["from step 2 on, frozen: encoder", "from step 4 on, frozen: nothing"]
