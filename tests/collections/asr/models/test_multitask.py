import json
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch

from nemo.collections.asr.models import ASRModel, EncDecMultiTaskModel
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.models import tiny, tiny_attention


@pytest.fixture
def model(tmp_path):
    torch.manual_seed(0)
    return EncDecMultiTaskModel(cfg=tiny_attention.canary(tmp_path / "tokenizers")).eval()


def trainer(**more):
    options = {
        "max_steps": 2, "accelerator": "cpu", "devices": 1, "logger": False, "enable_checkpointing": False,
        "enable_progress_bar": False, "enable_model_summary": False, "log_every_n_steps": 1,
    }  # fmt: skip
    return pl.Trainer(**{**options, **more})


def dataset(manifest, **more):
    return {"manifest_filepath": manifest, "sample_rate": tiny.SAMPLE_RATE, "batch_size": 4, **more}


def batch_of(model, folder):
    model.setup_training_data(dataset(tiny_attention.recordings(folder), shuffle=False))
    return next(iter(model.train_dataloader()))


def test_batches_have_prompts_before_and_the_end_after_each_text(model, tmp_path):
    _, _, tokens, lengths, prompts, prompt_lengths = batch_of(model, tmp_path)
    tokenizer = model.tokenizer
    ids = {name: tokenizer.spl_token_to_id(name) for name in ("en", "de", "transcribe", "translate", "pnc", "nopnc")}
    translation = [tokenizer.bos_id, ids["en"], ids["translate"], ids["de"], ids["nopnc"]]
    text = tokenizer.text_to_ids("def fed", "de")
    assert tokens[1, : lengths[1]].tolist() == [*translation, *text, tokenizer.eos_id]
    assert prompts[1].tolist() == translation
    transcription = [tokenizer.bos_id, ids["en"], ids["transcribe"], ids["en"], ids["pnc"]]
    assert prompts[0].tolist() == transcription and tokens[0, :5].tolist() == transcription
    assert prompt_lengths.tolist() == [5, 5, 5, 1]
    assert tokens[3, : lengths[3]].tolist() == [tokenizer.bos_id, tokenizer.nospeech_id, tokenizer.eos_id]


def test_sections_of_published_configs_load_through_lhotse(model, tmp_path):
    plain = batch_of(model, tmp_path)
    manifest = str(tmp_path / "manifest.json")
    model.setup_training_data(dataset(manifest, use_lhotse=True, shuffle=False, batch_duration=None))
    found = next(iter(model.train_dataloader()))
    assert len(found) == 6 and sorted(found[1].tolist()) == sorted(plain[1].tolist())
    assert found[2].shape == plain[2].shape


def test_the_classifier_shares_the_embedding_and_is_padded_to_a_multiple_of_eight(model):
    embedding = model.transf_decoder.embedding.token_embedding.weight
    assert model.log_softmax.mlp.layer0.weight is embedding
    assert embedding.shape[0] % 8 == 0 and 0 <= embedding.shape[0] - model.tokenizer.vocab_size < 8
    assert model.cfg.head.num_classes == model.cfg.transf_decoder.config_dict.vocab_size == embedding.shape[0]
    prefixes = {name.split(".")[0] for name in model.state_dict()}
    assert prefixes == {"preprocessor", "encoder", "transf_decoder", "log_softmax"}


def test_other_widths_are_projected_and_a_transformer_encoder_is_built(tmp_path):
    cfg = tiny_attention.canary(tmp_path)
    for section in (cfg["transf_encoder"], cfg["transf_decoder"]["config_dict"], cfg["head"]):
        section["hidden_size"] = 16
    cfg["transf_encoder"]["num_layers"] = 1
    model = EncDecMultiTaskModel(cfg=cfg).eval()
    names = set(model.state_dict())
    assert {"encoder_decoder_proj.weight", "transf_encoder.layers.0.first_sub_layer.query_net.weight"} <= names
    hypothesis = model.transcribe(tiny.signal(0.4), verbose=False)[0]
    assert isinstance(str(hypothesis), str) and hypothesis.length == 20


