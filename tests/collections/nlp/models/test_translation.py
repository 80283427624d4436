"""Translation: archives of the original, training, saving, decoding, exports."""

from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from omegaconf import OmegaConf

from nemo.collections.nlp.inference.translator import Timing
from nemo.collections.nlp.metrics.translation_scores import corpus_bleu
from nemo.collections.nlp.models import MTEncDecModel
from nemo.utils.exceptions import ConfigError, ShapeError
from tests.arrays import arrays_of
from tests.collections.nlp import toy_translation as toy

COMPAT = Path(__file__).parents[3] / "data" / "compat"


@pytest.fixture
def model():
    torch.manual_seed(0)
    built = MTEncDecModel(cfg=toy.config()).eval()
    for parameter in built.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    return built


@pytest.mark.parametrize("name", ["n123_nlp_mt_aayn_0", "n123_nlp_mt_aayn_1"])
def test_archives_of_the_original_compute_what_was_recorded(name, tmp_path):
    model = MTEncDecModel.restore_from(str(COMPAT / f"{name}.nemo"), map_location="cpu").eval()
    inputs, recorded = arrays_of(COMPAT / f"{name}.in.npz"), arrays_of(COMPAT / f"{name}.out.npz")
    src, tgt = (torch.tensor(inputs[key].astype("int64")) for key in ("src", "tgt"))
    masks = (src != model.encoder_tokenizer.pad_id).long(), (tgt != model.decoder_tokenizer.pad_id).long()
    with torch.no_grad():
        found = model.forward(src=src, src_mask=masks[0], tgt=tgt, tgt_mask=masks[1]).numpy()
    assert np.abs(found - recorded["log_probs"]).max() / np.abs(recorded["log_probs"]).max() < 2e-4
    sentences = [str(sentence) for sentence in inputs["sentences"]]
    assert model.translate(sentences) == recorded["translation"].tolist()
    model.save_to(str(tmp_path / "again.nemo"))
    again = MTEncDecModel.restore_from(str(tmp_path / "again.nemo"))
    assert again.translate(sentences) == recorded["translation"].tolist()
    again.beam_search.like_release_1 = False
    alone = [again.translate([sentence])[0] for sentence in sentences]
    assert again.translate(sentences) == alone


def test_the_classifier_shares_the_embedding_and_both_sides_may(model):
    tied = model.log_softmax.mlp.layer0.weight
    assert tied is model.decoder.embedding.token_embedding.weight and tied.shape == (64, 16)  # 60 tokens
    assert tied is not model.encoder.embedding.token_embedding.weight
    shared = MTEncDecModel(cfg=toy.config(shared_embeddings=True))
    assert shared.encoder.embedding.token_embedding.weight is shared.log_softmax.mlp.layer0.weight


def test_a_list_is_translated_as_each_sentence_alone_and_in_its_order(model):
    sentences = [source for source, _ in toy.pairs(23)] + ["", "six"]
    together = model.translate(sentences)
    assert together == [model.translate(sentence)[0] for sentence in sentences]
    assert together[23] == "" and len(set(together)) > 5


def test_n_best_translations_come_with_their_scores(model):
    model.train()
    (all_texts, scores, best), timing = model.translate(["one two", "six"], return_beam_scores=True, log_timing=True)
    assert model.training and best == [texts[0] for texts in all_texts] == model.translate(["one two", "six"])
    assert all(len(texts) == 2 == len(score) for texts, score in zip(all_texts, scores, strict=True))
    assert set(timing) == set(vars(Timing())) and timing["mean_src_length"] > 2 and timing["sampler"] > 0
    src = torch.tensor([model._tokenizers.asked_for(None, None).source.tokens("one two")])
    sources, texts = model.batch_translate(src, torch.ones_like(src))
    assert sources == ["one two"] and texts == best[:1]
    assert model.batch_translate(src, torch.ones_like(src), return_beam_scores=True)[1] == all_texts[:1]


