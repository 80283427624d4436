"""Mixer-TTS learns, is the same from its archive, and hears a language model where it has one."""

import onnxruntime
import pytest
import torch
from pytorch_lightning import Trainer

from nemo.collections.tts.data.mixer_tts_dataset import MixerTTSXDataset
from nemo.collections.tts.models import MixerTTSModel
from nemo.collections.tts.text.chars_tokenizers import EnglishCharsTokenizer
from nemo.collections.tts.text.language_model import LanguageModelTokenizer
from nemo.utils.exceptions import ConfigError
from tests.collections.tts.data.voices import SAMPLE_RATE, write_voice
from tests.collections.tts.models import test_fastpitch as fastpitch
from tests.collections.tts.models.toy_albert import write_albert

MIXER = {
    "_target_": "nemo.collections.tts.modules.mixer_tts.MixerTTSModule",
    "num_tokens": -1,
    "feature_dim": 16,
    "num_layers": 2,
    "kernel_sizes": [3, 5],
    "padding_idx": -1,
    "conv_type": "depth-wise",
    "expansion_factor": 2,
    "dropout": 0.0,
}
SHARED = ("text_tokenizer", "preprocessor", "alignment_module", "duration_predictor", "pitch_predictor", "optim")
CONFIG = {
    **{key: fastpitch.CONFIG[key] for key in SHARED},
    "bin_loss_start_ratio": 0.0,
    "bin_loss_warmup_epochs": 1,
    "encoder": MIXER,
    "decoder": MIXER,
    "pitch_emb": {
        "_target_": "torch.nn.Conv1d",
        "in_channels": 1,
        "out_channels": 16,
        "kernel_size": 3,
        "padding": 1,
    },
}


@pytest.fixture(scope="module")
def albert(tmp_path_factory):
    """The folder of a toy ALBERT."""
    return write_albert(tmp_path_factory.mktemp("albert"))


def hearing(folder):
    return {
        **CONFIG,
        "cond_on_lm_embeddings": True,
        "language_model": {"pretrained_model_name": folder},
        "self_attention_module": {
            "_target_": "nemo.collections.tts.modules.mixer_tts.SelfAttentionModule",
            "n_text_channels": 16,
        },
    }


def train(model, batch, steps):
    trainer = Trainer(
        max_steps=steps, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False
    )
    model.set_trainer(trainer)
    with torch.no_grad():
        _, before = model._losses(batch)
    trainer.fit(model, torch.utils.data.DataLoader([batch] * 4, batch_size=None))
    with torch.no_grad():
        _, after = model._losses(batch)
    return before, after


def test_it_learns_alignments_and_is_the_same_from_its_archive(tmp_path):
    torch.manual_seed(0)
    model = MixerTTSModel(CONFIG)
    before, after = train(model, fastpitch.batch_of_tones(model), 24)
    assert float(after["mel_loss"]) < 0.7 * float(before["mel_loss"])
    assert float(after["ctc_loss"]) < float(before["ctc_loss"])
    assert model.bin_loss_scale == 1.0

    path = str(tmp_path / "mixer.nemo")
    model.eval().save_to(path)
    restored = MixerTTSModel.restore_from(path).eval()
    tokens = model.parse("abc")
    spoken = [each.generate_spectrogram(tokens=tokens) for each in (model, restored)]
    assert spoken[0].shape[2] > 1
    assert torch.equal(*spoken)
    assert torch.equal(model.generate_spectrogram(raw_texts=["abc"]), spoken[0])
    with torch.no_grad():
        durations = model(text=tokens).durs_predicted
    faster = model.generate_spectrogram(tokens=tokens, pace=2.0)
    assert faster.shape[2] == int((durations / 2 + 0.5).long().sum())
    with pytest.raises(ConfigError, match="tokens and raw_texts are None"):
        model.generate_spectrogram()


@torch.no_grad()
def test_texts_of_a_batch_are_spoken_as_alone():
    torch.manual_seed(0)
    model = MixerTTSModel(CONFIG).eval()
    torch.nn.init.constant_(model.duration_predictor.fc.bias, 1.2)
    together = model.generate_spectrogram(raw_texts=["abcab", "b"])
    for row, text in enumerate(["abcab", "b"]):
        alone = model.generate_spectrogram(tokens=model.parse(text))[0]
        torch.testing.assert_close(together[row, :, : alone.shape[1]], alone)


