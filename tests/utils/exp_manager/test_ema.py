"""A moving average under the trainer: the average itself, what is measured, which files there are, resuming."""

import pytest
import torch
from pytorch_lightning.callbacks import Callback, ModelCheckpoint
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from nemo.core import ModelPT
from nemo.utils.exp_manager import EMA, EMAOptimizer, exp_manager
from nemo.utils.exp_manager.ema_checkpoints import twin_path
from tests.utils.exp_manager.runs import ScriptedModel, names, quiet_trainer, scripted_model
from tests.utils.exp_manager.test_exact_resume import STEPS, StoppableModel, train

DECAY = 0.7
LOSSES = (0.5, 0.2, 0.4, 0.3)


class Watching(Callback):
    """Averages the weights after each step of the optimizer, and keeps what a validation or a test sees."""

    def __init__(self, decay=DECAY, every=1):
        self.decay, self.every, self.steps = decay, every, 0
        self.average, self.measured, self.tested = None, [], None

    def on_train_start(self, trainer, module):
        self.average = weights(module)

    def on_before_zero_grad(self, trainer, module, optimizer):
        if trainer.global_step > self.steps:
            self.see(module)

    def on_train_batch_end(self, trainer, module, *args):
        if trainer.global_step > self.steps:
            self.see(module)

    def see(self, module):
        if self.steps % self.every == 0:
            for name, value in weights(module).items():
                self.average[name] = self.decay * self.average[name] + (1 - self.decay) * value
        self.steps += 1

    def on_validation_epoch_start(self, trainer, module):
        self.measured.append(weights(module))

    def on_test_epoch_start(self, trainer, module):
        self.tested = weights(module)


def weights(module):
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


def equal(ours, theirs):
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def close(ours, theirs):
    return all(torch.allclose(ours[name], theirs[name], rtol=1e-5, atol=1e-7) for name in theirs)


def config(folder, ema=None, **more):
    base = {"explicit_log_dir": str(folder), "create_tensorboard_logger": False, "name": "a"}
    return {**base, "ema": {"enable": True, "decay": DECAY, **(ema or {})}, **more}


def trained(folder, ema=None, params=None, losses=LOSSES, watching=None, **trainer_arguments):
    watching = watching or Watching()
    trainer = quiet_trainer(**{"max_epochs": 4, "callbacks": [watching], **trainer_arguments})
    exp_manager(trainer, config(folder, ema, checkpoint_callback_params={"save_top_k": 2, **(params or {})}))
    model = scripted_model(losses)
    trainer.fit(model)
    return trainer, model, watching


def loaded(path):
    return torch.load(path, weights_only=True)


def only(folder, pattern):
    (path,) = folder.rglob(pattern)
    return path


@pytest.mark.parametrize("value", [-0.1, 1.001])
def test_a_decay_that_is_no_share_is_refused_before_anything_is_written(value, tmp_path):
    with pytest.raises(MisconfigurationException, match=f"decay is {value}; it is a share, from 0 to 1"):
        exp_manager(quiet_trainer(), config(tmp_path / "new", {"decay": value}))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(MisconfigurationException, match="every_n_steps is 0"):
        EMA(0.9, every_n_steps=0)


@pytest.mark.parametrize(
    ("ema", "arguments"),
    [
        ({}, {}),
        ({"every_n_steps": 3}, {}),
        ({"cpu_offload": True}, {}),
        ({}, {"accumulate_grad_batches": 2}),
        ({"every_n_steps": 2}, {"accumulate_grad_batches": 3}),
    ],
)
def test_the_twin_holds_the_average_of_the_weights_after_each_optimizer_step(ema, arguments, tmp_path):
    watching = Watching(every=ema.get("every_n_steps", 1))
    trainer, model, watching = trained(tmp_path, ema, watching=watching, **arguments)
    assert watching.steps == trainer.global_step == {1: 16, 2: 8, 3: 8}[arguments.get("accumulate_grad_batches", 1)]
    main, twin = loaded(only(tmp_path, "*last.ckpt")), loaded(only(tmp_path, "*last-EMA.ckpt"))
    assert close(twin["state_dict"], watching.average)
    assert equal(main["state_dict"], weights(model))
    assert not close(main["state_dict"], watching.average)
    (state,) = twin["optimizer_states"]
    assert set(state) == {"opt", "ema", "current_step", "decay", "every_n_steps"}
    assert state["current_step"] == trainer.global_step
    assert "ema" not in main["optimizer_states"][0]


