"""Readings of heteronyms: learning, choosing, writing, saving."""

import json

import onnxruntime
import pytest
import torch
from pytorch_lightning import Trainer

from nemo.collections.common.exceptions import ManifestError
from nemo.collections.tts.g2p.heteronym_dataset import HeteronymClassificationDataset
from nemo.collections.tts.models.heteronym_classification import HeteronymClassificationModel
from nemo.utils.exceptions import ConfigError

WORDS = "[PAD] [UNK] [CLS] [SEP] [MASK] i will now read it yesterday a lead pipe they us , .".split()
LINES = [
    ("I will read it.", "read", "read_present"),
    ("I read it yesterday.", "read", "read_past"),
    ("They lead us.", "lead", "lead_verb"),
    ("A lead pipe.", "lead", "lead_metal"),
]
SIZES = {
    "vocab_size": len(WORDS), "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
    "intermediate_size": 16, "max_position_embeddings": 16, "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
}  # fmt: skip


def line(sentence, word, wordid):
    start = sentence.index(word)
    return {
        "text_graphemes": sentence, "start_end": [start, start + 4], "homograph_span": word, "word_id": wordid
    }  # fmt: skip


def write(path, lines):
    path.write_text("".join(json.dumps(each) + "\n" for each in lines))
    return str(path)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    rows = [f"{word}\t{wordid}" for _, word, wordid in LINES]
    (tmp_path / "wordids.tsv").write_text("\n".join(["homograph\twordid", *rows]) + "\n")
    write(tmp_path / "train.json", [line(*each) for each in LINES])
    return tmp_path


def config(files, **more):
    dataset = {
        "_target_": "nemo.collections.tts.g2p.data.heteronym_classification.HeteronymClassificationDataset",
        "manifest": str(files / "train.json"),
    }
    section = {"dataset": dataset, "dataloader_params": {"batch_size": 4}}
    return {
        "wordids": str(files / "wordids.tsv"),
        "class_labels": {"class_labels_file": None},
        "tokenizer": {"tokenizer_name": "bert-base-uncased", "vocab_file": str(files / "vocab.txt")},
        "language_model": {"pretrained_model_name": "bert-base-uncased", "config": SIZES},
        "head": {"num_fc_layers": 1, "fc_dropout": 0.0},
        "max_seq_length": 16,
        "train_ds": section,
        "validation_ds": section,
        "test_ds": {**section, "dataset": {**dataset, "manifest": None}},
        "optim": {"name": "adam", "lr": 0.02},
        **more,
    }


@pytest.fixture
def trained(files):
    torch.manual_seed(0)
    trainer = Trainer(
        max_epochs=20, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, log_every_n_steps=1, check_val_every_n_epoch=20, num_sanity_val_steps=0,
    )  # fmt: skip
    model = HeteronymClassificationModel(config(files), trainer)
    assert model._test_dl is None
    trainer.fit(model)
    assert trainer.callback_metrics["val_f1"] == trainer.callback_metrics["val_precision"] == 1
    return model


def test_it_learns_chooses_and_comes_back_from_its_archive(trained, files):
    (files / "ipa.tsv").write_text("read_past\tɹˈɛd\nlead_metal\tL EH1 D\n")
    sentences = [LINES[1][0], "it .", "A lead pipe, I read it yesterday."]
    wordids, written = trained.disambiguate(sentences, wordid_to_phonemes_file=str(files / "ipa.tsv"))
    assert wordids == [["read_past"], [], ["lead_metal", "read_past"]]
    assert written == ["I |ɹ ˈ ɛ d| it yesterday.", "it .", "A |L EH1 D| pipe, I |ɹ ˈ ɛ d| it yesterday."]
    assert trained.disambiguate(["it ."]) == ([[]], ["it ."])
    path = str(files / "train.json")
    found = trained.disambiguate_manifest(path, str(files / "out.json"), batch_size=3)
    assert found == [[wordid] for *_, wordid in LINES]
    assert json.loads((files / "out.json").read_text().splitlines()[3]) == {
        **line(*LINES[3]), "pred_wordid": ["lead_metal"],
    }  # fmt: skip
    trained.save_to(files / "m.nemo")
    for name in ("wordids.tsv", "vocab.txt"):
        (files / name).unlink()
    restored = HeteronymClassificationModel.restore_from(files / "m.nemo", map_location="cpu")
    assert restored.disambiguate(sentences)[0] == wordids
    assert {name.split(".")[0] for name in restored.state_dict()} == {"bert_model", "classifier"}