def test_scores_are_those_that_the_model_gives_to_the_tokens(model):
    src = torch.tensor([model._tokenizers.asked_for(None, None).source.tokens("three four")])
    result = model.generate(src, torch.ones_like(src))
    for tokens, score, length in zip(result.tokens[0], result.scores[0], result.lengths[0], strict=True):
        tgt = tokens[None, : 1 + length]
        with torch.no_grad():
            log_probs = model.forward(src=src, src_mask=src * 0 + 1, tgt=tgt[:, :-1], tgt_mask=tgt[:, :-1] * 0 + 1)
        assert float(log_probs[0].gather(1, tgt[0, 1:, None]).sum()) == pytest.approx(float(score), abs=1e-3)


def test_sentences_that_are_too_long_lose_their_end(model, caplog):
    words = " ".join(["one"] * 100)
    assert model.translate([words, "six"])[1] == model.translate("six")[0]
    assert "sentence 0 has" in caplog.text and "and the model takes 64" in caplog.text


def test_learned_positions_are_no_index_error():
    learned = {**toy.SECTION, **toy.NO_DROPOUT, "max_sequence_length": 12, "learn_positional_encodings": True}
    model = MTEncDecModel(cfg=toy.config(encoder=learned, decoder=learned))
    assert len(model.translate([" ".join(["one"] * 50)])) == 1
    with pytest.raises(ShapeError, match="13 tokens is too long"):
        model.encode(torch.ones(1, 13, dtype=torch.long), torch.ones(1, 13))


def test_several_languages_are_told_apart_by_a_token():
    cfg = toy.config(multilingual=True, tgt_language=["de", "fr"])
    model = MTEncDecModel(cfg=cfg)
    german, french = (model._tokenizers.asked_for("en", language).source for language in ("de", "fr"))
    assert german.tokens("one")[:2] == [1, model.encoder_tokenizer.token_to_id("<de>")]
    assert german.tokens("one")[1] != french.tokens("one")[1] and german.tokens("one")[2:] == french.tokens("one")[2:]
    assert len(model.translate("one", source_lang="en", target_lang="fr")) == 1
    with pytest.raises(ConfigError, match="translates from en into de, fr. Name both"):
        model.translate("one")
    with pytest.raises(ConfigError, match="target_lang is 'es'. Expected one of de, fr"):
        model.translate("one", "en", "es")
    with pytest.raises(ConfigError, match="no token <nl>"):
        model._tokenizers.prefix("nl")
    with pytest.raises(ConfigError, match="Set multilingual to true"):
        MTEncDecModel(cfg=toy.config(tgt_language=["de", "fr"]))._tokenizers.pairs()


def fit(tmp_path, steps=60, **changes):
    torch.manual_seed(0)
    files, small = toy.write_pairs(tmp_path), toy.write_pairs(tmp_path, "small", 9)
    sections = {"train_ds": toy.data(files, tokens_in_batch=400, shuffle=True), "validation_ds": toy.data(small)}
    larger = {**toy.SECTION, **toy.NO_DROPOUT, "hidden_size": 32, "inner_size": 64, "num_attention_heads": 4}
    cfg = toy.config(**{"encoder": larger, "decoder": larger, "label_smoothing": 0.1, **sections, **changes})
    cfg["optim"] = {"name": "adam", "lr": 0.01}
    options = {"accelerator": "cpu", "max_steps": steps, "enable_progress_bar": False, "logger": False}
    trainer = pl.Trainer(**options, enable_model_summary=False, enable_checkpointing=False, check_val_every_n_epoch=30)
    model = MTEncDecModel(cfg=cfg, trainer=trainer)
    trainer.fit(model)
    return model, trainer


