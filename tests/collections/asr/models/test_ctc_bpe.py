import json
import os
import shutil
import tarfile
from pathlib import Path

import pytest
import torch
import yaml
from omegaconf import OmegaConf

from nemo.collections.asr.models import ASRModel, EncDecCTCModelBPE
from nemo.collections.common.exceptions import ManifestError
from nemo.utils.exceptions import ConfigError, UnsafeTargetError
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


@pytest.fixture
def languages(tmp_path):
    """A section with one tokenizer for each of two languages, which share letters."""
    english = tiny.tokenizer_folder(tmp_path / "en")
    german = tiny.tokenizer_folder(tmp_path / "de", vocab_size=10, text="c b a cb ba")
    return {"type": "agg", "langs": {"en": {"dir": english, "type": "bpe"}, "de": {"dir": german, "type": "bpe"}}}


def multilingual(section, **more):
    return config("", **more) | {"tokenizer": section}


def test_a_model_of_two_languages_trains_decodes_and_travels(languages, tmp_path):
    _, manifest = tiny.recordings(tmp_path)
    lines = [json.loads(line) for line in Path(manifest).read_text().splitlines()]
    langs = ["en", "de", "de"]
    tagged = tmp_path / "tagged.json"
    tagged.write_text(
        "".join(json.dumps(line | {"lang": lang}) + "\n" for line, lang in zip(lines, langs, strict=True))
    )
    section = tiny.dataset(str(tagged), shuffle=False, batch_size=3)
    model = EncDecCTCModelBPE(cfg=multilingual(languages, train_ds=section))
    assert model.decoder.num_classes_with_blank == model.tokenizer.vocab_size + 1
    batch = next(iter(model.train_dataloader()))
    rows = [row[:length].tolist() for row, length in zip(batch[2], batch[3], strict=True)]
    assert [model.tokenizer.ids_to_text(row) for row in rows] == ["a b", "b c a", "c"]
    assert [model.tokenizer.ids_to_lang(row) for row in rows] == langs

    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    losses = []
    for _ in range(8):
        optimizer.zero_grad()
        loss = model._loss(batch)[0]
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]

    path = str(tmp_path / "model.nemo")
    model.save_to(path)
    for lang in langs:
        shutil.rmtree(languages["langs"][lang]["dir"], ignore_errors=True)
    again = ASRModel.restore_from(path)
    assert again.tokenizer.langs == ["en", "de"]
    assert again.tokenizer.vocab == model.tokenizer.vocab
    assert set(again.artifacts) >= {"tokenizer.langs.en.model_path", "tokenizer.langs.de.model_path"}


def test_hypotheses_of_a_multilingual_model_know_their_languages(languages):
    model = EncDecCTCModelBPE(cfg=multilingual(languages))
    ids = [*model.tokenizer.text_to_ids("a b", "en"), *model.tokenizer.text_to_ids("c", "de")]
    frames = torch.tensor([[label for index in ids for label in (index, model.decoding.blank_id)]])
    hypothesis = model.decoding.ctc_decoder_predictions_tensor(frames, return_hypotheses=True)[0][0]
    assert hypothesis == "a b c"
    assert hypothesis.langs == "en"
    assert "".join(token["char"] for token in hypothesis.langs_chars) == " a b c"
    assert [token["lang"] for token in hypothesis.langs_chars][-1] == "de"
    plain = EncDecCTCModelBPE(cfg=config(languages["langs"]["en"]["dir"]))
    assert plain.decoding.ctc_decoder_predictions_tensor(frames[:, :1], return_hypotheses=True)[0][0].langs is None


def test_a_line_without_its_language_is_named(languages, tmp_path):
    _, manifest = tiny.recordings(tmp_path)
    with pytest.raises(ManifestError, match=r"manifest\.json line 1 has no lang.*aggregate of en, de"):
        EncDecCTCModelBPE(cfg=multilingual(languages, train_ds=tiny.dataset(manifest)))


def test_a_model_of_one_language_can_become_one_of_two(languages):
    model = EncDecCTCModelBPE(cfg=config(languages["langs"]["en"]["dir"]))
    model.change_vocabulary(OmegaConf.create(languages), "agg")
    assert model.tokenizer.langs == ["en", "de"]
    assert model.decoder.num_classes_with_blank == model.tokenizer.vocab_size + 1


def test_tokenizers_can_be_taken_out_of_a_model_again(languages, tokenizer, tmp_path):
    path = str(tmp_path / "model.nemo")
    EncDecCTCModelBPE(cfg=multilingual(languages)).save_to(path)
    model = ASRModel.restore_from(path)
    model.save_tokenizers(str(tmp_path / "out"))
    names = {"tokenizer.model", "tokenizer.vocab", "vocab.txt"}
    assert {file.name for file in (tmp_path / "out/de").iterdir()} == names
    again = EncDecCTCModelBPE(cfg=config(str(tmp_path / "out/de")))
    assert again.tokenizer.vocab == model.tokenizer.tokenizers_dict["de"].vocab
    again.save_tokenizers(str(tmp_path / "single"))
    assert {file.name for file in (tmp_path / "single").iterdir()} == names


def test_an_archive_names_the_files_of_each_language_and_can_be_saved_again(languages, tmp_path):
    first, second = str(tmp_path / "first.nemo"), str(tmp_path / "second.nemo")
    EncDecCTCModelBPE(cfg=multilingual(languages)).save_to(first)
    ASRModel.restore_from(first).save_to(second)
    os.remove(first)
    with tarfile.open(second) as tar:
        names = [os.path.basename(name) for name in tar.getnames()]
        written = yaml.safe_load(tar.extractfile("./model_config.yaml"))["tokenizer"]
    for lang in ("en", "de"):
        member = written["langs"][lang]["model_path"]
        assert member.startswith("nemo:") and member.endswith("_tokenizer.model")
        assert member.removeprefix("nemo:") in names
    assert list(written["langs"]) == ["en", "de"]
    assert ASRModel.restore_from(second).tokenizer.text_to_ids("c", "de")


def test_an_archive_may_name_a_tokenizer_of_ours_but_no_stranger_s(languages, tmp_path):
    target = "nemo.collections.common.tokenizers.aggregate_tokenizer.AggregateTokenizer"
    section = languages | {"custom_tokenizer": {"_target_": target, "tokenizers": None}}
    path = str(tmp_path / "model.nemo")
    model = EncDecCTCModelBPE(cfg=multilingual(section))
    model.save_to(path)
    assert ASRModel.restore_from(path).tokenizer.langs == ["en", "de"]
    model.cfg.tokenizer.custom_tokenizer._target_ = "subprocess.Popen"
    model.save_to(path)
    with pytest.raises(UnsafeTargetError, match=r"subprocess\.Popen"):
        ASRModel.restore_from(path)
