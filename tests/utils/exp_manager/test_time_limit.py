from datetime import timedelta

from pytorch_lightning.callbacks import Timer

from nemo.utils.exp_manager import StatelessTimer, exp_manager
from tests.utils.exp_manager.runs import names, quiet_trainer, scripted_model


def test_the_run_ends_with_a_last_checkpoint_and_can_be_resumed(tmp_path, monkeypatch):
    config = {"exp_dir": str(tmp_path), "name": "a", "resume_if_exists": True, "resume_ignore_no_checkpoint": True}
    trainer = quiet_trainer(max_epochs=3)
    folder = exp_manager(trainer, {**config, "max_time_per_run": "00:00:10:00"})
    timer = next(callback for callback in trainer.callbacks if isinstance(callback, StatelessTimer))
    monkeypatch.setattr(timer, "time_elapsed", lambda *stage: 601.0 if trainer.global_step >= 6 else 1.0)
    trainer.fit(scripted_model())
    assert trainer.global_step == 6
    assert [name for name in names(folder) if "last" in name] == ["a--val_loss=0.0837-epoch=1-last.ckpt"]

    trainer = quiet_trainer(max_epochs=3)
    exp_manager(trainer, {**config, "max_time_per_run": "00:00:10:00"})
    trainer.fit(scripted_model())
    assert trainer.global_step == 12


def test_it_keeps_no_state():
    timer = StatelessTimer("00:00:00:10")
    assert timer.state_dict() == {}
    timer.load_state_dict({"time_elapsed": {"train": 100.0}})
    assert timer.time_elapsed() == 0


def test_it_replaces_lightnings_timer(tmp_path, caplog):
    trainer = quiet_trainer(max_time=timedelta(hours=1))
    exp_manager(trainer, {"exp_dir": str(tmp_path), "max_time_per_run": "00:00:10:00"})
    assert [type(callback) for callback in trainer.callbacks if isinstance(callback, Timer)] == [StatelessTimer]
    assert "max_time_per_run replaces the trainer's Timer" in caplog.text
