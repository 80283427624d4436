from datetime import timedelta

import pytest
import torch
from pytorch_lightning import LightningModule
from pytorch_lightning.callbacks import ModelCheckpoint

from nemo.core import ModelPT
from nemo.utils.exceptions import ConfigError
from nemo.utils.exp_manager import NeMoModelCheckpoint, exp_manager
from nemo.utils.exp_manager.errors import CheckpointMisconfigurationError
from tests.utils.exp_manager.runs import ScriptedModel, names, quiet_trainer, run

LOSSES = (0.5, 0.2, 0.4, 0.3)


def config(tmp_path, **params):
    base = {"exp_dir": str(tmp_path), "name": "a", "version": "v", "create_tensorboard_logger": False}
    return {**base, "checkpoint_callback_params": params}


def callback_of(trainer):
    return next(callback for callback in trainer.callbacks if isinstance(callback, NeMoModelCheckpoint))


@pytest.mark.parametrize(
    ("mode", "kept"), [("min", ["0.2000-epoch=1", "0.3000-epoch=3"]), ("max", ["0.4000-epoch=2", "0.5000-epoch=0"])]
)
def test_the_best_are_kept_and_the_last(tmp_path, mode, kept):
    _, _, folder = run(config(tmp_path, mode=mode, save_top_k=2), LOSSES, max_epochs=4)
    assert names(folder) == sorted(
        [*(f"a--val_loss={name}.ckpt" for name in kept), "a--val_loss=0.3000-epoch=4-last.ckpt"]
    )


def test_the_last_is_written_after_every_validation_also_when_none_of_the_best(tmp_path):
    class Stops(ScriptedModel):
        def on_train_epoch_start(self):
            if self.current_epoch == 3:
                raise RuntimeError("power cut")

    trainer = quiet_trainer(max_epochs=4)
    folder = exp_manager(trainer, config(tmp_path, save_top_k=1))
    model = Stops({"optim": {"name": "sgd", "lr": 0.1}, "train_ds": {}, "validation_ds": {}})
    model.losses = LOSSES
    with pytest.raises(RuntimeError, match="power cut"):
        trainer.fit(model)
    assert names(folder) == ["a--val_loss=0.2000-epoch=1.ckpt", "a--val_loss=0.4000-epoch=2-last.ckpt"]


def test_resuming_finds_the_best_again_and_removes_what_is_too_many(tmp_path):
    resumed = {"resume_if_exists": True, "resume_ignore_no_checkpoint": True}
    _, _, folder = run({**config(tmp_path, save_top_k=3), **resumed}, LOSSES, max_epochs=3)
    assert len(names(folder)) == 4
    trainer, _, _ = run({**config(tmp_path, save_top_k=2), **resumed}, LOSSES, max_epochs=4)
    assert names(folder) == [
        "a--val_loss=0.2000-epoch=1.ckpt",
        "a--val_loss=0.3000-epoch=3.ckpt",
        "a--val_loss=0.3000-epoch=4-last.ckpt",
    ]
    assert callback_of(trainer).best_model_path.endswith("0.2000-epoch=1.ckpt")


def test_best_are_known_by_their_names_when_the_checkpoint_forgot_them(tmp_path):
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    for name in ("a--val_loss=0.5000-epoch=0", "a--val_loss=-1.5e-03-epoch=1", "a--val_loss=0.1-epoch=2-last", "b"):
        (folder / f"{name}.ckpt").touch()
    callback = NeMoModelCheckpoint(n_resume=True, dirpath=str(folder), monitor="val_loss", save_top_k=2)
    trainer = quiet_trainer()
    callback.setup(trainer, LightningModule(), "fit")
    assert [float(score) for score in callback.best_k_models.values()] == pytest.approx([-1.5e-3, 0.5])
    assert callback.best_model_path.endswith("epoch=1.ckpt")
    assert callback.kth_best_model_path.endswith("epoch=0.ckpt")


@pytest.mark.parametrize(("best", "epoch"), [(True, 1), (False, None)])
def test_the_archive_holds_the_best_or_the_last_weights(tmp_path, best, epoch):
    _, model, folder = run(config(tmp_path, save_best_model=best, always_save_nemo=True), LOSSES, max_epochs=4)
    checkpoints = folder / "checkpoints"
    pattern = f"*epoch={epoch}.ckpt" if best else "*last.ckpt"
    expected = torch.load(next(checkpoints.glob(pattern)), weights_only=True)["state_dict"]
    restored = ModelPT.restore_from(str(checkpoints / "a.nemo"), trusted_targets=["tests."]).state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in restored.items())
    assert all(torch.equal(value, expected[name]) for name, value in model.state_dict().items())


