import json

import pytest
import soundfile
import torch

from nemo.collections.asr.models import EncDecRegressionModel
from nemo.collections.common.exceptions import ManifestError
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.models import tiny, tiny_classifier
from tests.collections.asr.models.test_ctc import trainer


def manifest_of(folder, values):
    lines = []
    for index, value in enumerate(values):
        path = folder / f"{index}.wav"
        soundfile.write(path, tiny.signal(0.3, 200 + 400 * index), tiny.SAMPLE_RATE)
        lines.append({"audio_filepath": str(path), "duration": 0.3, "label": value})
    (folder / "m.json").write_text("\n".join(map(json.dumps, lines)))
    return [line["audio_filepath"] for line in lines], str(folder / "m.json")


def config(**more):
    return tiny_classifier.config(labels=None, is_regression_task=True, **more)


def test_training_approaches_the_numbers_and_measures_errors(tmp_path):
    paths, manifest = manifest_of(tmp_path, [0.5, "2", 3.5])
    sections = {
        "train_ds": tiny_classifier.dataset(manifest),
        "validation_ds": tiny_classifier.dataset(manifest, batch_size=2),
    }
    fitting = trainer(max_steps=60)
    model = EncDecRegressionModel(cfg=config(**sections), trainer=fitting)
    before = fitting.validate(model, verbose=False)[0]
    errors = torch.tensor(model.transcribe(paths, verbose=False)) - torch.tensor([0.5, 2.0, 3.5])
    assert before["val_mse"] == pytest.approx(float(errors.square().mean()), rel=1e-4)
    assert before["val_mae"] == pytest.approx(float(errors.abs().mean()), rel=1e-4)
    fitting.fit(model)
    assert fitting.validate(model, verbose=False)[0]["val_mse"] < 0.5 * before["val_mse"]
    model.save_to(str(tmp_path / "m.nemo"))
    again = EncDecRegressionModel.restore_from(str(tmp_path / "m.nemo"))
    assert again.transcribe(paths, verbose=False) == model.transcribe(paths, verbose=False)


def test_faults_are_named(tmp_path):
    with pytest.raises(ConfigError, match="is_regression_task is false"):
        EncDecRegressionModel(cfg=tiny_classifier.config())
    _, manifest = manifest_of(tmp_path, [1, "old"])
    with pytest.raises(ManifestError, match=r"line 2: \"label\" is 'old'"):
        EncDecRegressionModel(cfg=config(train_ds=tiny_classifier.dataset(manifest)))
