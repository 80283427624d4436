import sys

import pytest

from examples.demo.errors import DemoError
from examples.demo.voice_training import script, train_side_by_side

LEAVE_A_MODEL = """
import os, pathlib, sys, time
folder = pathlib.Path(sys.argv[1]) / "checkpoints"
folder.mkdir(parents=True)
started = time.process_time()
while time.process_time() - started < float(sys.argv[2]):
    pass
(folder / ("model" + os.environ["OMP_NUM_THREADS"] + ".nemo")).touch()
"""


def command(code, *arguments):
    return [sys.executable, "-c", code, *map(str, arguments)]


def test_models_are_trained_side_by_side_and_their_cost_is_counted(tmp_path):
    folders = {"idle": tmp_path / "idle", "busy": tmp_path / "busy"}
    commands = {name: command(LEAVE_A_MODEL, folders[name], 0.9 * (name == "busy")) for name in folders}
    said = []
    costs = train_side_by_side(commands, folders, said.append, threads=3)
    assert set(costs) == {"idle", "busy"}
    assert costs["busy"].cpu_minutes - costs["idle"].cpu_minutes > 0.8 / 60
    assert all(cost.minutes > 0 for cost in costs.values())
    assert list(tmp_path.rglob("model3.nemo"))
    assert len(said) == 2


def test_a_failed_training_shows_the_end_of_its_log_and_stops_the_other(tmp_path):
    folders = {"good": tmp_path / "good", "bad": tmp_path / "bad"}
    commands = {"good": command("import time; time.sleep(60)"), "bad": command("raise SystemExit('no disk')")}
    with pytest.raises(DemoError, match="(?s)bad: exit status 1.*no disk"):
        train_side_by_side(commands, folders, print)


def test_a_training_without_a_model_is_named(tmp_path):
    with pytest.raises(DemoError, match="odd ended well but left no .nemo"):
        train_side_by_side({"odd": command("pass")}, {"odd": tmp_path / "odd"}, print)


def test_the_command_names_script_recipe_and_values():
    found = script("tts/hifigan.py", "tts/conf/asterisk/hifigan_asterisk.yaml", trainer__max_epochs=3)
    assert found[0] == sys.executable
    assert found[1].endswith("examples/tts/hifigan.py")
    assert found[2].endswith("examples/tts/conf/asterisk")
    assert found[3:] == ["--config-name=hifigan_asterisk", "trainer.max_epochs=3"]
