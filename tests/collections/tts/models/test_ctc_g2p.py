"""Letters to phonemes with CTC: learning, writing, saving."""

import copy
import json

import pytest
import torch
from pytorch_lightning import Trainer

from nemo.collections.common.exceptions import ManifestError
from nemo.collections.tts.models.ctc_g2p import CTCG2PModel
from nemo.utils.exceptions import ConfigError, NotYetSupportedError

PHONEMES = {"cat": "K AE T", "dog": "D AO G", "read": "R EH D", "hello": "H L O", "tomato": "T M T"}
PIECES = sorted({piece for text in PHONEMES.values() for piece in text.split()})


@pytest.fixture
def files(tmp_path):
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(piece.lower() for piece in PIECES)]
    (tmp_path / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    lines = [json.dumps({"text_graphemes": word, "text": text.lower()}) for word, text in PHONEMES.items()]
    (tmp_path / "train.json").write_text("\n".join(lines) + "\n")
    return tmp_path


def config(folder, **more):
    dataset = {"_target_": "nemo.collections.tts.g2p.data.ctc.CTCG2PBPEDataset"}
    section = {"manifest_filepath": str(folder / "train.json"), "dataset": dataset}
    return {
        "model_name": "conformer_bpe",
        "tokenizer_grapheme": {
            "do_lower": True,
            "add_punctuation": True,
            "unk_token": "҂",
            "vocab_file": None,
            "dataset": {"_target_": "nemo.collections.common.tokenizers.char_tokenizer.CharTokenizer"},
        },
        "tokenizer": {"dir": str(folder), "type": "wpe"},
        "embedding": {"d_model": 16},
        "encoder": {
            "_target_": "nemo.collections.asr.modules.ConformerEncoder",
            "feat_in": 16,
            "n_layers": 1,
            "d_model": 16,
            "n_heads": 2,
            "subsampling": None,
            "subsampling_factor": 1,
            "dropout": 0.0,
            "dropout_att": 0.0,
            "dropout_emb": 0.0,
            "dropout_pre_encoder": 0.0,
        },
        "decoder": {"_target_": "nemo.collections.asr.modules.ConvASRDecoder", "feat_in": None, "num_classes": -1},
        "train_ds": {**section, "dataloader_params": {"batch_size": 5}},
        "validation_ds": {**section, "dataloader_params": {"batch_size": 2}},
        "optim": {"name": "adam", "lr": 0.02},
        **more,
    }


@pytest.fixture
def trained(files):
    torch.manual_seed(0)
    trainer = Trainer(
        max_epochs=60, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, log_every_n_steps=1, check_val_every_n_epoch=60, num_sanity_val_steps=0,
    )  # fmt: skip
    model = CTCG2PModel(config(files), trainer)
    trainer.fit(model)
    assert trainer.callback_metrics["val_wer"] == 0 and trainer.callback_metrics["val_loss"] < 0.5
    return model


def test_it_learns_writes_and_comes_back_from_its_archive(trained, files):
    lines = [{"text_graphemes": word, "extra": 1} for word in ("Hello", "dog", "tomato")]
    (files / "in.json").write_text("".join(json.dumps(line) + "\n" for line in lines))
    texts = trained.convert_graphemes_to_phonemes(str(files / "in.json"), str(files / "out.json"), batch_size=2)
    assert texts == ["h l o", "d ao g", "t m t"]
    written = [json.loads(line) for line in (files / "out.json").read_text().splitlines()]
    assert written == [{**line, "pred_text": text} for line, text in zip(lines, texts, strict=True)]
    trained.save_to(files / "m.nemo")
    (files / "vocab.txt").unlink()
    restored = CTCG2PModel.restore_from(files / "m.nemo", map_location="cpu")
    assert restored.convert_graphemes_to_phonemes(str(files / "in.json"), str(files / "out2.json")) == texts


def test_forward_is_embedding_encoder_classifier(files):
    model = CTCG2PModel(config(files)).eval()
    ids, lengths = torch.tensor([[3, 4, 5, 6], [7, 8, 0, 0]]), torch.tensor([4, 2])
    with torch.no_grad():
        log_probs, best, frames = model(input_ids=ids, attention_mask=(ids > 0).long(), input_len=lengths)
        encoded, _ = model.encoder(audio_signal=model.embedding.weight[ids].mT, length=lengths)
        logits = torch.einsum("bht,vh->btv", encoded, model.decoder.decoder_layers[0].weight[..., 0])
        alone = model(input_ids=ids[1:, :2], attention_mask=None, input_len=lengths[1:])[0]
    expected = (logits + model.decoder.decoder_layers[0].bias).log_softmax(-1)
    torch.testing.assert_close(log_probs, expected)
    torch.testing.assert_close(log_probs[1, :2], alone[0])
    assert best.tolist() == log_probs.argmax(-1).tolist() and frames.tolist() == [4, 2]
    assert model.embedding.num_embeddings == 26 + 1 + 2 + 29 + 1  # letters, unknown, space and ', marks, "


def test_repeats_are_joined_and_blanks_left_out(files):
    model = CTCG2PModel(config(files))
    k, b = model.tokenizer.text_to_ids("k")[0], model.blank
    rows = torch.tensor([[k, k, b, k, b], [b, k, k, b, k]])
    assert model.ctc_text(rows, torch.tensor([5, 3])) == ["k k", "k"]


def test_pairs_that_do_not_fit_are_left_out_and_bad_lines_named(files, caplog):
    model = CTCG2PModel(config(files))
    (files / "bad.json").write_text(
        '{"text_graphemes": "hi", "text": "h l o"}\n{"text_graphemes": "cat", "text": "k"}\n'
    )
    section = copy.deepcopy(config(files)["train_ds"])
    section["manifest_filepath"] = str(files / "bad.json")
    model.setup_training_data(section)
    assert len(model.train_dataloader().dataset) == 1 and "1 pairs are left out" in caplog.text
    (files / "bad.json").write_text('{"text_graphemes": "", "text": "h"}\n')
    with pytest.raises(ManifestError, match=r"bad.json entry 1 has text_graphemes: ''"):
        model.setup_training_data(section)
    (files / "bad.json").write_text('{"text_graphemes": "a", "text": "h l o"}\n')
    with pytest.raises(ManifestError, match="has no pair that can be used"):
        model.setup_training_data(section)


def test_configs_that_are_not_possible(files):
    with pytest.raises(NotYetSupportedError, match="use conformer_bpe"):
        CTCG2PModel(config(files, model_name="byt5"))
    with pytest.raises(ConfigError, match="ctc_reduction is 'max'"):
        CTCG2PModel(config(files, ctc_reduction="max"))
