import json

from nemo.utils.exp_manager import LogEpochTimeCallback, exp_manager
from tests.utils.exp_manager.runs import quiet_trainer, scripted_model


def test_each_epoch_is_timed(tmp_path):
    trainer = quiet_trainer(callbacks=[LogEpochTimeCallback()])
    off = {"create_tensorboard_logger": False, "create_checkpoint_callback": False, "log_step_timing": False}
    folder = exp_manager(trainer, {"exp_dir": str(tmp_path), "create_dllogger_logger": True, **off})
    trainer.fit(scripted_model())
    records = [json.loads(line[5:]) for line in (folder / "dllogger.json").read_text().splitlines()]
    times = [(record["step"], record["data"]["epoch_time"]) for record in records if "epoch_time" in record["data"]]
    assert [step for step, _ in times] == [4, 8]
    assert all(0 < seconds < 60 for _, seconds in times)
