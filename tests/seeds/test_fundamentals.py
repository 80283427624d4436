"""Rows 0-* and 1-* of the seed documents: what a model is, how it is configured and trained."""

import ast
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue

from nemo.core import Dataset, Loss, ModelPT, NeuralModule
from nemo.core.config import hydra_runner
from tests.conftest import REPOSITORY
from tests.core.tiny import TinyModel, tiny_config

EXAMPLES = REPOSITORY / "examples"
CONFIGS = sorted(path for path in EXAMPLES.glob("asr/conf/*/*.yaml"))
TRAINING_SCRIPTS = sorted(EXAMPLES.glob("asr/asr_ctc/*.py"))

SCRIPT = """
import pytorch_lightning as pl
from omegaconf import OmegaConf
from nemo.core.config import hydra_runner
from tests.core.tiny import TinyModel

@hydra_runner(config_path="conf", config_name="tiny")
def main(cfg):
    trainer = pl.Trainer(**cfg.trainer)
    model = TinyModel(cfg.model, trainer)
    trainer.fit(model)
    print(OmegaConf.to_yaml(cfg, resolve=True))
    print("finished at step", trainer.global_step)

if __name__ == "__main__":
    main()
"""
YAML = """
model:
  width: 3
  train_ds: {seed: 1}
  optim: {name: sgd, lr: 0.1}
trainer:
  accelerator: cpu
  devices: 1
  max_epochs: 2
  logger: false
  enable_checkpointing: false
  enable_progress_bar: false
  enable_model_summary: false
"""


@pytest.fixture
def script(tmp_path):
    """The seed's training script with its config beside it."""
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "tiny.yaml").write_text(YAML)
    (tmp_path / "run_example_training.py").write_text(SCRIPT)
    return tmp_path / "run_example_training.py"