def test_it_hears_a_language_model_and_its_archive_needs_none(tmp_path, albert, monkeypatch):
    torch.manual_seed(0)
    model = MixerTTSModel(hearing(albert))
    from transformers import AutoModel, AutoTokenizer

    known = AutoModel.from_pretrained(albert).get_input_embeddings().weight
    torch.testing.assert_close(model.lm_embeddings.weight, known)
    theirs = AutoTokenizer.from_pretrained(albert)
    assert model.parse_for_language_model(["ab a", "c"]).tolist() == [
        [5, *theirs.encode("ab a", add_special_tokens=False), 5],
        [5, *(expected := theirs.encode("c", add_special_tokens=False)), 5, *[0] * (2 - len(expected))],
    ]
    batch = fastpitch.batch_of_tones(model)
    batch["lm_tokens"] = model.parse_for_language_model(["abab", "bcc"])
    before, after = train(model, batch, 8)
    assert float(after["mel_loss"]) < float(before["mel_loss"])
    torch.testing.assert_close(model.lm_embeddings.weight, known)  # it is heard, not taught

    path = str(tmp_path / "mixer_x.nemo")
    model.eval().save_to(path)
    monkeypatch.setattr(AutoModel, "from_pretrained", None)
    monkeypatch.setattr(AutoTokenizer, "from_pretrained", None)
    restored = MixerTTSModel.restore_from(path).eval()
    tokens = model.parse("abab")
    spoken = [each.generate_spectrogram(tokens=tokens, raw_texts=["abab"]) for each in (model, restored)]
    assert torch.equal(*spoken)
    other = restored.generate_spectrogram(tokens=tokens, raw_texts=["ccc ab c"])
    assert other.shape != spoken[0].shape or not torch.equal(other, spoken[0])
    with pytest.raises(ConfigError, match=r"give raw_texts=\[TEXT\]"):
        restored.generate_spectrogram(tokens=tokens)


def test_archives_of_the_original_know_the_sizes_of_albert(tmp_path, albert):
    """They name the language model in the section of their data and keep none of its files."""
    sizes = {
        "pretrained_model_name": "albert",
        "num_embeddings": 30000,
        "embedding_dim": 128,
        "padding_idx": 0,
        "tokenizer_file": f"{albert}/tokenizer.json",
    }
    model = MixerTTSModel({**hearing(albert), "language_model": sizes})
    model.save_to(str(tmp_path / "x.nemo"))
    without = model.cfg.copy()
    del without.language_model
    without.train_ds = {"dataset": {"lm_model": "albert"}}
    restored = MixerTTSModel.restore_from(str(tmp_path / "x.nemo"), override_config_path=without)
    assert torch.equal(restored.lm_embeddings.weight, model.lm_embeddings.weight)
    assert restored.cfg.language_model.pretrained_model_name == "albert"


def test_a_language_model_must_be_named(albert):
    with pytest.raises(ConfigError, match="no language model is named"):
        MixerTTSModel({**hearing(albert), "language_model": {}})
    with pytest.raises(ConfigError, match="self_attention_module is missing"):
        MixerTTSModel({**hearing(albert), "self_attention_module": None})


def test_batches_have_the_tokens_of_the_language_model(tmp_path, albert):
    data = MixerTTSXDataset(
        write_voice(tmp_path),
        SAMPLE_RATE,
        EnglishCharsTokenizer(pad_with_space=True),
        sup_data_types=["align_prior_matrix", "lm_tokens"],
        lm_model=albert,
        n_fft=256,
        hop_length=64,
    )
    batch = data.collate_fn([data[0], data[1]])
    tokenizer = LanguageModelTokenizer(albert)
    texts = [[5, *tokenizer.encode(text), 5] for text in ("abab", "bcc")]
    longest = max(map(len, texts))
    assert batch["lm_tokens"].tolist() == [[*text, *[0] * (longest - len(text))] for text in texts]
    assert batch["align_prior_matrix"].shape[0] == 2


def test_a_vocabulary_of_words_is_kept_too(tmp_path):
    (tmp_path / "bert").mkdir()
    (tmp_path / "bert" / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "ab", "##c"]))
    tokenizer = LanguageModelTokenizer(str(tmp_path / "bert"))
    assert tokenizer.encode("ab abc") == tokenizer.around_silence("ab abc") == [5, 5, 6]
    (kept,) = tokenizer.save(tmp_path)
    assert LanguageModelTokenizer("anything", vocab_file=str(kept)).encode("abc") == [5, 6]
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(ConfigError, match="bad.json is no tokenizer"):
        LanguageModelTokenizer("anything", tokenizer_file=str(tmp_path / "bad.json"))


@torch.no_grad()
def test_the_exported_file_speaks_as_the_model(tmp_path, albert):
    torch.manual_seed(0)
    model = MixerTTSModel(hearing(albert)).eval()
    torch.nn.init.constant_(model.duration_predictor.fc.bias, 1.2)
    model.export(str(tmp_path / "mixer.onnx"))
    session = onnxruntime.InferenceSession(tmp_path / "mixer.onnx", providers=["CPUExecutionProvider"])
    assert [port.name for port in session.get_inputs()] == ["text", "lm_tokens"]
    names = ["spect", "num_frames", "durs_predicted", "log_durs_predicted", "pitch_predicted"]
    assert [port.name for port in session.get_outputs()] == names
    for texts, tokens in ((1, 6), (3, 50)):
        (inputs,) = model.input_example(texts, tokens)
        found = session.run(names, {name: value.numpy() for name, value in inputs.items()})
        for ours, theirs in zip(found, model(**inputs), strict=False):
            torch.testing.assert_close(torch.from_numpy(ours), theirs, rtol=1e-4, atol=1e-5)