def test_validation_and_test_measure_the_average_and_leave_no_trace(tmp_path):
    trainer, model, watching = trained(tmp_path)
    after = weights(model)
    assert not equal(watching.measured[-1], after)
    assert equal(watching.measured[-1], loaded(only(tmp_path, "*last-EMA.ckpt"))["state_dict"])
    model.setup_multiple_test_data({"seed": 3})
    trainer.test(model, verbose=False)
    assert equal(watching.tested, watching.measured[-1])
    assert equal(weights(model), after)


def test_a_given_checkpoint_is_tested_as_it_is(tmp_path):
    trainer, model, watching = trained(tmp_path)
    path = only(tmp_path, "*0.2000-epoch=1.ckpt")
    model.setup_multiple_test_data({"seed": 3})
    for given in (str(path), twin_path(path)):
        trainer.test(model, ckpt_path=given, verbose=False)
        assert equal(watching.tested, loaded(given)["state_dict"])


def test_the_trained_weights_are_measured_if_asked(tmp_path):
    _, model, watching = trained(tmp_path, {"validate_original_weights": True})
    assert equal(watching.measured[-1], weights(model))
    assert only(tmp_path, "*last-EMA.ckpt")


def test_a_checkpoint_goes_with_its_twin(tmp_path):
    trained(tmp_path)
    kept = ["a--val_loss=0.2000-epoch=1", "a--val_loss=0.3000-epoch=3", "a--val_loss=0.3000-epoch=4-last"]
    assert names(tmp_path) == sorted(f"{name}{end}.ckpt" for name in kept for end in ("", "-EMA"))


def test_what_a_resumed_run_finds_too_many_goes_with_its_twin(tmp_path):
    resume = {"resume_if_exists": True, "resume_ignore_no_checkpoint": True}
    for top_k, epochs in ((3, 3), (1, 4)):
        trainer = quiet_trainer(max_epochs=epochs)
        exp_manager(trainer, config(tmp_path, checkpoint_callback_params={"save_top_k": top_k}, **resume))
        trainer.fit(scripted_model(LOSSES))
    kept = ["a--val_loss=0.2000-epoch=1", "a--val_loss=0.3000-epoch=4-last"]
    assert names(tmp_path) == sorted(f"{name}{end}.ckpt" for name in kept for end in ("", "-EMA"))


@pytest.mark.parametrize("original", [False, True])
@pytest.mark.parametrize("params", [{}, {"always_save_nemo": True}, {"save_best_model": True}])
def test_the_archive_holds_what_validation_measured(original, params, tmp_path):
    trainer, model, _ = trained(tmp_path, {"validate_original_weights": original}, params)
    pattern = "*0.2000-epoch=1" if params.get("save_best_model") else "*last"
    expected = loaded(only(tmp_path, f"{pattern}{'' if original else '-EMA'}.ckpt"))["state_dict"]
    restored = ModelPT.restore_from(str(only(tmp_path, "a.nemo")), trusted_targets=["tests."])
    assert equal(weights(restored), expected)
    if params.get("save_best_model"):  # a test after training measures the best, too
        model.setup_multiple_test_data({"seed": 3})
        trainer.test(model, verbose=False)
        assert equal(weights(model), expected)


def test_during_training_the_archive_is_that_of_the_best_average(tmp_path):
    class Stops(ScriptedModel):
        def on_train_epoch_start(self):
            if self.current_epoch == 3:
                raise RuntimeError("power cut")

    trainer = quiet_trainer(max_epochs=4)
    params = {"always_save_nemo": True, "save_best_model": True}
    exp_manager(trainer, config(tmp_path, checkpoint_callback_params=params))
    model = Stops({"optim": {"name": "sgd", "lr": 0.1}, "train_ds": {}, "validation_ds": {}})
    model.losses = LOSSES
    with pytest.raises(RuntimeError, match="power cut"):
        trainer.fit(model)
    restored = ModelPT.restore_from(str(only(tmp_path, "a.nemo")), trusted_targets=["tests."])
    assert equal(weights(restored), loaded(only(tmp_path, "*0.2000-epoch=1-EMA.ckpt"))["state_dict"])