@torch.no_grad()
def test_padding_changes_no_log_probabilities_and_no_loss(model, tmp_path):
    signals, lengths, tokens, token_lengths, *_ = batch_of(model, tmp_path)
    together, *_ = model(
        input_signal=signals, input_signal_length=lengths, transcript=tokens, transcript_length=token_lengths
    )
    for row, (length, count) in enumerate(zip(lengths, token_lengths, strict=True)):
        alone, *_ = model(
            input_signal=signals[row : row + 1, :length],
            input_signal_length=length[None],
            transcript=tokens[row : row + 1, :count],
            transcript_length=count[None],
        )
        assert torch.allclose(together[row, :count], alone[0], atol=1e-4), row


@torch.no_grad()
def test_the_loss_is_the_mean_over_all_tokens_after_the_first(model, tmp_path):
    batch = batch_of(model, tmp_path)
    signals, lengths, tokens, token_lengths, _, prompt_lengths = batch
    loss, *_ = model._loss(batch)
    log_probs, *_ = model(
        input_signal=signals, input_signal_length=lengths, transcript=tokens, transcript_length=token_lengths
    )
    each = [
        -log_probs[row, place - 1, tokens[row, place]]
        for row in range(4)
        for place in range(1, int(token_lengths[row]))
    ]
    assert float(loss) == pytest.approx(float(torch.stack(each).mean()), rel=1e-4)
    model.cfg.use_loss_mask_for_prompt = True
    after = [
        -log_probs[row, place - 1, tokens[row, place]]
        for row in range(4)
        for place in range(int(prompt_lengths[row]), int(token_lengths[row]))
    ]
    assert float(model._loss(batch)[0]) == pytest.approx(float(torch.stack(after).mean()), rel=1e-4)


def test_one_batch_is_learned_with_its_prompts_saved_restored_and_transcribed(tmp_path):
    torch.manual_seed(0)
    manifest = tiny_attention.recordings(tmp_path)
    cfg = tiny_attention.canary(tmp_path / "tokenizers", train_ds=dataset(manifest), validation_ds=dataset(manifest))
    fitting = trainer(max_steps=150)
    model = EncDecMultiTaskModel(cfg=cfg, trainer=fitting)
    fitting.fit(model)
    results = fitting.validate(model, verbose=False)[0]
    assert results["val_loss"] < 0.1 and results["val_wer"] == 0.0
    assert "val_bleu" in results
    expected = [line["text"] for line in tiny_attention.LINES[:3]]
    assert [str(text) for text in model.transcribe(manifest, verbose=False)][:3] == expected
    model.save_to(str(tmp_path / "model.nemo"))
    again = ASRModel.restore_from(str(tmp_path / "model.nemo"), map_location="cpu")
    assert type(again) is EncDecMultiTaskModel and again.cfg.target.endswith(
        "models.aed_multitask_models.EncDecMultiTaskModel"
    )
    before, after = model.state_dict(), again.state_dict()
    assert before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)
    assert again.log_softmax.mlp.layer0.weight is again.transf_decoder.embedding.token_embedding.weight
    hypotheses = again.transcribe(manifest, batch_size=2, return_hypotheses=True, verbose=False)
    assert [hypothesis.text for hypothesis in hypotheses][:3] == expected
    # the same recording, asked for otherwise
    files = [json.loads(line)["audio_filepath"] for line in Path(manifest).read_text().splitlines()]
    german = again.transcribe(files[1:2], source_lang="en", target_lang="de", pnc="no", verbose=False)
    assert german == ["def fed"]


