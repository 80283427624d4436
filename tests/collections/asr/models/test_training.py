"""Speech models with the sections that say what happens while a model trains; nemo.core.training has the details."""

import json

import pytest
import pytorch_lightning as pl
import soundfile
import torch

from nemo.collections.asr.models import EncDecCTCModel
from nemo.utils.app_state import AppState
from tests.collections.asr.models import tiny


@pytest.fixture(autouse=True)
def _no_run_of_others(monkeypatch):
    monkeypatch.setattr(AppState(), "log_dir", None)


def trained(manifest, folder, **config):
    section = tiny.dataset(manifest, shuffle=True, batch_size=1)
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    trainer = pl.Trainer(
        accelerator="cpu", devices=1, max_epochs=2, enable_model_summary=False, default_root_dir=folder, **quiet
    )
    model = EncDecCTCModel(cfg=tiny.config(train_ds=section, **config), trainer=trainer)
    trainer.fit(model)
    return model


@pytest.mark.battery("N1")
@pytest.mark.parametrize("skip_nan_grad", [False, True])
def test_recording_that_overflows_is_named_by_its_file_and_line_and_changes_nothing(tmp_path, skip_nan_grad):
    paths, manifest = tiny.recordings(tmp_path)
    spoiled = tiny.signal(0.9) * 1e30  # finite, but its power is not
    soundfile.write(paths[1], spoiled, tiny.SAMPLE_RATE, subtype="FLOAT")
    model = trained(manifest, tmp_path, skip_nan_grad=skip_nan_grad)
    reports = [json.loads(line) for line in (tmp_path / "non_finite_batches.jsonl").read_text().splitlines()]
    assert [report["samples"] for report in reports] == [[f"{paths[1]} ({manifest} line 2)"]] * 2
    assert all(torch.isfinite(value).all() for value in model.state_dict().values())


def test_encoder_compiled_and_encoder_checkpointed_train_like_the_plain_one(tmp_path):
    _, manifest = tiny.recordings(tmp_path)
    sections = {"compile": {"backend": "eager"}}, {"activation_checkpointing": {}}
    weights = []
    options = {"spec_augment": None, "optim": {"name": "sgd", "lr": 0.01}}
    for section in ({}, *sections):
        torch.manual_seed(1)
        weights.append(trained(manifest, tmp_path, **options, **section).state_dict())
    plain, compiled, checkpointed = weights
    assert list(plain) == list(compiled) == list(checkpointed)
    for name, value in plain.items():
        assert torch.equal(checkpointed[name], value), name
        # depthwise convolutions have a kernel of their own where they are not compiled
        torch.testing.assert_close(compiled[name], value, rtol=1e-4, atol=1e-4, msg=name)
