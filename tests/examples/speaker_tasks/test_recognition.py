"""Recipes and scripts of examples/speaker_tasks/recognition, at toy size, run as their docstrings say."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from hydra import compose, initialize_config_dir

from nemo.collections.asr.models import EncDecSpeakerLabelModel
from tests.collections.asr.models import tiny_speakers
from tests.collections.asr.models.test_ctc import trainer
from tests.examples.asr.test_recipes import Losses

FOLDER = Path(__file__).parents[3] / "examples" / "speaker_tasks" / "recognition"
SMALL = {
    "ecapa_tdnn": ["model.encoder.filters=[16,16,16,16,24]"],
    "titanet-large": [f"model.model_defaults.{key}" for key in ("filters=16", "out_filters=24", "repeat=1")],
}
"""One line for each recipe; fine-tuning has no model of its own."""
MILLIONS = {"ecapa_tdnn": 20.9, "titanet-large": 22.1}
"""Weights without the last layer."""


def sets(manifest):
    names = ("train_ds", "validation_ds", "test_ds")
    values = (f"manifest_filepath={manifest}", "batch_size=9", "num_workers=0", "pin_memory=false")
    return [f"model.{name}.{value}" for name in names for value in values]


def read(recipe, arguments=()):
    with initialize_config_dir(str(FOLDER / "conf"), version_base="1.3"):
        return compose(recipe, overrides=list(arguments))


def run(name, arguments, monkeypatch):
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    script = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, script)
    spec.loader.exec_module(script)
    monkeypatch.setattr(sys, "argv", [str(FOLDER / f"{name}.py"), *arguments])
    script.main()


@pytest.mark.parametrize("recipe", SMALL)
def test_recipe_learns_saves_and_exports(recipe, tmp_path):
    _, manifest = tiny_speakers.recordings(tmp_path, each=2)
    toy = [*SMALL[recipe], "model.decoder.emb_sizes=8", "model.preprocessor.features=16"]
    cfg = read(recipe, [*sets(manifest), *toy])
    fitting, losses = trainer(max_steps=6), Losses()
    fitting.callbacks.append(losses)
    model = EncDecSpeakerLabelModel(cfg=cfg.model, trainer=fitting)
    assert model.setup_optimization() is not None  # the recipe's own optimizer and schedule can be built
    model.cfg.optim = {"name": "adamw", "lr": 0.01, "weight_decay": 0.0}
    fitting.fit(model)
    assert min(losses.values[-2:]) < losses.values[0]
    assert cfg.exp_manager.checkpoint_callback_params.monitor in fitting.validate(model, verbose=False)[0]
    model.save_to(str(tmp_path / "m.nemo"))
    again = EncDecSpeakerLabelModel.restore_from(str(tmp_path / "m.nemo")).eval()
    samples = tiny_speakers.voice("ann", 0.4, 7)
    assert torch.equal(again.infer_segment(samples)[0], model.infer_segment(samples)[0])
    again.export(str(tmp_path / "m.onnx"))
    session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"))
    features, lengths = torch.randn(1, 16, 50), torch.tensor([50])
    names = [each.name for each in session.get_inputs()]
    found = session.run(None, dict(zip(names, (features.numpy(), lengths.numpy()), strict=True)))
    with torch.no_grad():
        np.testing.assert_allclose(found[1], again.forward_for_export(features, lengths)[1], atol=1e-4)


@pytest.mark.parametrize("recipe", SMALL)
def test_recipe_has_the_size_of_the_paper(recipe):
    model = read(recipe, ["model.decoder.num_classes=1", "model.decoder.feat_in=3072"]).model
    with torch.device("meta"):
        parts = [EncDecSpeakerLabelModel.from_config_dict(section) for section in (model.encoder, model.decoder)]
    weights = sum(weight.numel() for part in parts for weight in part.parameters())
    assert weights / 1e6 == pytest.approx(MILLIONS[recipe], abs=0.1)


def test_every_recipe_has_a_line():
    assert sorted([*SMALL, "titanet-finetune"]) == sorted(path.stem for path in (FOLDER / "conf").glob("*.yaml"))


def test_scripts_train_fine_tune_and_extract(tmp_path, monkeypatch, capsys):
    """One after the other, as a user does."""
    _, manifest = tiny_speakers.recordings(tmp_path, each=2)
    quick = ["trainer.max_epochs=1", "trainer.accelerator=cpu", "trainer.devices=1", "trainer.log_every_n_steps=1"]
    quick += ["+trainer.enable_progress_bar=false", "+trainer.enable_model_summary=false"]
    quick += ["exp_manager.create_tensorboard_logger=false", *sets(manifest)]
    toy = [*SMALL["titanet-large"], "model.decoder.emb_sizes=8"]
    run("speaker_reco", [*quick, *toy, f"exp_manager.exp_dir={tmp_path}/one"], monkeypatch)
    (first,) = (tmp_path / "one").rglob("*.nemo")

    text = Path(manifest).read_text().replace('"label": "bob"', '"label": "ann"')
    Path(manifest).write_text(text)  # two speakers now
    tuned = [f"init_from_nemo_model={first}", f"exp_manager.exp_dir={tmp_path}/two"]
    run("speaker_reco_finetune", [*quick, *tuned], monkeypatch)
    (second,) = (tmp_path / "two").rglob("*.nemo")
    assert EncDecSpeakerLabelModel.restore_from(str(second)).labels == ["ann", "eve"]

    names = [Path(line.split('"')[3]).name for line in text.splitlines()]
    (tmp_path / "trials.txt").write_text(f"1 {names[0]} {names[3]}\n0 {names[0]} {names[2]}\n")
    arguments = [f"--manifest={manifest}", f"--model_path={second}", f"--embedding_dir={tmp_path}/out"]
    run("extract_speaker_embeddings", [*arguments, f"--trials={tmp_path}/trials.txt"], monkeypatch)
    with np.load(tmp_path / "out" / "speakers_embeddings.npz") as saved:
        assert saved["embeddings"].shape == (6, 8) and [Path(path).name for path in saved["paths"]] == names
    assert "equal error rate" in "".join(capsys.readouterr())