def run(script: Path, *arguments: str, succeeds: bool = True) -> str:
    done = subprocess.run(
        [sys.executable, str(script), *arguments], capture_output=True, text=True, cwd=script.parent, check=False,
        env={**__import__("os").environ, "PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    assert (done.returncode == 0) == succeeds, done.stdout + done.stderr
    return done.stdout + done.stderr


def trainer(**more):
    quiet = {
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    return pl.Trainer(**{"accelerator": "cpu", "devices": 1, "max_epochs": 1, **quiet, **more})


def test_row_0_1_a_model_holds_network_data_optimizer_and_config():
    model = TinyModel(tiny_config(train_ds={}))
    model.setup_optimization()
    assert isinstance(model, ModelPT) and model._train_dl is not None
    assert isinstance(model._optimizer, torch.optim.Optimizer) and isinstance(model.cfg, DictConfig)


def test_row_0_2_components_are_torch_modules():
    assert issubclass(NeuralModule, torch.nn.Module) and issubclass(Loss, torch.nn.Module)
    assert issubclass(Dataset, torch.utils.data.Dataset)


def test_row_0_3_and_0_10_trained_by_lightning_with_keys_of_the_trainer():
    config = OmegaConf.create({"accelerator": "cpu", "devices": 1, "max_steps": 2, "precision": 32, "max_epochs": -1})
    t = trainer(**config)
    t.fit(TinyModel(tiny_config(train_ds={}), t))
    assert t.global_step == 2


def test_row_0_4_the_constructor_takes_the_model_section():
    with pytest.raises(ValueError, match="cfg.model"):
        TinyModel(OmegaConf.create({"model": {}, "trainer": {}}))


def test_row_0_5_pieces_are_built_from_their_sections():
    section = OmegaConf.create({"_target_": "torch.nn.Linear", "in_features": 2, "out_features": 3})
    assert isinstance(TinyModel.from_config_dict(section), torch.nn.Linear)


def test_row_0_6_the_parent_class_makes_the_optimizer():
    assert "configure_optimizers" not in vars(TinyModel)
    model = TinyModel(tiny_config())
    assert isinstance(model.configure_optimizers(), torch.optim.SGD)


def test_row_0_7_setup_training_data_gets_train_ds():
    class Counting(TinyModel):
        calls: list = []

        def setup_training_data(self, train_data_config):
            self.calls.append(dict(train_data_config))
            super().setup_training_data(train_data_config)

    Counting(tiny_config(train_ds={"seed": 4}))
    assert Counting.calls == [{"seed": 4}]


@pytest.mark.parametrize("as_dict", [False, True])
def test_row_0_8_training_step_returns_a_tensor_or_a_dict(as_dict):
    class OneArgument(TinyModel):
        def training_step(self, batch):
            loss = torch.nn.functional.mse_loss(self(batch[0]), batch[1])
            return {"loss": loss} if as_dict else loss

    t = trainer()
    model = OneArgument(tiny_config(train_ds={}), t)
    before = model.encoder.weight.clone()
    t.fit(model)
    assert not torch.equal(before, model.encoder.weight)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_row_0_9_every_shipped_config_has_the_sections(path):
    config = OmegaConf.load(path)
    assert {"name", "model", "trainer", "exp_manager"} <= set(config)
    assert {"train_ds", "validation_ds", "optim"} <= set(config.model)


def test_row_0_11_the_script_runs(script):
    assert "finished at step 8" in run(script)


def test_row_0_12_main_with_a_config_goes_past_hydra():
    @hydra_runner(config_path="nowhere", config_name="nothing")
    def main(cfg):
        return cfg.a

    assert main(OmegaConf.create({"a": 5})) in (5, None)  # the seed's main(cfg)


@pytest.mark.parametrize("name", ["tiny", "tiny.yaml"])
def test_row_0_13_config_name_with_and_without_ending(script, name):
    script.write_text(SCRIPT.replace('"tiny"', f'"{name}"'))
    assert "finished" in run(script)


def test_row_0_14_a_dataclass_is_the_default_config(script):
    script.write_text(
        "from dataclasses import dataclass\nfrom nemo.core.config import hydra_runner\n"
        "@dataclass\nclass Defaults:\n    width: int = 7\n"
        "@hydra_runner(config_name='Defaults', schema=Defaults)\n"
        "def main(cfg):\n    print('width is', cfg.width)\nmain()\n"
    )
    assert "width is 7" in run(script)
    assert "width is 9" in run(script, "width=9")


def test_row_0_15_the_config_is_an_omegaconf_dictconfig():
    cfg = OmegaConf.create({"model": {"x": 3, "y": "${model.x}", "z": "???"}})
    assert cfg.model.y == 3
    with pytest.raises(MissingMandatoryValue):
        _ = cfg.model.z


@pytest.mark.parametrize(
    "flags", [("--config_path={0}", "--config_name=other"), ("--config-path={0}", "--config-name=other")]
)
def test_row_0_16_both_spellings_of_the_flags(script, tmp_path, flags):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "other.yaml").write_text(YAML.replace("width: 3", "width: 6"))
    output = run(script, *(flag.format(tmp_path / "elsewhere") for flag in flags))
    assert "width: 6" in output


def test_row_0_17_keys_are_overridden_deleted_and_added(script):
    output = run(script, "model.optim.lr=0.001", "~trainer.max_epochs", "+trainer.max_steps=5")
    assert "lr: 0.001" in output and "max_epochs" not in output and "finished at step 5" in output


def test_row_0_20_an_archive_holds_weights_and_config(tmp_path):
    TinyModel(tiny_config()).save_to(str(tmp_path / "a.nemo"))
    with tarfile.open(tmp_path / "a.nemo") as tar:
        assert {"./model_weights.ckpt", "./model_config.yaml"} <= set(tar.getnames())


def test_row_0_22_pretrained_models_come_from_the_cache(tmp_path, monkeypatch):
    import hashlib

    monkeypatch.setenv("NEMO_CACHE_DIR", str(tmp_path))
    info = TinyModel.list_available_models()[0]
    digest = hashlib.md5((info.location + info.description).encode()).hexdigest()
    TinyModel(tiny_config()).save_to(str(tmp_path / "tiny_en" / digest / "tiny_en.nemo"))
    assert isinstance(TinyModel.from_pretrained("tiny_en"), TinyModel)


def test_row_0_23_fine_tuning_overwrites_weights_and_freezes(tmp_path):
    source = TinyModel(tiny_config())
    source.save_to(str(tmp_path / "a.nemo"))
    model = TinyModel(tiny_config())
    model.maybe_init_from_pretrained_checkpoint(OmegaConf.create({"init_from_nemo_model": str(tmp_path / "a.nemo")}))
    assert torch.equal(model.encoder.weight, source.encoder.weight)


@pytest.mark.parametrize("path", TRAINING_SCRIPTS, ids=lambda path: path.stem)
def test_row_1_1_every_training_script_has_the_same_anatomy(path):
    calls = [ast.unparse(node) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    for expected in (
        "hydra_runner(",
        "pl.Trainer(**",
        "exp_manager(trainer",
        "maybe_init_from_pretrained_checkpoint",
        ".fit(",
    ):
        assert any(expected in call for call in calls), f"{path.name} never calls {expected}"


def test_row_1_2_a_users_own_model_trains_and_saves(tmp_path):
    class OwnModel(TinyModel):
        """Defined where it is used."""

    t = trainer()
    model = OwnModel(tiny_config(train_ds={}), t)
    t.fit(model)
    model.save_to(str(tmp_path / "own.nemo"))
    assert torch.equal(OwnModel.restore_from(str(tmp_path / "own.nemo")).encoder.weight, model.encoder.weight)


def test_row_1_4_a_plain_dict_is_accepted_as_config():
    assert TinyModel({"width": 4}).cfg.width == 4


def test_row_0_24_domains_have_a_place_to_start_from():
    assert (REPOSITORY / "README.md").is_file() and (REPOSITORY / "docs" / "architecture.md").is_file()


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_row_0_25_every_shipped_config_gives_the_network_a_complete_description(path):
    """That each one builds, trains a step and saves is in tests/examples/asr/test_configs.py."""
    config = OmegaConf.to_container(OmegaConf.load(path), resolve=False)
    if "init_from_nemo_model" in config:  # fine-tuning: the network is that of another model
        return
    model = config["model"]
    decoder = "decoder" if "decoder" in model else "transf_decoder"
    assert all("_target_" in model[part] for part in ("preprocessor", "encoder", decoder))


def test_row_1_3_the_base_config_comes_from_yaml_or_dataclass_and_is_overwritten(script):
    assert "width: 3" in run(script)
    assert "width: 11" in run(script, "model.width=11")