def test_prompts_come_from_lines_or_arguments(model, tmp_path, monkeypatch):
    lines = [{"text": "a"}, {"source_lang": "de", "target_lang": "en"}, {"pnc": "no"}]
    manifest = tiny_attention.recordings(tmp_path, lines)
    asked = []
    search = model.decoding.search_states

    def recorded(states, mask, prompts=None):
        asked.extend(model.tokenizer.ids_to_tokens(row) for row in prompts.tolist())
        return search(states, mask, prompts)

    monkeypatch.setattr(model.decoding, "search_states", recorded)
    model.transcribe(manifest, target_lang="de", pnc=False, verbose=False)
    assert sorted(asked) == [
        ["<|startoftranscript|>", "<|de|>", "<|translate|>", "<|en|>", "<|nopnc|>"],
        ["<|startoftranscript|>", "<|en|>", "<|translate|>", "<|de|>", "<|nopnc|>"],
        ["<|startoftranscript|>", "<|en|>", "<|translate|>", "<|de|>", "<|nopnc|>"],
    ]
    asked.clear()
    model.transcribe([tiny.signal(0.3)], task="asr", target_lang="de", verbose=False)
    assert asked == [["<|startoftranscript|>", "<|de|>", "<|transcribe|>", "<|de|>", "<|pnc|>"]]


def test_a_batch_is_transcribed_as_each_recording_alone(model):
    audio = [tiny.signal(seconds, pitch) for seconds, pitch in ((0.6, 200), (0.3, 500), (0.45, 900))]
    together = model.transcribe(audio, batch_size=3, verbose=False)
    alone = [model.transcribe([each], verbose=False)[0] for each in audio]
    assert [h.y_sequence.tolist() for h in together] == [h.y_sequence.tolist() for h in alone]
    assert [h.score for h in together] == pytest.approx([h.score for h in alone], abs=1e-3)


def test_changing_the_tokenizer_keeps_the_decoders_layers(model, tmp_path):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    section = tiny_attention.canary_tokenizers(tmp_path / "new")
    section["langs"]["fr"] = {"dir": tiny.tokenizer_folder(tmp_path / "fr", text="x y z xy yz zx"), "type": "bpe"}
    from omegaconf import OmegaConf

    model.change_vocabulary(OmegaConf.create(section), "agg")
    after = model.state_dict()
    changed = {name for name in after if before[name].shape != after[name].shape}
    assert changed == {
        "transf_decoder._embedding.token_embedding.weight",
        "log_softmax.mlp.layer0.weight",
        "log_softmax.mlp.layer0.bias",
    }
    layers = [name for name in after if name.startswith("transf_decoder._decoder")]
    assert layers and all(torch.equal(before[name], after[name]) for name in layers)
    assert model.log_softmax.mlp.layer0.weight is model.transf_decoder.embedding.token_embedding.weight
    model.transcribe([tiny.signal(0.3)], source_lang="fr", verbose=False)


def test_a_tokenizer_without_control_tokens_is_refused_and_changes_nothing(model, tmp_path):
    before = model.transcribe([tiny.signal(0.3)], verbose=False)
    with pytest.raises(ConfigError, match="SentencePieceTokenizer, which has no control tokens"):
        model.change_vocabulary(tiny.tokenizer_folder(tmp_path / "plain"), "bpe")
    assert model.transcribe([tiny.signal(0.3)], verbose=False) == before


def test_decoding_can_be_changed(model):
    model.change_decoding_strategy({"strategy": "greedy", "greedy": {"max_generation_delta": 3}})
    greedy = model.transcribe([tiny.signal(0.3)], verbose=False)[0]
    model.change_decoding_strategy({"strategy": "beam", "beam": {"beam_size": 1, "max_generation_delta": 3}})
    assert model.transcribe([tiny.signal(0.3)], verbose=False)[0] == greedy
    with pytest.raises(ConfigError, match="decoding.strategy is 'tsd'"):
        model.change_decoding_strategy({"strategy": "tsd"})


