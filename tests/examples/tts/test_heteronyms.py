"""aligner_heteronym_disambiguation.py: which pronunciation was spoken."""

import json

import pytest
import soundfile
import torch

from nemo.collections.tts.models import AlignerModel
from tests.collections.tts.models.test_aligner import CONFIG, near_the_diagonal, quiet_trainer
from tests.collections.tts.models.test_fastpitch import batch_of_tones
from tests.examples.tts.test_scripts import run

WORDS = "ABAB  AA1 B AA1 B\nBCC  B K K\nX  K AA1 K K\nX(1)  AA1 B AA1 B\n"


@pytest.mark.filterwarnings("ignore:The '.*dataloader' does not have many workers")
def test_the_spoken_pronunciation_is_found(tmp_path, monkeypatch):
    dictionary = tmp_path / "words.txt"
    dictionary.write_text(WORDS)
    tokenizer = {
        "_target_": "nemo.collections.common.tokenizers.text_to_speech.tts_tokenizers.EnglishPhonemesTokenizer",
        "stresses": True,
        "pad_with_space": True,
        "g2p": {
            "_target_": "nemo.collections.tts.g2p.models.en_us_arpabet.EnglishG2p",
            "phoneme_dict": str(dictionary),
        },
    }
    model = AlignerModel({**CONFIG, "text_tokenizer": tokenizer})
    batch = batch_of_tones(model)
    batch["align_prior_matrix"] = near_the_diagonal(model, batch)
    model.set_trainer(quiet_trainer(max_epochs=8))
    model.trainer.fit(model, torch.utils.data.DataLoader([batch] * 10, batch_size=None))
    model.save_to(str(tmp_path / "aligner.nemo"))

    samples = batch["audio"][0, : int(batch["audio_lens"][0])].numpy()  # of "abab"
    soundfile.write(tmp_path / "x.wav", samples, 8000, subtype="FLOAT")
    line = {"audio_filepath": "x.wav", "duration": len(samples) / 8000, "text": "x!"}
    (tmp_path / "in.json").write_text(json.dumps(line) + "\n")
    files = [f"--model={tmp_path}/aligner.nemo", f"--manifest={tmp_path}/in.json", f"--out={tmp_path}/out.json"]
    run("aligner_heteronym_disambiguation", files, monkeypatch)
    assert json.loads((tmp_path / "out.json").read_text()) == {**line, "disambiguated_text": "|AA1 B AA1 B|!"}
    run("aligner_heteronym_disambiguation", [*files, "--confidence=1000"], monkeypatch)
    assert json.loads((tmp_path / "out.json").read_text())["disambiguated_text"] == "x!"
