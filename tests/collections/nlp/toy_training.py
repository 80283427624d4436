"""Short training of toy models, and what is checked of every one that has learnt its sentences."""

import numpy as np
import pytest
import pytorch_lightning as pl
import torch


def fit(model, steps, **options):
    """Trains, and gives the trainer."""
    quiet = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
    trainer = pl.Trainer(accelerator="cpu", max_steps=steps, **quiet, **options)
    trainer.fit(model)
    return trainer


def learnt(model_class, config, folder, steps):
    """A model that knows the sentences of `config(folder)` by heart, its trainer and its folder."""
    pl.seed_everything(0)
    model = model_class(config(folder))
    return model, fit(model, steps, check_val_every_n_epoch=steps), folder


def assert_exported_agrees(model, folder, *outputs):
    """An encoder with a head gives the same from ONNX, under these names of outputs."""
    onnxruntime = pytest.importorskip("onnxruntime")
    model.eval()
    model.export(str(folder / "model.onnx"))
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
    ids = torch.randint(5, 20, (3, 11))
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": torch.zeros_like(ids)}
    with torch.no_grad():
        expected = model.forward(**inputs)
    found = session.run(list(outputs), {name: value.numpy() for name, value in inputs.items()})
    expected = expected if isinstance(expected, tuple) else (expected,)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-4)