def test_no_archive_when_it_is_not_wanted(tmp_path):
    _, _, folder = run(config(tmp_path, save_nemo_on_train_end=False))
    assert names(folder, "*.nemo") == []


def test_a_plain_lightning_module_has_checkpoints_and_no_archive(tmp_path):
    class Plain(LightningModule):
        def __init__(self):
            super().__init__()
            self.net = torch.nn.Linear(2, 1)

        def training_step(self, batch, batch_idx):
            return self.net(batch).pow(2).mean()

        def train_dataloader(self):
            return torch.utils.data.DataLoader(torch.ones(4, 2))

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), 0.1)

    trainer = quiet_trainer(max_epochs=1)
    folder = exp_manager(trainer, config(tmp_path, monitor=None, save_top_k=1, save_on_train_epoch_end=True))
    trainer.fit(Plain())
    assert names(folder) == ["a--epoch=0.ckpt", "a--epoch=1-last.ckpt"]


def test_prefix_postfix_folder_and_file_name(tmp_path):
    params = {"prefix": "p", "postfix": "_x.nemo", "dirpath": str(tmp_path / "c"), "filename": "{epoch}"}
    run(config(tmp_path, **params, save_top_k=1))
    assert names(tmp_path / "c", "*") == ["epoch=1.ckpt", "epoch=2-last.ckpt", "p_x.nemo"]


def test_the_old_key_for_the_path_still_works(tmp_path, caplog):
    run(config(tmp_path, filepath=str(tmp_path / "c" / "{epoch}"), save_top_k=1))
    assert "filepath is deprecated" in caplog.text
    assert names(tmp_path / "c") == ["epoch=1.ckpt", "epoch=2-last.ckpt"]


def test_a_step_interval_replaces_the_default_of_epochs(tmp_path):
    _, _, folder = run(config(tmp_path, every_n_train_steps=2, monitor=None, save_top_k=-1, filename="{step}"))
    assert names(folder) == [f"step={step}.ckpt" for step in (2, 4, 6)] + ["step=8-last.ckpt", "step=8.ckpt"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("00:01:30:00", timedelta(hours=1, minutes=30)), ({"minutes": 5}, timedelta(minutes=5)), (None, None)],
)
def test_a_time_interval_is_text_or_mapping(tmp_path, value, expected):
    trainer = quiet_trainer()
    exp_manager(trainer, config(tmp_path, train_time_interval=value))
    assert callback_of(trainer)._train_time_interval == expected


def test_a_wrong_time_interval_is_named(tmp_path):
    with pytest.raises(ConfigError, match="train_time_interval is 'soon'; expected DD:HH:MM:SS"):
        exp_manager(quiet_trainer(), config(tmp_path, train_time_interval="soon"))


def test_a_second_checkpoint_callback_is_refused(tmp_path):
    trainer = quiet_trainer(enable_checkpointing=True)
    with pytest.raises(CheckpointMisconfigurationError, match="already has a checkpoint callback, ModelCheckpoint"):
        exp_manager(trainer, config(tmp_path))
    trainer = quiet_trainer(enable_checkpointing=True)
    exp_manager(trainer, {**config(tmp_path), "create_checkpoint_callback": False})
    assert sum(isinstance(callback, ModelCheckpoint) for callback in trainer.callbacks) == 1


def test_a_monitor_that_never_comes_is_said(tmp_path, caplog):
    exp_manager(quiet_trainer(max_epochs=1, check_val_every_n_epoch=5), config(tmp_path))
    assert "max_epochs (1) is less than check_val_every_n_epoch (5)" in caplog.text


# -------------------------------------------------------------------------------------------- values that are no number


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("save_top_k", [1, 3])
def test_a_value_that_is_not_finite_is_never_the_best(tmp_path, caplog, bad, mode, save_top_k):
    trainer, _, folder = run(config(tmp_path, mode=mode, save_top_k=save_top_k), (bad, 0.5, bad, bad), max_epochs=4)
    callback = callback_of(trainer)
    assert callback.best_model_path.endswith("a--val_loss=0.5000-epoch=1.ckpt")
    assert list(callback.best_k_models) == [callback.best_model_path]
    assert float(callback.best_model_score) == 0.5
    assert [name for name in names(folder) if "last" not in name] == ["a--val_loss=0.5000-epoch=1.ckpt"]
    assert f"val_loss is {bad} at step 4: this checkpoint is none of the best" in caplog.text


