"""Scripts of examples/tts, run as their docstrings say, with recipes at toy size."""

import importlib.util
import re
import sys

import pytest
import torch
from omegaconf import OmegaConf

from nemo.collections.tts.models import FastPitchModel
from nemo.utils.exceptions import ConfigError
from tests.examples.tts.toy_recipes import EXAMPLES, read, shrink

QUICK = {
    "accelerator": "cpu", "devices": 1, "precision": 32, "max_epochs": 1, "check_val_every_n_epoch": 1,
    "num_sanity_val_steps": 0, "enable_progress_bar": False, "enable_model_summary": False, "log_every_n_steps": 1,
}  # fmt: skip


def toy(recipe, folder, name, **keys):
    """The folder of a toy recipe; what is trained with it goes to the folder `name`."""
    cfg = shrink(read(recipe), folder)
    cfg.trainer.update(QUICK)
    cfg.exp_manager.update(exp_dir=str(folder / name), create_tensorboard_logger=False)
    for key, value in keys.items():
        OmegaConf.update(cfg, key.replace("__", "."), value)
    path = folder / name / "conf" / "toy.yaml"
    path.parent.mkdir(parents=True)
    OmegaConf.save(cfg, path)
    return [f"--config-path={path.parent}", "--config-name=toy"]


def run(name, arguments, monkeypatch):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    script = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, script)
    spec.loader.exec_module(script)
    monkeypatch.setattr(sys, "argv", [str(EXAMPLES / f"{name}.py"), *arguments])
    return script.main()


def trained(folder):
    (path,) = folder.rglob("*.nemo")
    return path


@pytest.mark.filterwarnings("ignore:The '.*dataloader' does not have many workers")
def test_fastpitch_is_trained_and_fine_tuned_on_a_new_voice(tmp_path, monkeypatch, capsys):
    run("fastpitch", toy("conf/fastpitch_align_v1.05", tmp_path, "one"), monkeypatch)
    first = FastPitchModel.restore_from(str(trained(tmp_path / "one")))
    tuned = toy("conf/fastpitch_align_v1.05", tmp_path, "two", trainer__limit_train_batches=0)
    with pytest.raises(SystemExit):
        run("fastpitch_finetune", tuned, monkeypatch)
    assert "no trained model to start from" in capsys.readouterr().err
    source = f"+init_from_nemo_model={trained(tmp_path / 'one')}"
    run("fastpitch_finetune", [*tuned, source, "model.optim.lr=0.1"], monkeypatch)
    said = capsys.readouterr().out
    assert "Add '~model.optim.sched'" in said
    assert "model.optim.lr is 0.1; for fine-tuning 1e-05 to 0.001 are usual" in said
    assert re.search(rf"loaded +{len(first.state_dict())} ", said)


def test_other_voices_begin_anew_and_all_else_is_taken_over(tmp_path):
    """What the docstring of fastpitch_finetune.py says of several voices."""
    cfg = shrink(read("conf/es/fastpitch_align_44100_ipa_multi"), tmp_path)
    section = {**OmegaConf.to_container(cfg, resolve=True)["model"], "train_ds": None, "validation_ds": None}
    old = FastPitchModel(section)
    old.save_to(str(tmp_path / "voices.nemo"))
    new = FastPitchModel({**section, "n_speakers": 3})
    path = {"path": str(tmp_path / "voices.nemo")}
    with pytest.raises(ConfigError, match="speaker_emb"):
        new.maybe_init_from_pretrained_checkpoint(OmegaConf.create({"init_from_nemo_model": {"source": path}}))
    source = {**path, "exclude": ["speaker_emb"]}
    new.maybe_init_from_pretrained_checkpoint(OmegaConf.create({"init_from_nemo_model": {"source": source}}))
    for name, tensor in old.state_dict().items():
        assert torch.equal(new.state_dict()[name], tensor) or "speaker_emb" in name, name
    single = FastPitchModel({**section, "n_speakers": 1})
    single.maybe_init_from_pretrained_checkpoint(OmegaConf.create({"init_from_nemo_model": path["path"]}))
    assert torch.equal(single.fastpitch.encoder.word_emb.weight, old.fastpitch.encoder.word_emb.weight)


@pytest.mark.filterwarnings("ignore:The '.*dataloader' does not have many workers")
@pytest.mark.parametrize("name", ["aligner", "tacotron2"])
def test_script_trains(name, tmp_path, monkeypatch):
    run(name, toy(f"conf/{name}", tmp_path, "one"), monkeypatch)
    assert trained(tmp_path / "one").stat().st_size > 1000