def test_only_readings_of_the_word_are_chosen(files):
    model = HeteronymClassificationModel(config(files)).eval()
    with torch.no_grad():
        model.classifier.mlp.last_linear_layer.bias[:] = torch.tensor([0.0, 0.0, 0.0, 100.0])  # lead_metal
    assert model.disambiguate(["I will read it."])[0][0][0] in ("read_present", "read_past")


def test_the_word_stays_in_the_window_of_a_long_sentence(files):
    model = HeteronymClassificationModel(config(files))
    sentence = f"{'now ' * 30}read{' it' * 30}"
    dataset = HeteronymClassificationDataset([{"text_graphemes": sentence}], with_labels=False, **model._of_dataset())
    ids, position, numbers, _ = dataset[0]
    assert len(ids) == 16 and ids[position] == WORDS.index("read") and numbers == [0, 1]
    assert (ids[0], ids[-1], ids[1], ids[-2]) == tuple(map(WORDS.index, ("[CLS]", "[SEP]", "now", "it")))
    assert model.disambiguate([sentence, "read"])[0][1][0].startswith("read")


def test_the_exported_file_scores_readings_as_the_model_does(files):
    torch.manual_seed(0)
    model = HeteronymClassificationModel(config(files)).eval()
    model.export(str(files / "m.onnx"))
    session = onnxruntime.InferenceSession(files / "m.onnx", providers=["CPUExecutionProvider"])
    assert [port.name for port in session.get_inputs()] == ["input_ids", "attention_mask", "token_type_ids"]
    (inputs,) = model.input_example(3, 7)
    inputs["attention_mask"][1, 4:] = 0
    (logits,) = session.run(["logits"], {name: value.numpy() for name, value in inputs.items()})
    with torch.no_grad():
        torch.testing.assert_close(torch.from_numpy(logits), model(**inputs), rtol=1e-4, atol=1e-5)
    assert logits.shape == (3, 7, len(LINES))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text_graphemes": ""}, "entry 1 has text_graphemes: ''"),
        (
            {"start_end": [2, 6]},
            r"entry 1 has start_end \[2, 6\], where 'I will read it.' has 'will' instead of 'read'",
        ),
        ({"start_end": [7, 99], "homograph_span": None}, r"start_end \[7, 99\].* has 'read it.'\. Expected"),
        ({"start_end": [7]}, r"start_end \[7\].*mend the line"),
        ({"word_id": "lead_verb"}, "word_id 'lead_verb' for 'read'. Expected one of read_present, read_past"),
        ({"word_id": None}, "has 1 heteronyms and 0 word_id"),
        ({"word_id": ["read_past", "read_past"]}, "has 1 heteronyms and 2 word_id"),
    ],
)
def test_broken_lines_are_named(files, change, message):
    write(files / "train.json", [{**line(*LINES[0]), **change}])
    with pytest.raises(ManifestError, match=message):
        HeteronymClassificationModel(config(files))


def test_what_is_not_possible_is_told(files):
    with pytest.raises(ConfigError, match="max_seq_length is 512, but the encoder bert-base-uncased has 16 positions"):
        HeteronymClassificationModel(config(files, max_seq_length=512))
    with pytest.raises(ConfigError, match="model.language_model is mandatory and not set"):
        HeteronymClassificationModel({key: each for key, each in config(files).items() if key != "language_model"})
    with pytest.raises(ManifestError, match="sentence 2 has text_graphemes: ' '"):
        HeteronymClassificationModel(config(files)).disambiguate(["it", " "])