def test_a_validation_that_is_broken_off_leaves_the_trained_weights(tmp_path):
    class Broken(ScriptedModel):
        def validation_step(self, batch, batch_idx):
            raise KeyError("broken")

    trainer = quiet_trainer()
    watching = Watching()
    trainer.callbacks.append(watching)
    exp_manager(trainer, config(tmp_path))
    model = Broken({"optim": {"name": "sgd", "lr": 0.1}, "train_ds": {}, "validation_ds": {}})
    with pytest.raises(KeyError, match="broken"):
        trainer.fit(model)
    assert not trainer.optimizers[0].average_is_in_model
    assert not equal(watching.measured[0], weights(model))


# ----------------------------------------------------------------------------------------------------------- resuming


@pytest.mark.parametrize(
    ("params", "arguments", "stops"),
    [
        ({}, {"max_epochs": 4}, [12]),
        ({}, {"max_epochs": 4, "accumulate_grad_batches": 2}, [7]),
        (STEPS, {"max_epochs": 3}, [3, 8]),
    ],
)
def test_a_resumed_run_is_the_unbroken_one_to_the_bit(params, arguments, stops, tmp_path, monkeypatch):
    add_ema(monkeypatch, {"decay": 0.9, "every_n_steps": 2})
    unbroken = train(tmp_path / "unbroken", 0, params, arguments, None)
    losses = {}
    for stop_at in [*stops, None]:
        model = train(tmp_path / "broken", 0, params, arguments, stop_at)
        losses |= model.losses
    assert losses == unbroken.losses
    assert equal(weights(model), weights(unbroken))
    twins = [loaded(only(tmp_path / run, "*last-EMA.ckpt")) for run in ("unbroken", "broken")]
    assert equal(twins[0]["state_dict"], twins[1]["state_dict"])
    assert twins[0]["optimizer_states"][0]["current_step"] == twins[1]["optimizer_states"][0]["current_step"]


def add_ema(monkeypatch, ema):
    """Lets the runs of `train` keep an average."""

    def manage(trainer, cfg):
        return exp_manager(trainer, {**cfg, "ema": {"enable": True, **ema}})

    monkeypatch.setattr("tests.utils.exp_manager.test_exact_resume.exp_manager", manage)


@pytest.fixture
def interrupted(tmp_path, monkeypatch):
    """A run of two epochs that was stopped after the first, and what goes on with it."""
    add_ema(monkeypatch, {"decay": 0.9})
    train(tmp_path, 0, {}, {"max_epochs": 2}, 7)
    return lambda: train(tmp_path, 0, {}, {"max_epochs": 2}, None)


def test_resuming_needs_the_twin(tmp_path, interrupted):
    only(tmp_path, "*last-EMA.ckpt").unlink()
    with pytest.raises(MisconfigurationException, match="has no averaged weights of step 5 beside it; expected .*-EMA"):
        interrupted()


def test_the_twin_of_another_step_is_not_taken(tmp_path, interrupted):
    path = only(tmp_path, "*last-EMA.ckpt")
    torch.save({**loaded(path), "global_step": 6}, path)
    with pytest.raises(MisconfigurationException, match="of step 5 beside it"):
        interrupted()


def test_a_run_that_was_killed_between_twin_and_checkpoint_goes_on_with_the_old_pair(tmp_path, interrupted):
    path = only(tmp_path, "*last-EMA.ckpt")
    old = loaded(path)
    path.rename(f"{path}-previous")
    torch.save({**old, "global_step": 6}, path)
    assert sorted(interrupted().losses) == [5, 6, 7, 8, 9]