def test_a_small_model_learns_to_translate_and_bleu_is_sacrebleus(tmp_path):
    model, trainer = fit(tmp_path, steps=150)
    sentences, right = zip(*toy.pairs(9), strict=True)
    found = model.translate(list(sentences))
    logged = trainer.callback_metrics
    trainer.validate(model, verbose=False)
    assert float(logged["val_sacreBLEU"]) > 50
    assert float(trainer.callback_metrics["val_sacreBLEU"]) == pytest.approx(corpus_bleu(found, right), abs=0.1)
    batches = list(model.val_dataloader())
    losses, tokens = 0.0, 0
    with torch.no_grad():
        for src, src_mask, tgt, tgt_mask, labels in batches:
            log_probs = model.forward(src=src, src_mask=src_mask, tgt=tgt, tgt_mask=tgt_mask)
            losses += float(torch.nn.functional.nll_loss(log_probs.mT, labels, ignore_index=3, reduction="sum"))
            tokens += int((labels != 3).sum())
    assert float(trainer.callback_metrics["val_loss"]) == pytest.approx(losses / tokens, rel=1e-4)


def test_several_validation_sets_have_names(tmp_path):
    small, other = toy.write_pairs(tmp_path, "small", 9), toy.write_pairs(tmp_path, "other", 5)
    section = toy.data([[small[0], other[0]], [small[1], other[1]]])
    _, trainer = fit(tmp_path, steps=1, validation_ds=section)
    trainer.validate(trainer.lightning_module, verbose=False)
    assert {"val_loss", "dl_0_val_sacreBLEU", "dl_1_val_sacreBLEU", "dl_1_val_loss"} <= set(trainer.callback_metrics)


def test_drawing_takes_the_place_of_the_beam(model):
    model.replace_beam_with_sampling(topk=5)
    torch.manual_seed(1)
    assert len(model.translate(["one two three"])) == 1


def test_greedy_translation_in_onnxruntime_is_the_same(model, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    model.cfg.beam_size = model.beam_search.beam_size = 1
    files, _ = model.export(str(tmp_path / "mt.onnx"))
    assert [Path(file).name for file in files] == ["encoder-mt.onnx", "decoder-mt.onnx", "log_softmax-mt.onnx"]
    sessions = [onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"]) for file in files]
    side = model._tokenizers.asked_for(None, None)
    for sentence in ("one two three four five", "six"):
        src = np.array([side.source.tokens(sentence)])
        expected = model.generate(torch.from_numpy(src), torch.ones(src.shape)).tokens[0, 0].tolist()
        assert greedy_in_onnx(sessions, src, len(expected)) == expected


def greedy_in_onnx(sessions, src, longest):
    """What a user's own loop does, without PyTorch."""
    encoder, decoder, classifier = sessions
    mask = np.ones(src.shape, dtype=np.float32)
    states = encoder.run(None, {"input_ids": src, "encoder_mask": mask})[0]
    tokens = np.array([[1]])
    while tokens.shape[1] < longest and tokens[0, -1] != 2:
        inputs = {"input_ids": tokens, "decoder_mask": np.ones(tokens.shape, dtype=np.float32)}
        hidden = decoder.run(None, {**inputs, "encoder_embeddings": states, "encoder_mask": mask})[0]
        log_probs = classifier.run(None, {"hidden_states": hidden[:, -1:]})[0]
        tokens = np.concatenate([tokens, log_probs[:, -1].argmax(-1)[:, None]], axis=1)
    return tokens[0].tolist()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"decoder": {**toy.SECTION, "hidden_size": 32}}, "encoder.hidden_size is 16 and that of the decoder 32"),
        ({"encoder_tokenizer": {"library": "sentencepiece"}}, "tokenizer.tokenizer_model is not set"),
        ({"src_language": ["en", "fr", "nl"], "tgt_language": ["de", "es"], "multilingual": True}, "has 3 languages"),
    ],
)
def test_configs_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        MTEncDecModel(cfg=OmegaConf.create(toy.config(**changes)))._tokenizers.pairs()
