"""`hydra_runner` as users meet it: a script in a folder, started with a command line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from nemo.core.config import hydra_runner
from nemo.core.config.resolvers import register_resolvers

REPOSITORY = Path(__file__).resolve().parents[3]

CONFIG = """\
name: demo
model:
  sample_rate: 16000
  doubled: ${multiply:${model.sample_rate},2}
  train_ds:
    manifest_filepath: ???  # manifest of the recordings to train on
    batch_size: 4
  validation_ds:
    manifest_filepath: "${model.train_ds.manifest_filepath}"
  test_ds:
    batch_size: 1
  optim:
    name: novograd
    lr: 0.01
    betas: [0.8, 0.5]
    sched:
      name: CosineAnnealing
      min_lr: 0.0
trainer:
  max_epochs: 5
  max_steps: -1
"""

SCRIPT = '''\
"""Trains a demonstration."""

import os

from omegaconf import OmegaConf

from nemo.core.config import hydra_runner


@hydra_runner(config_path="conf", config_name="demo")
def main(cfg):
    import json, sys
    print("RESULT " + json.dumps({
        "cfg": OmegaConf.to_container(cfg, resolve=False), "cwd": os.getcwd(), "argv": sys.argv[1:]
    }))
    if os.environ.get("READ"):
        OmegaConf.select(cfg, os.environ["READ"], throw_on_missing=True)
    if os.environ.get("CHECK"):
        from nemo.core.config.schema import with_defaults
        from nemo.core.config.schedulers import CosineAnnealingParams

        with_defaults(CosineAnnealingParams, cfg.model.optim.sched, where="model.optim.sched", strict=True)


if __name__ == "__main__":
    main()
'''

SCHEMA_SCRIPT = '''\
"""Transcribes; configured by a dataclass."""

from dataclasses import dataclass, field
from typing import Optional

from omegaconf import MISSING, OmegaConf

from nemo.core.config import TrainerConfig, hydra_runner


@dataclass
class Decoding:
    beam_size: int = 1
    strategy: str = "greedy"


@dataclass
class Transcription:
    model_path: str = MISSING
    batch_size: int = 8
    text: Optional[str] = None
    decoding: Decoding = field(default_factory=Decoding)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)


@hydra_runner(config_name="transcription", schema=Transcription)
def main(cfg):
    import json
    print("RESULT " + json.dumps({"cfg": OmegaConf.to_container(cfg, resolve=False)}))


if __name__ == "__main__":
    main()
'''


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "scripts" / "conf").mkdir(parents=True)
    (tmp_path / "scripts" / "conf" / "demo.yaml").write_text(CONFIG)
    (tmp_path / "scripts" / "train.py").write_text(SCRIPT)
    (tmp_path / "scripts" / "transcribe.py").write_text(SCHEMA_SCRIPT)
    (tmp_path / "elsewhere").mkdir()
    return tmp_path


def start(folder, script, *arguments, **environment):
    command = [sys.executable, str(folder / "scripts" / script), *arguments]
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY), **environment}
    return subprocess.run(command, cwd=folder / "elsewhere", env=env, capture_output=True, text=True, timeout=60)


def result(folder, script, *arguments, **environment):
    done = start(folder, script, *arguments, **environment)
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    return {**json.loads(line.removeprefix("RESULT ")), "stderr": done.stderr, "stdout": done.stdout}


def failure(folder, script, *arguments, **environment):
    done = start(folder, script, *arguments, **environment)
    assert done.returncode != 0
    return done.stderr


def test_config_is_found_beside_the_script_and_the_folder_stays_clean(folder):
    run = result(folder, "train.py")
    assert run["cfg"]["name"] == "demo"
    assert Path(run["cwd"]) == folder / "elsewhere"
    assert list((folder / "elsewhere").iterdir()) == []


def test_seed_command_line_runs_as_written(folder):
    run = result(
        folder,
        "train.py",
        "model.train_ds.manifest_filepath=/path/to/my/train/manifest.json",
        "~model.test_ds",
        "trainer.gpus=2",
        "trainer.max_epochs=50",
        "+trainer.fast_dev_run=true",
        "model.optim=adam",
        "model.optim.lr=.0004",
        "model.optim.betas=[.8, .5]",
    )
    assert run["cfg"]["trainer"] == {
        "max_epochs": 50,
        "max_steps": -1,
        "fast_dev_run": True,
        "accelerator": "gpu",
        "devices": 2,
    }
    model = run["cfg"]["model"]
    assert model["optim"] == {
        "name": "adam",
        "lr": 0.0004,
        "betas": [0.8, 0.5],
        "sched": {"name": "CosineAnnealing", "min_lr": 0.0},
    }
    assert model["train_ds"]["manifest_filepath"] == "/path/to/my/train/manifest.json"
    assert "test_ds" not in model
    assert run["stderr"].count("trainer.gpus=2 is read as") + run["stdout"].count("trainer.gpus=2 is read as") == 1
    assert "trainer.gpus=2" in run["argv"]  # the task, and the log of the run, see what the user typed


def test_a_list_may_be_split_by_the_shell(folder):
    run = result(folder, "train.py", "model.optim.betas=[.8,", ".5]", "name=x")
    assert run["cfg"]["model"]["optim"]["betas"] == [0.8, 0.5]
    assert run["cfg"]["name"] == "x"


def test_a_schedule_is_chosen_by_its_bare_name_too(folder):
    run = result(folder, "train.py", "model.optim.sched=NoamAnnealing", "+model.optim.sched.d_model=64")
    assert run["cfg"]["model"]["optim"]["sched"] == {"name": "NoamAnnealing", "min_lr": 0.0, "d_model": 64}


@pytest.mark.parametrize("spelling", ["--config-path={0}|--config-name={1}", "--config_path|{0}|--config_name|{1}"])
@pytest.mark.parametrize("name", ["other", "other.yaml"])
def test_both_spellings_of_path_and_name(folder, spelling, name):
    (folder / "scripts" / "more" / "deep").mkdir(parents=True)
    (folder / "scripts" / "more" / "deep" / "other.yaml").write_text("name: other\n")
    words = spelling.format("more/deep", name).split("|")  # relative to the script
    assert result(folder, "train.py", "name=x", *words)["cfg"] == {"name": "x"}
    words = spelling.format(folder / "scripts" / "more" / "deep", name).split("|")
    assert result(folder, "train.py", *words)["cfg"] == {"name": "other"}


def test_a_folder_below_the_working_directory_is_found_as_well(folder):
    (folder / "elsewhere" / "mine").mkdir()
    (folder / "elsewhere" / "mine" / "own.yaml").write_text("name: own\n")
    assert result(folder, "train.py", "--config-path=mine", "--config-name=own")["cfg"] == {"name": "own"}


def test_an_additional_folder_is_searched(folder):
    (folder / "my conf").mkdir()
    (folder / "my conf" / "own.yaml").write_text("name: own\n")
    run = result(folder, "train.py", "--config_dir", str(folder / "my conf"), "--config-name=own")
    assert run["cfg"] == {"name": "own"}


def test_a_name_may_lead_into_a_folder(folder):
    (folder / "scripts" / "conf" / "nested").mkdir()
    (folder / "scripts" / "conf" / "nested" / "x.yaml").write_text("name: nested\n")
    assert result(folder, "train.py", "--config-name=nested/x")["cfg"]["name"] == "nested"


def test_adding_what_is_there_and_removing_what_is_null_work(folder):
    (folder / "scripts" / "conf" / "demo.yaml").write_text(CONFIG + "  max_time: null\n")
    run = result(folder, "train.py", "+trainer.max_steps=7", "~trainer.max_time", "++model.new.deep=1")
    assert run["cfg"]["trainer"] == {"max_epochs": 5, "max_steps": 7}
    assert run["cfg"]["model"]["new"] == {"deep": 1}


@pytest.mark.parametrize(
    ("gpus", "expected"),
    [
        ("0", {"accelerator": "cpu", "devices": 1}),
        ("-1", {"accelerator": "gpu", "devices": "auto"}),
        ("[0, 2]", {"accelerator": "gpu", "devices": [0, 2]}),
    ],
)
def test_gpus_in_yaml_and_on_the_command_line_are_translated_alike(folder, gpus, expected):
    plain = {"max_epochs": 5, "max_steps": -1}
    run = result(folder, "train.py", f"trainer.gpus={gpus}")
    assert run["cfg"]["trainer"] == {**plain, **expected}
    (folder / "scripts" / "conf" / "demo.yaml").write_text(CONFIG + f"  gpus: {gpus}\n")
    run = result(folder, "train.py")
    assert run["cfg"]["trainer"] == {**plain, **expected}
    assert (run["stderr"] + run["stdout"]).count("trainer.gpus=") == 1
    run = result(folder, "train.py", "trainer.gpus=3")
    assert run["cfg"]["trainer"] == {**plain, "accelerator": "gpu", "devices": 3}


def test_unknown_keys_are_all_named_with_the_nearest_known_one(folder):
    message = failure(folder, "train.py", "modle.optim.lr=3", "model.optim.lrr=1", "~model.test_dss", "+new.key=1")
    assert "modle.optim.lr=3: the configuration has no key modle.optim.lr. Did you mean model.optim.lr?" in message
    assert "Did you mean model.optim.lr? To add a new key, write +model.optim.lrr=1" in message
    assert "no key model.test_dss to remove. Did you mean model.test_ds?" in message
    assert "new.key" not in message
    assert "Traceback" not in message


def test_a_missing_config_says_where_it_was_looked_for(folder):
    message = failure(folder, "train.py", "--config-name=dmo")
    assert f"{folder}/scripts/conf/dmo.yaml. Did you mean demo?" in message
    message = failure(folder, "train.py", "--config_path=nowhere")
    assert f"{folder}/scripts/nowhere and {folder}/elsewhere/nowhere" in message


def test_broken_yaml_and_broken_overrides_are_explained_without_a_traceback(folder):
    message = failure(folder, "train.py", "x==")
    assert "'x=='" in message
    assert "key=value" in message
    (folder / "scripts" / "conf" / "demo.yaml").write_text("a: [1\n")
    message = failure(folder, "train.py")
    assert "not valid YAML" in message
    assert "demo.yaml" in message
    assert "Traceback" not in message


@pytest.mark.parametrize("key", ["model.train_ds.manifest_filepath", "model.validation_ds.manifest_filepath"])
def test_a_mandatory_value_left_unset_is_named_with_the_override_to_give(folder, key):
    message = failure(folder, "train.py", READ=key)
    assert "model.train_ds.manifest_filepath has to be given" in message
    assert "model.train_ds.manifest_filepath=VALUE" in message
    assert "manifest of the recordings to train on" in message
    assert f"{folder}/scripts/conf/demo.yaml line 6" in message


def test_a_fault_that_the_program_finds_is_told_with_file_and_line(folder):
    yaml = CONFIG.replace("min_lr: 0.0", "min_lr: much")
    (folder / "scripts" / "conf" / "demo.yaml").write_text(yaml)
    message = failure(folder, "train.py", CHECK="1")
    assert "model.optim.sched.min_lr is 'much'; expected a number" in message
    assert f"  model.optim.sched.min_lr: {folder}/scripts/conf/demo.yaml line 18" in message


def test_help_tells_what_the_script_does_and_shows_the_config(folder):
    done = start(folder, "train.py", "--help", "model.optim=sgd")
    assert done.returncode == 0
    assert done.stdout.startswith("Trains a demonstration.\n")
    for expected in ["python train.py key=value", "'~key'", "model.train_ds.manifest_filepath=VALUE", "name: sgd"]:
        assert expected in done.stdout
    assert "RESULT" not in done.stdout


def test_hydra_s_own_options_still_work(folder):
    done = start(folder, "train.py", "--cfg", "job", "model.optim=sgd")
    assert "name: sgd" in done.stdout
    assert "RESULT" not in done.stdout
    done = start(folder, "train.py", "--multirun", "name=a,b")
    assert done.stdout.count("RESULT") == 2


def test_a_dataclass_alone_is_a_configuration(folder):
    run = result(folder, "transcribe.py", "model_path=x.nemo", "decoding.beam_size=4", "+trainer.max_epochs=3")
    assert run["cfg"]["model_path"] == "x.nemo"
    assert run["cfg"]["batch_size"] == 8
    assert run["cfg"]["decoding"] == {"beam_size": 4, "strategy": "greedy"}
    assert run["cfg"]["trainer"]["max_epochs"] == 3
    run = result(folder, "transcribe.py", "trainer.gpus=0")
    assert (run["cfg"]["trainer"]["accelerator"], run["cfg"]["trainer"]["devices"]) == ("cpu", 1)


def test_command_line_wins_over_yaml_which_wins_over_the_dataclass(folder):
    yaml = "batch_size: 16\ntext: from yaml\ndecoding: {beam_size: 2}\n"
    (folder / "scripts" / "transcription.yaml").write_text(yaml)
    cfg = result(folder, "transcribe.py", "text=typed")["cfg"]
    assert (cfg["text"], cfg["batch_size"], cfg["model_path"]) == ("typed", 16, "???")
    assert cfg["decoding"] == {"beam_size": 2, "strategy": "greedy"}


def test_a_key_that_the_dataclass_lacks_is_an_error_in_yaml_and_on_the_command_line(folder):
    message = failure(folder, "transcribe.py", "batchsize=3")
    assert "Did you mean batch_size?" in message
    message = failure(folder, "transcribe.py", "batch_size=many")
    assert "many" in message
    (folder / "scripts" / "transcription.yaml").write_text("decoding: {beam: 2}\nbatchsize: 3\n")
    message = failure(folder, "transcribe.py")
    assert (
        "transcription.yaml line 1: Transcription has no key decoding.beam. Did you mean decoding.beam_size?" in message
    )
    assert "transcription.yaml line 2: Transcription has no key batchsize. Did you mean batch_size?" in message


def test_with_a_dataclass_the_config_name_may_not_lead_into_a_folder(folder):
    message = failure(folder, "transcribe.py", "--config-name", "conf/demo")
    assert "--config-path conf --config-name demo" in message
    assert "was not found" in failure(folder, "transcribe.py", "--config-name", "absent")


def test_calling_with_a_config_goes_around_hydra():
    @hydra_runner(config_path="nowhere", config_name="nothing")
    def main(cfg):
        return cfg

    config = OmegaConf.create({"a": 1})
    assert main(config) is config
    assert main.__name__ == "main"


def test_resolvers_compute_and_may_be_registered_again():
    register_resolvers()
    register_resolvers()
    config = OmegaConf.create({"a": 3, "b": "${multiply:${.a},2,2}", "c": "${sum:${a},4}", "gpu": "${gpu_name:}"})
    assert (config.b, config.c) == (12, 7)
    assert isinstance(config.gpu, str)
