import json

import pytest
import torch
from omegaconf import OmegaConf
from pytorch_lightning import Trainer

from nemo.collections.asr.data.audio_to_label import repeat_signal
from nemo.collections.asr.data.loader_values import inject_dataloader_value_from_model_config
from nemo.collections.asr.data.prediction_writer import ASRPredictionWriter
from nemo.collections.asr.models.ctc import EncDecCTCModel
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.models import tiny


@pytest.mark.filterwarnings("ignore:.*does not have many workers")
def test_predictions_are_the_transcripts(tmp_path):
    paths, manifest = tiny.recordings(tmp_path)
    torch.manual_seed(0)
    model = EncDecCTCModel(OmegaConf.create(tiny.config()))
    model.setup_test_data(tiny.dataset(manifest, return_sample_id=True, shuffle=False))
    writer = ASRPredictionWriter(model._test_dl.dataset, tmp_path / "out.json")
    trainer = Trainer(
        accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False, callbacks=[writer]
    )
    trainer.predict(model, model._test_dl, return_predictions=False)
    assert writer.close_output_file() == 3
    lines = [json.loads(line) for line in (tmp_path / "out.json").read_text().splitlines()]
    assert [line["audio_filepath"] for line in lines] == paths
    assert [line["text"] for line in lines] == ["a b", "b c a", "c"]
    with torch.no_grad():
        found = [pair for batch in model._test_dl for pair in model.eval().predict_step(batch, 0)]
    assert [line["pred_text"] for line in lines] == [text for _, text in sorted(found, key=lambda pair: pair[0])]


def test_a_dataset_without_entries_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="list does not know the entry"):
        ASRPredictionWriter([], tmp_path / "out.json")


def test_a_section_gets_the_value_of_its_model(caplog):
    section = OmegaConf.create({"batch_size": 2})
    inject_dataloader_value_from_model_config({"labels": ["a", "b"]}, section, "labels")
    assert section.labels == ["a", "b"]
    inject_dataloader_value_from_model_config(OmegaConf.create({"labels": ["c"]}), section, "labels")
    assert section.labels == ["a", "b"]
    assert "own labels differs" in caplog.text
    inject_dataloader_value_from_model_config({}, section, "sample_rate")
    assert "sample_rate" not in section


@pytest.mark.parametrize(
    ("length", "expected"), [(3, [1, 2, 3]), (5, [1, 2, 3, 2, 3]), (7, [1, 2, 3, 1, 2, 3, 3]), (2, [2, 3])]
)
def test_a_signal_is_repeated_and_ends_with_its_end(length, expected):
    assert repeat_signal(torch.tensor([1, 2, 3]), 3, length).tolist() == expected