def test_when_no_value_is_finite_there_is_no_best_and_the_last_is_kept(tmp_path, caplog):
    params = {"save_best_model": True}
    trainer, _, folder = run(config(tmp_path, **params), (float("nan"), float("inf")), max_epochs=2)
    assert callback_of(trainer).best_model_path == ""
    assert len(names(folder)) == 1
    assert "last" in names(folder)[0]
    assert "no best checkpoint was written; the last weights are kept" in caplog.text
    assert names(folder, "*.nemo") == ["a.nemo"]


def test_where_all_are_kept_those_are_kept_too_and_are_not_the_best(tmp_path):
    trainer, _, folder = run(config(tmp_path, save_top_k=-1), (0.5, float("nan"), 0.7), max_epochs=3)
    assert [name for name in names(folder) if "last" not in name] == [
        "a--val_loss=0.5000-epoch=0.ckpt",
        "a--val_loss=0.7000-epoch=2.ckpt",
        "a--val_loss=nan-epoch=1.ckpt",
    ]
    assert len(callback_of(trainer).best_k_models) == 2
    assert callback_of(trainer).best_model_path.endswith("epoch=0.ckpt")


def test_a_resumed_run_does_not_take_such_a_value_over(tmp_path):
    resumed = {"resume_if_exists": True, "resume_ignore_no_checkpoint": True}
    for losses, epochs in (((0.5, float("-inf")), 2), ((0.5, 0.5, 0.6), 3)):
        trainer, _, folder = run({**config(tmp_path, save_top_k=3), **resumed}, losses, max_epochs=epochs)
    assert [float(score) for score in callback_of(trainer).best_k_models.values()] == pytest.approx([0.5, 0.6])
    assert callback_of(trainer).best_model_path.endswith("a--val_loss=0.5000-epoch=0.ckpt")


# ------------------------------------------------------------------------------------------------- folders and parts


def test_checkpoints_that_are_folders_or_parts_are_counted_and_removed_whole(tmp_path):
    folder = tmp_path / "checkpoints"
    for name in (
        "a--val_loss=0.1-epoch=1.ckpt/.metadata",
        "a--val_loss=0.4-epoch=4.ckpt/.metadata",
        "a--val_loss=0.4-epoch=4.ckpt/__0_0.distcp",
        "mp_rank_00/a--val_loss=0.2-epoch=2.ckpt",
        "mp_rank_01/a--val_loss=0.2-epoch=2.ckpt",
        "mp_rank_00/a--val_loss=0.3-epoch=3.ckpt",
        "mp_rank_01/a--val_loss=0.3-epoch=3.ckpt",
        "mp_rank_00/a--val_loss=0.3-epoch=3-EMA.ckpt",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    callback = NeMoModelCheckpoint(
        n_resume=True, dirpath=str(folder), monitor="val_loss", save_top_k=2, model_parallel_size=2
    )
    trainer = quiet_trainer()
    callback.setup(trainer, LightningModule(), "fit")
    assert [float(score) for score in callback.best_k_models.values()] == pytest.approx([0.1, 0.2, 0.3, 0.4])
    callback.on_train_start(trainer, LightningModule())
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.ckpt")) == [
        "a--val_loss=0.1-epoch=1.ckpt",
        "mp_rank_00/a--val_loss=0.2-epoch=2.ckpt",
        "mp_rank_01/a--val_loss=0.2-epoch=2.ckpt",
    ]


def test_a_run_whose_folder_was_moved_goes_on_with_its_checkpoints(tmp_path):
    resumed = {"resume_if_exists": True, "resume_ignore_no_checkpoint": True}
    run({**config(tmp_path / "before", save_top_k=2), **resumed}, LOSSES, max_epochs=3)
    (tmp_path / "before").rename(tmp_path / "after")
    trainer, _, folder = run({**config(tmp_path / "after", save_top_k=2), **resumed}, LOSSES, max_epochs=4)
    assert names(folder) == [
        "a--val_loss=0.2000-epoch=1.ckpt",
        "a--val_loss=0.3000-epoch=3.ckpt",
        "a--val_loss=0.3000-epoch=4-last.ckpt",
    ]
    assert callback_of(trainer).best_model_path == str(folder / "checkpoints" / "a--val_loss=0.2000-epoch=1.ckpt")


def test_a_run_that_begins_from_another_ones_checkpoint_chooses_its_own_best(tmp_path):
    _, _, first = run(config(tmp_path / "first"), (0.1,), max_epochs=1)
    start = str(next(first.rglob("*last.ckpt")))
    trainer, _, second = run({**config(tmp_path / "second"), "resume_from_checkpoint": start}, (0.1, 0.5), max_epochs=2)
    assert callback_of(trainer).best_model_path == str(second / "checkpoints" / "a--val_loss=0.5000-epoch=1.ckpt")
    assert len(names(first)) == 2
