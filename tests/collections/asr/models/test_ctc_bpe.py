import shutil

import pytest
import torch
from omegaconf import OmegaConf

from nemo.collections.asr.models import ASRModel, EncDecCTCModelBPE
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.models import tiny


@pytest.fixture
def tokenizer(tmp_path):
    return tiny.tokenizer_folder(tmp_path / "tokenizer")


def config(folder, **more):
    cfg = tiny.config(tokenizer={"dir": folder, "type": "bpe"}, **more)
    cfg["decoder"] = {"_target_": f"{tiny.MODULES}.ConvASRDecoder", "feat_in": 24, "num_classes": -1, "vocabulary": []}
    return cfg


def test_vocabulary_comes_from_the_tokenizer(tokenizer):
    model = EncDecCTCModelBPE(cfg=config(tokenizer))
    assert list(model.cfg.decoder.vocabulary) == model.tokenizer.vocab == model.decoder.vocabulary
    assert model.cfg.decoder.num_classes == model.tokenizer.vocab_size == model.decoding.blank_id


def test_decoding_joins_pieces(tokenizer):
    model = EncDecCTCModelBPE(cfg=config(tokenizer))
    ids = model.tokenizer.text_to_ids("ab c")
    blank = model.decoding.blank_id
    frames = [label for index in ids for label in (index, blank)]
    assert model.decoding.ctc_decoder_predictions_tensor(torch.tensor([frames]))[0] == ["ab c"]


def test_an_archive_carries_the_tokenizer(tokenizer, tmp_path):
    model = EncDecCTCModelBPE(cfg=config(tokenizer)).eval()
    path = str(tmp_path / "model.nemo")
    model.save_to(path)
    shutil.rmtree(tokenizer)
    again = ASRModel.restore_from(path).eval()
    assert type(again) is EncDecCTCModelBPE
    assert again.tokenizer.text_to_ids("cab a") == model.tokenizer.text_to_ids("cab a")
    audio = torch.from_numpy(tiny.signal(0.4))[None]
    outputs = [part(input_signal=audio, input_signal_length=torch.tensor([6400]))[0] for part in (model, again)]
    assert torch.equal(*outputs)
    assert again.cfg.target == "nemo.collections.asr.models.ctc_bpe_models.EncDecCTCModelBPE"


def test_training_data_is_tokenized(tokenizer, tmp_path):
    _, manifest = tiny.recordings(tmp_path)
    section = tiny.dataset(manifest, shuffle=False)
    del section["labels"]
    model = EncDecCTCModelBPE(cfg=config(tokenizer, train_ds=section))
    _, _, tokens, lengths = next(iter(model.train_dataloader()))
    texts = [model.tokenizer.ids_to_text(row[:length].tolist()) for row, length in zip(tokens, lengths, strict=True)]
    assert texts == ["a b", "b c a"]
    assert model.training_step is not None


def test_change_vocabulary_takes_another_tokenizer_and_saves_it(tokenizer, tmp_path):
    model = EncDecCTCModelBPE(cfg=config(tokenizer))
    other = tiny.tokenizer_folder(tmp_path / "other", vocab_size=9, text="x y z xy yz zx")
    model.change_vocabulary(new_tokenizer_dir=other, new_tokenizer_type="bpe")
    assert model.decoder.num_classes_with_blank == model.tokenizer.vocab_size + 1
    assert model.cfg.tokenizer.type == "bpe"
    path = str(tmp_path / "changed.nemo")
    model.save_to(path)
    shutil.rmtree(other)
    again = ASRModel.restore_from(path)
    assert again.tokenizer.ids_to_text(again.tokenizer.text_to_ids("xy z")) == "xy z"


def test_change_vocabulary_takes_a_section_too(tokenizer, tmp_path):
    model = EncDecCTCModelBPE(cfg=config(tokenizer))
    section = OmegaConf.create({"dir": tiny.tokenizer_folder(tmp_path / "other", text="x y xy yx")})
    model.change_vocabulary(section, "bpe")
    assert "x" in "".join(model.decoder.vocabulary)


def test_a_missing_tokenizer_leaves_the_model_as_it_was(tokenizer, tmp_path):
    model = EncDecCTCModelBPE(cfg=config(tokenizer))
    before = model.cfg
    with pytest.raises(FileNotFoundError, match=r"tokenizer\.model"):
        model.change_vocabulary(str(tmp_path / "nowhere"), "bpe")
    assert model.cfg is before
    assert list(model.decoder.vocabulary) == model.tokenizer.vocab


def test_without_a_tokenizer_section_the_error_says_how_to_get_one():
    with pytest.raises(ConfigError, match=r"model\.tokenizer is missing"):
        EncDecCTCModelBPE(cfg=tiny.config())
