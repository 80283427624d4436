import pytest
import torch

from nemo.utils.exp_manager import LoggedValues, exp_manager
from tests.utils.exp_manager.runs import ScriptedModel, quiet_trainer


class LogsMuch(ScriptedModel):
    def training_step(self, batch, batch_idx):
        loss = super().training_step(batch, batch_idx)["loss"]
        self.log("on_step", loss)
        self.log("on_epoch", float(batch_idx), on_step=False, on_epoch=True, batch_size=4)
        self.log("highest", torch.tensor(float(batch_idx)), on_step=False, on_epoch=True, reduce_fx="max", batch_size=4)
        return loss


@pytest.mark.filterwarnings("ignore:.*no logger configured")
@pytest.mark.parametrize("managed", [True, False])
def test_values_are_lightnings(managed, tmp_path):
    trainer = quiet_trainer(max_epochs=2)
    if managed:
        config = {"exp_dir": str(tmp_path), "create_tensorboard_logger": False, "create_checkpoint_callback": False}
        exp_manager(trainer, config)
        assert isinstance(trainer.fit_loop.epoch_loop._results, LoggedValues)
    torch.manual_seed(3)
    model = LogsMuch({"optim": {"name": "sgd", "lr": 0.01}, "train_ds": {}, "validation_ds": {}})
    trainer.fit(model)
    assert float(trainer.callback_metrics["on_epoch"]) == 1.5
    assert float(trainer.callback_metrics["highest"]) == 3.0
    assert 0 < float(trainer.callback_metrics["on_step"]) < 10


def test_a_metric_on_the_right_device_is_not_walked_through(tmp_path, monkeypatch):
    walks = []
    monkeypatch.setattr(
        "pytorch_lightning.trainer.connectors.logger_connector.result.move_data_to_device",
        lambda data, device: walks.append(device) or data,
    )
    trainer = quiet_trainer(max_epochs=1)
    exp_manager(trainer, {"exp_dir": str(tmp_path), "create_checkpoint_callback": False})
    loop_values = trainer.fit_loop.epoch_loop._results
    for value in (1.0, 2.0):
        loop_values.log("training_step", "loss", torch.tensor(value), on_step=True, on_epoch=False, batch_size=1)
    assert walks == []
    assert float(loop_values["training_step.loss"].value) == 2.0