def test_without_an_average_the_checkpoint_alone_is_enough(tmp_path, interrupted, monkeypatch):
    add_ema(monkeypatch, {"enable": False})
    only(tmp_path, "*last-EMA.ckpt").unlink()
    assert sorted(interrupted().losses) == [5, 6, 7, 8, 9]


def test_settings_of_the_checkpoint_go_on_and_a_difference_is_said(tmp_path, interrupted, monkeypatch, caplog):
    add_ema(monkeypatch, {"decay": 0.5})
    model = interrupted()
    assert model.trainer.optimizers[0].decay == 0.9
    assert (
        "goes on with decay 0.9 and every_n_steps 1 of the checkpoint, not with the config's 0.5 and 1" in caplog.text
    )


def test_averaged_weights_can_be_the_start_of_a_run(tmp_path, caplog):
    trained(tmp_path / "first")
    twin = only(tmp_path / "first", "*last-EMA.ckpt")

    class First(Callback):
        def on_train_start(self, trainer, module):
            self.weights, self.average = weights(module), trainer.optimizers[0].ema_params

    first = First()
    trainer = quiet_trainer(max_epochs=5, callbacks=[first])
    exp_manager(trainer, config(tmp_path / "second", resume_from_checkpoint=str(twin)))
    trainer.fit(scripted_model(LOSSES))
    assert equal(first.weights, loaded(twin)["state_dict"])
    assert first.average == ()
    assert "a new average begins" in caplog.text
    assert trainer.optimizers[0].current_step == 4


@pytest.mark.filterwarnings("ignore:Checkpoint directory .* exists and is not empty")
def test_with_lightnings_own_checkpoints_the_average_is_inside(tmp_path):
    def run(epochs, ckpt_path=None):
        callbacks = [ModelCheckpoint(tmp_path, save_last=True)]
        trainer = quiet_trainer(max_epochs=epochs, callbacks=callbacks, enable_checkpointing=True)
        exp_manager(trainer, config(tmp_path / str(epochs), create_checkpoint_callback=False))
        assert [type(callback) for callback in trainer.callbacks].index(EMA) == 1
        trainer.fit(scripted_model(), ckpt_path=ckpt_path)
        return trainer

    run(1)
    assert loaded(tmp_path / "last.ckpt")["optimizer_states"][0]["current_step"] == 4
    trainer = run(2, tmp_path / "last.ckpt")
    assert trainer.optimizers[0].current_step == 8


# ------------------------------------------------------------------------------------------------------------- others


def test_each_of_several_optimizers_keeps_an_average(tmp_path):
    class Two(StoppableModel):
        def __init__(self, cfg):
            super().__init__(cfg)
            self.automatic_optimization = False

        def configure_optimizers(self):
            return [torch.optim.SGD(part.parameters(), 0.01) for part in (self.encoder, self.decoder)]

        def training_step(self, batch, batch_idx):
            loss = torch.nn.functional.mse_loss(self(batch[0]), batch[1])
            for optimizer in self.optimizers():
                optimizer.zero_grad()
            self.manual_backward(loss)
            for optimizer in self.optimizers():
                optimizer.step()

    trainer = quiet_trainer(max_epochs=1)
    exp_manager(trainer, config(tmp_path, checkpoint_callback_params={"monitor": None, "save_top_k": 1}))
    trainer.fit(Two({"train_ds": {"num_workers": 0, "knows_its_place": False}, "optim": {}}))
    assert [type(optimizer) for optimizer in trainer.optimizers] == [EMAOptimizer, EMAOptimizer]
    twin = loaded(only(tmp_path, "*last-EMA.ckpt"))
    first, second = (state["ema"] for state in twin["optimizer_states"])
    assert torch.equal(twin["state_dict"]["encoder.weight"], first[0])
    assert torch.equal(twin["state_dict"]["decoder.weight"], second[0])


def test_weights_that_are_split_over_processes_are_refused(tmp_path):
    class FSDPStrategy:
        pass

    trainer = quiet_trainer()
    trainer._accelerator_connector.strategy = FSDPStrategy()
    with pytest.raises(MisconfigurationException, match="FSDPStrategy splits them. Use strategy=ddp"):
        EMA(0.9).on_fit_start(trainer, None)
