"""Text classification archives of the original restore and compute what was recorded.

Tolerance: 2e-4 of the largest magnitude, as the archives' own index states it.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from nemo.collections.nlp.models import TextClassificationModel
from tests.arrays import arrays_of

COMPAT = Path(__file__).parents[3] / "data" / "compat"
ARCHIVES = sorted(path.stem for path in COMPAT.glob("*_nlp_text_classification_*.nemo"))


@pytest.fixture(params=ARCHIVES)
def case(request, monkeypatch):
    """A restored model, its inputs and the recorded arrays; no network meanwhile."""

    def refuse(*arguments, **named):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr("socket.socket.connect", refuse)
    model = TextClassificationModel.restore_from(str(COMPAT / f"{request.param}.nemo"), map_location="cpu").eval()
    given, recorded = (arrays_of(COMPAT / f"{request.param}.{kind}.npz") for kind in ("in", "out"))
    return model, given, recorded


def assert_close(found, recorded):
    scale = max(1.0, float(np.abs(recorded).max()))
    assert np.abs(found.numpy() - recorded).max() / scale < 2e-4


@torch.no_grad()
def test_states_logits_tokens_and_classes_are_those_recorded(case):
    model, given, recorded = case
    names = ("input_ids", "attention_mask", "token_type_ids")
    inputs = {name: torch.tensor(given[name].astype("int64")) for name in names}
    assert_close(model.bert_model(**inputs), recorded["hidden"])
    assert_close(model.forward(**inputs), recorded["logits_0"])
    texts = [str(text) for text in given["sentences"]]
    for text, row in zip(texts, recorded["token_ids"], strict=True):
        assert model.tokenizer.text_to_ids(text) == [index for index in row if index >= 0]
    assert model.classifytext(texts, batch_size=2, max_seq_length=32) == recorded["predicted"].tolist()


def test_an_archive_of_ours_has_the_members_and_names_of_the_originals(case, tmp_path):
    model, _, _ = case
    model.save_to(str(tmp_path / "again.nemo"))
    again = TextClassificationModel.restore_from(str(tmp_path / "again.nemo"))
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in model.state_dict().items())
    config = TextClassificationModel.restore_from(str(tmp_path / "again.nemo"), return_config=True)
    assert config.target == (
        "nemo.collections.nlp.models.text_classification.text_classification_model.TextClassificationModel"
    )
    assert config.language_model.config_file.endswith("__encoder_config.json")
    assert config.tokenizer.vocab_file.endswith("_vocab.txt")
