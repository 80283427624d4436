"""Spelling to phonemes by T5: learning, writing, saving."""

import json

import pytest
import torch
from omegaconf import OmegaConf
from pytorch_lightning import Trainer
from transformers import T5Config, T5ForConditionalGeneration

from nemo.collections.common.exceptions import ManifestError
from nemo.collections.common.tokenizers.sentencepiece_tokenizer import create_spt_model
from nemo.collections.tts.g2p.t5_network import BYT5_SIZES, build_t5
from nemo.collections.tts.models.t5_g2p import T5G2PModel
from nemo.utils.exceptions import ConfigError

PHONEMES = {"cat": "kæt", "dog": "dɔɡ", "read": "ɹɛd", "hello": "həloʊ"}
SIZES = {
    "vocab_size": 384, "d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 1, "num_decoder_layers": 1, "num_heads": 2,
    "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False, "dropout_rate": 0.0,
}  # fmt: skip


def write(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


@pytest.fixture
def manifest(tmp_path):
    return write(tmp_path / "train.json", [{"text_graphemes": word, "text": text} for word, text in PHONEMES.items()])


def config(manifest, **more):
    dataset = {"_target_": "nemo.collections.tts.g2p.data.t5.T5G2PDataset"}
    section = {"manifest_filepath": manifest, "dataset": dataset, "dataloader_params": {"batch_size": 4}}
    return {
        "model_name": "google/byt5-small",
        "config": SIZES,
        "max_target_len": 16,
        "train_ds": section,
        "validation_ds": section,
        "test_ds": {**section, "manifest_filepath": None},
        "optim": {"name": "adam", "lr": 0.02},
        **more,
    }


def trainer(**more):
    return Trainer(
        accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, log_every_n_steps=1, num_sanity_val_steps=0, **more,
    )  # fmt: skip


def test_it_learns_writes_and_comes_back_from_its_archive(manifest, tmp_path):
    torch.manual_seed(0)
    runner = trainer(max_epochs=40, check_val_every_n_epoch=40)
    model = T5G2PModel(config(manifest), runner)
    assert model._test_dl is None  # its section names no manifest
    runner.fit(model)
    assert runner.callback_metrics["val_per"] == runner.callback_metrics["val_wer"] == 0
    asked = write(tmp_path / "in.json", [{"text_graphemes": word, "extra": 1} for word in ("dog", "hello", "cat")])
    texts = model.convert_graphemes_to_phonemes(asked, str(tmp_path / "out.json"), batch_size=2)
    assert texts == ["dɔɡ", "həloʊ", "kæt"]
    written = [json.loads(line) for line in (tmp_path / "out.json").read_text().splitlines()]
    assert written[1] == {"text_graphemes": "hello", "extra": 1, "pred_text": "həloʊ"}
    model.save_to(tmp_path / "m.nemo")
    restored = T5G2PModel.restore_from(tmp_path / "m.nemo", map_location="cpu")
    assert all(torch.equal(tensor, restored.state_dict()[name]) for name, tensor in model.state_dict().items())
    assert restored.convert_graphemes_to_phonemes(asked, str(tmp_path / "out2.json")) == texts
    runner.test(restored, restored._setup_dataloader_from_config(config(manifest)["train_ds"], "x"), verbose=False)
    assert runner.callback_metrics["test_per"] == 0


def test_loss_and_names_of_weights_are_those_of_transformers(manifest):
    model = T5G2PModel(config(manifest)).eval()
    reference = T5ForConditionalGeneration(T5Config(**SIZES, decoder_start_token_id=0)).eval()
    weights = {name.removeprefix("model."): value for name, value in model.state_dict().items()}
    reference.lm_head = torch.nn.Linear(32, 384, bias=False)
    reference.load_state_dict(weights)
    batch = next(iter(model._train_dl))
    logits = reference(input_ids=batch.input_ids, attention_mask=batch.attention_mask, labels=batch.labels).logits
    counted = batch.labels != -100
    expected = torch.nn.functional.cross_entropy(logits[counted], batch.labels[counted])
    torch.testing.assert_close(model(*batch), expected)
    assert model.model.lm_head.weight is not model.model.shared.weight


def test_an_archive_without_sizes_gets_those_of_byt5_and_asks_nobody(manifest, tmp_path, monkeypatch):
    model = T5G2PModel(config(manifest))
    model.cfg.config = None  # as the original writes it
    model.save_to(tmp_path / "m.nemo")
    monkeypatch.setitem(BYT5_SIZES, "small", SIZES)
    restored = T5G2PModel.restore_from(tmp_path / "m.nemo")
    assert torch.equal(restored.model.lm_head.weight, model.model.lm_head.weight)
    model.cfg.model_name = "google/byt5-tiny"
    model.save_to(tmp_path / "m.nemo")
    with pytest.raises(ConfigError, match="archive has no model.config with its sizes, which are known here only of"):
        T5G2PModel.restore_from(tmp_path / "m.nemo")


def test_published_sizes_of_byt5_give_their_numbers_of_parameters():
    """0.30, 0.58, 1.23, 3.74, 12.9 billion: Xue et al., 2022, table 1."""
    with torch.device("meta"):
        counts = {size: build_t5("", OmegaConf.create(sizes)).num_parameters() for size, sizes in BYT5_SIZES.items()}
    rounded = {size: float(f"{count / 1e9:.3g}") for size, count in counts.items()}
    assert rounded == {"small": 0.3, "base": 0.582, "large": 1.23, "xl": 3.74, "xxl": 12.9}


def test_pieces_of_another_t5_travel_in_the_archive(manifest, tmp_path):
    (tmp_path / "text.txt").write_text("\n".join([*PHONEMES, *PHONEMES.values()]) + "\n")
    create_spt_model(str(tmp_path / "text.txt"), 40, True, False, output_dir=str(tmp_path), pad=True, eos=True)
    pieces = {"model_name": "t5-small", "tokenizer": {"model_path": str(tmp_path / "tokenizer.model")}}
    with pytest.raises(ConfigError, match="'t5-small', whose tokenizer is not known"):
        T5G2PModel(config(manifest, model_name="t5-small"))
    T5G2PModel(config(manifest, **pieces)).save_to(tmp_path / "m.nemo")
    (tmp_path / "tokenizer.model").unlink()
    restored = T5G2PModel.restore_from(tmp_path / "m.nemo")
    assert restored.tokenizer.ids_to_text(restored.tokenizer.text_to_ids("cat")) == "cat"


def test_what_is_not_possible_is_told(manifest, tmp_path):
    with pytest.raises(ConfigError, match="vocab_size is 100, but the tokenizer has 259 tokens"):
        T5G2PModel(config(manifest, config={**SIZES, "vocab_size": 100}))
    with pytest.raises(ConfigError, match="model.config describes no T5"):
        T5G2PModel(config(manifest, config={**SIZES, "feed_forward_proj": "wide"}))
    with pytest.raises(ConfigError, match=r"model.model_name is '.*', and there is no such network in the Hub's cache"):
        T5G2PModel(config(manifest, config=None, model_name=str(tmp_path / "byt5")))
    write(tmp_path / "bad.json", [{"text_graphemes": "a", "text": "e"}, {"text_graphemes": " ", "text": "e"}])
    with pytest.raises(ManifestError, match=r"bad.json entry 2 has text_graphemes: ' '"):
        T5G2PModel(config(str(tmp_path / "bad.json")))
