"""Tokenizers, numbers of classes, durations and features that do not fit one another are told as a model is made."""

import copy

import pytest

from nemo.collections.asr import models
from nemo.collections.common.exceptions import ManifestError
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.models import tiny, tiny_attention, tiny_classifier, tiny_rnnt


def subword(config, folder, **sections):
    """`config` with a tokenizer of 12 pieces instead of labels, and with changes of its sections."""
    changed = copy.deepcopy(config)
    del changed["labels"]
    changed["tokenizer"] = {"dir": tiny.tokenizer_folder(folder / "tokenizer"), "type": "bpe"}
    for name, keys in sections.items():
        changed[name] |= keys
    return changed


def test_ctc_refuses_another_number_of_classes_than_the_tokenizer_has(tmp_path):
    with pytest.raises(ConfigError, match=r"model\.decoder\.num_classes is 99, but the tokenizer has 12 tokens.*to -1"):
        models.EncDecCTCModelBPE(subword(tiny.config(), tmp_path, decoder={"num_classes": 99}))
    model = models.EncDecCTCModelBPE(subword(tiny.config(), tmp_path, decoder={"num_classes": 12}))
    model.change_vocabulary(tiny.tokenizer_folder(tmp_path / "other", vocab_size=9), "bpe")
    assert model.decoder.num_classes_with_blank == 10


def test_a_transducer_takes_the_number_of_its_tokens_and_says_so(tmp_path, caplog):
    sections = {"decoder": {"vocab_size": 99}, "joint": {"num_classes": 7}}
    model = models.EncDecRNNTBPEModel(subword(tiny_rnnt.config(), tmp_path, **sections))
    assert model.joint.num_classes_with_blank == 13
    said = "\n".join(record.getMessage() for record in caplog.records)
    assert "model.decoder.vocab_size is 99, but there are 12 tokens" in said
    assert "model.joint.num_classes is 7, but there are 12 tokens" in said
    caplog.clear()
    aux = {"ctc_loss_weight": 0.3, "decoder": {"_target_": f"{tiny.MODULES}.ConvASRDecoder", "num_classes": 50}}
    models.EncDecHybridRNNTCTCModel(tiny_rnnt.config(aux_ctc=aux))
    assert [record.getMessage()[:40] for record in caplog.records] == ["model.aux_ctc.decoder.num_classes is 50,"]


def test_attention_models_say_so_too(tmp_path, caplog):
    head = tiny_attention.plain(tmp_path / "one")["head"]
    models.EncDecTransfModelBPE(tiny_attention.plain(tmp_path / "two", head=head | {"num_classes": 99}))
    assert [record.getMessage()[:34] for record in caplog.records] == ["model.head.num_classes is 99, but "]


@pytest.mark.parametrize(
    ("kind", "key", "durations"),
    [("tdt", "durations", [0, 1, 4]), ("multiblank", "big_blank_durations", [2, 8])],
)
def test_loss_and_search_must_have_the_same_durations(kind, key, durations):
    model = models.EncDecRNNTModel(tiny_rnnt.config(kind))
    before = model.decoding
    other = {**tiny_rnnt.KINDS[kind]["decoding"], key: durations}
    for make in (
        lambda: models.EncDecRNNTModel(tiny_rnnt.config(kind) | {"decoding": other}),
        lambda: model.change_decoding_strategy(other),
    ):
        with pytest.raises(ConfigError, match=rf"decoding\.{key} is \[{durations[0]}, .*but the loss of the model has"):
            make()
    assert model.decoding is before


@pytest.mark.parametrize(
    "make",
    [
        lambda: models.EncDecCTCModel(tiny.config()),
        lambda: models.EncDecRNNTModel(tiny_rnnt.config()),
        lambda: models.EncDecHybridRNNTCTCModel(tiny_rnnt.hybrid()),
    ],
)
def test_new_labels_are_different_strings(make):
    model = make()
    for labels, message in (
        ([], "is not empty"),
        (None, "is not empty"),
        (["a", "b", "a"], "'a' more than once"),
        (["a", 1], "1, of type int"),
    ):
        with pytest.raises(ConfigError, match=message):
            model.change_vocabulary(labels)


def test_features_must_be_as_many_as_the_encoder_takes():
    for make, config in (
        (models.EncDecCTCModel, tiny.config()),
        (models.EncDecRNNTModel, tiny_rnnt.config()),
        (models.EncDecClassificationModel, tiny_classifier.config()),
    ):
        config["encoder"] = config["encoder"] | {"feat_in": 80}
        with pytest.raises(ConfigError, match=r"encoder\.feat_in is 80, but model\.preprocessor\.features is 16"):
            make(config)


FAMILIES = {
    "EncDecCTCModel": tiny.config,
    "EncDecRNNTModel": tiny_rnnt.config,
    "EncDecHybridRNNTCTCModel": tiny_rnnt.hybrid,
    "EncDecClassificationModel": tiny_classifier.config,
}


@pytest.mark.parametrize("family", FAMILIES)
def test_faults_of_training_data_name_the_line_and_impossible_sizes_the_key(family, tmp_path):
    model = getattr(models, family)(FAMILIES[family]())
    _, manifest = tiny_classifier.recordings(tmp_path) if "Class" in family else tiny.recordings(tmp_path)
    section = {"manifest_filepath": manifest, "sample_rate": tiny.SAMPLE_RATE, "batch_size": 2}
    if family != "EncDecClassificationModel":
        section["labels"] = tiny.LABELS
    for change, error, message in (
        ({"batch_size": 0}, ConfigError, r"model\.train_ds\.batch_size is 0"),
        ({"sample_rate": 8000}, ConfigError, r"sample_rate is 8000, but model\.preprocessor\.sample_rate is 16000"),
        ({"max_duration": 0.01}, ManifestError, "No recording of .* is left: 3 longer than 0.01 s"),
        ({"manifest_filepath": "nowhere.json"}, ManifestError, "does not exist"),
    ):
        with pytest.raises(error, match=message):
            model.setup_training_data({**section, **change})


def test_recordings_without_any_text_are_told(tmp_path, caplog):
    _, manifest = tiny.recordings(tmp_path, texts=("", "", ""))
    model = models.EncDecCTCModel(tiny.config())
    model.setup_training_data(tiny.dataset(manifest, shuffle=False))
    said = [record.getMessage() for record in caplog.records if "None of the 3 recordings" in record.getMessage()]
    assert len(said) == 1 and manifest in said[0]