def test_what_cannot_be_asked_for_is_said(model, tmp_path):
    audio = [tiny.signal(0.3)]
    with pytest.raises(ConfigError, match="'<|it|>' is no control token"):
        model.transcribe(audio, source_lang="it", verbose=False)
    with pytest.raises(ConfigError, match="The task is 'asr', from en to de"):
        model.transcribe(audio, source_lang="en", target_lang="de", task="asr", verbose=False)
    with pytest.raises(ConfigError, match="The task is 'sing'"):
        model.transcribe(audio, task="sing", verbose=False)
    with pytest.raises(ConfigError, match="cannot give logprobs"):
        model.transcribe(audio, logprobs=True)
    cfg = tiny_attention.canary(tmp_path / "other", prompt_format="canary9")
    with pytest.raises(ConfigError, match="prompt_format is 'canary9'"):
        EncDecMultiTaskModel(cfg=cfg)
    cfg["prompt_format"], cfg["tokenizer"]["custom_tokenizer"] = "canary", None
    with pytest.raises(ConfigError, match="AggregateTokenizer, which has no control tokens"):
        EncDecMultiTaskModel(cfg=cfg)
    manifest = tiny_attention.recordings(tmp_path, [{"text": "a", "source_lang": "en"}])
    with pytest.raises(ValueError, match="line 1 has no target_lang, taskname, pnc"):
        model.setup_training_data(dataset(manifest))


def test_long_recordings_go_by_pieces_with_their_prompt(model, monkeypatch):
    prompts = []
    search = model.decoding.search_states

    def recorded(states, mask, given=None):
        prompts.extend(given.tolist())
        return search(states, mask, given)

    monkeypatch.setattr(model.decoding, "search_states", recorded)
    options = {"max_seconds": 1.0, "overlap_seconds": 0.2, "verbose": False}
    hypothesis = model.transcribe([tiny.signal(3.0)], source_lang="de", **options)[0]
    assert len(prompts) > 2 and len({tuple(prompt) for prompt in prompts}) == 1
    assert prompts[0][1] == model.tokenizer.spl_token_to_id("de")
    assert hypothesis.text == model.decoding.decode_tokens_to_str(hypothesis.y_sequence.tolist())


def test_a_loader_is_transcribed_with_the_arguments_prompt(model, tmp_path):
    model.setup_validation_data(dataset(tiny_attention.recordings(tmp_path)))
    found = model.transcribe(model._validation_dl, target_lang="de", verbose=False)
    assert [hypothesis.text for hypothesis in found] == [
        hypothesis.text
        for hypothesis in model.transcribe(
            [str(tmp_path / f"{n}.wav") for n in range(4)], target_lang="de", verbose=False
        )
    ]


def test_a_recording_that_cannot_be_read_leaves_the_others(model, tmp_path):
    (tmp_path / "bad.wav").write_bytes(b"no audio")
    good, bad = model.transcribe([tiny.signal(0.3), str(tmp_path / "bad.wav")], verbose=False)
    assert good.error is None and "bad.wav" in bad.error


def test_all_texts_of_the_beam_can_be_had(model):
    cfg = {"strategy": "beam", "beam": {"beam_size": 3, "return_best_hypothesis": False, "max_generation_delta": 2}}
    model.change_decoding_strategy({**cfg, "compute_hypothesis_token_set": True, "compute_langs": True})
    states, mask = torch.randn(2, 6, tiny_attention.WIDTH), torch.ones(2, 6)
    best, n_best = model.decoding.decode_predictions_tensor(states, mask, return_hypotheses=True)
    assert [len(each.n_best_hypotheses) for each in n_best] == [3, 3]
    scores = [hypothesis.score for hypothesis in n_best[0].n_best_hypotheses]
    assert scores == sorted(scores, reverse=True) and best[0] is n_best[0].n_best_hypotheses[0]
    assert len(best[0].tokens) == len(best[0].y_sequence) == len(best[0].langs_chars)
    texts, all_texts = model.decoding.decode_predictions_tensor(states, mask)
    assert texts == [each[0] for each in all_texts] and all(type(text) is str for text in texts)
