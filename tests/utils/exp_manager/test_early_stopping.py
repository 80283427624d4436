from pytorch_lightning.callbacks import EarlyStopping

from nemo.utils.exp_manager import exp_manager
from tests.utils.exp_manager.runs import quiet_trainer, run


def test_training_stops_when_the_metric_does(tmp_path):
    params = {"monitor": "val_loss", "patience": 2, "min_delta": 0.0}
    config = {"exp_dir": str(tmp_path), "create_early_stopping_callback": True, "create_checkpoint_callback": False}
    trainer, _, _ = run({**config, "early_stopping_callback_params": params}, losses=(0.5, 0.4, 0.6), max_epochs=9)
    assert trainer.current_epoch == 4  # best in the second, two more without improvement


def test_none_unless_asked(tmp_path):
    trainer = quiet_trainer()
    exp_manager(trainer, {"exp_dir": str(tmp_path)})
    assert not any(isinstance(callback, EarlyStopping) for callback in trainer.callbacks)
