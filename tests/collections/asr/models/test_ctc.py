import shutil

import pytest
import pytorch_lightning as pl
import torch

from nemo.collections.asr.models import ASRModel, EncDecCTCModel
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.models import tiny


@pytest.fixture
def model():
    return EncDecCTCModel(cfg=tiny.config())


def trainer(**more):
    options = {
        "max_steps": 2, "accelerator": "cpu", "devices": 1, "logger": False, "enable_checkpointing": False,
        "enable_progress_bar": False, "enable_model_summary": False, "log_every_n_steps": 1,
    }  # fmt: skip
    return pl.Trainer(**{**options, **more})


def batch():
    """Two utterances of 8000 and 5000 samples, and "a b", "c"."""
    audio = torch.from_numpy(tiny.signal(0.5))
    return torch.stack((audio, audio.flip(0))), torch.tensor([8000, 5000]), torch.tensor([[1, 0, 2], [3, 0, 0]]), torch.tensor([3, 1])  # fmt: skip  # noqa: E501


def decoder(**more):
    return {"_target_": f"{tiny.MODULES}.ConvASRDecoder", **more}


def test_forward_gives_normalised_log_probs_lengths_and_best_labels(model):
    model.eval()
    signals, lengths, _, _ = batch()
    log_probs, encoded_lengths, greedy = model(input_signal=signals, input_signal_length=lengths)
    assert log_probs.shape == (2, greedy.shape[1], len(tiny.LABELS) + 1)
    assert torch.allclose(log_probs.exp().sum(-1), torch.ones(greedy.shape), atol=1e-5)
    assert encoded_lengths.tolist() == [26, 16]  # (samples / 160 + 1) frames, halved and rounded up
    assert torch.equal(greedy, log_probs.argmax(-1))


def test_audio_and_its_features_give_the_same(model):
    model.eval()
    signals, lengths, _, _ = batch()
    features, feature_lengths = model.preprocessor(input_signal=signals, length=lengths)
    from_audio = model(input_signal=signals, input_signal_length=lengths)
    from_features = model(processed_signal=features, processed_signal_length=feature_lengths)
    assert torch.equal(from_audio[0], from_features[0])
    with pytest.raises(ValueError, match="got both"):
        model(input_signal=signals, input_signal_length=lengths, processed_signal=features, processed_signal_length=feature_lengths)  # fmt: skip  # noqa: E501
    with pytest.raises(ValueError, match="got neither"):
        model()


def test_a_padded_batch_gives_what_each_utterance_gives_alone():
    # before release 2.5 the edge of a shorter utterance mirrored its padding, so it holds exactly only from then on
    model = EncDecCTCModel(cfg=tiny.config(nemo_version="3.0.0")).eval()
    signals, lengths, _, _ = batch()
    together, encoded_lengths, _ = model(input_signal=signals, input_signal_length=lengths)
    alone, _, _ = model(input_signal=signals[1:, :5000], input_signal_length=lengths[1:])
    valid = encoded_lengths[1]
    assert torch.allclose(together[1, :valid], alone[0, :valid], atol=1e-5)


def test_state_dict_has_the_names_of_archives(model):
    prefixes = {name.split(".")[0] for name in model.state_dict()}
    assert prefixes == {"preprocessor", "encoder", "decoder"}
    assert "decoder.decoder_layers.0.weight" in model.state_dict()


def test_training_learns_one_batch_and_logs(tmp_path):
    _, manifest = tiny.recordings(tmp_path)
    cfg = tiny.config(train_ds=tiny.dataset(manifest, shuffle=False), validation_ds=tiny.dataset(manifest))
    fitting = trainer(max_steps=30)
    model = EncDecCTCModel(cfg=cfg, trainer=fitting)
    with torch.no_grad():
        before = fitting.validate(model, verbose=False)[0]
    fitting.fit(model)
    after = fitting.validate(model, verbose=False)[0]
    assert after["val_loss"] < 0.7 * before["val_loss"]
    assert set(after) >= {"val_loss", "val_wer", "global_step"}


def test_training_step_logs_loss_rate_step_and_error_rate(tmp_path):
    _, manifest = tiny.recordings(tmp_path)
    fitting = trainer(max_steps=1)
    model = EncDecCTCModel(cfg=tiny.config(train_ds=tiny.dataset(manifest)), trainer=fitting)
    fitting.fit(model)
    logged = fitting.logged_metrics
    assert set(logged) >= {"train_loss", "learning_rate", "global_step", "training_batch_wer"}
    assert logged["learning_rate"] == pytest.approx(0.01)


def test_loss_is_torchs_ctc_loss_of_the_log_probs(model):
    model.eval()
    loss, log_probs, lengths = model._loss(batch())
    _, _, tokens, token_lengths = batch()
    theirs = torch.nn.functional.ctc_loss(
        log_probs.transpose(0, 1), tokens, lengths, token_lengths, blank=4, reduction="none"
    )
    assert loss.item() == pytest.approx(theirs.mean().item(), rel=1e-5)


def test_several_validation_sets_have_results_of_their_own(tmp_path):
    manifests = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        _, manifest = tiny.recordings(folder)
        target = tmp_path / f"{name}.json"
        shutil.copy(manifest, target)
        manifests.append(str(target))
    fitting = trainer()
    model = EncDecCTCModel(cfg=tiny.config(validation_ds=tiny.dataset(manifests)), trainer=fitting)
    results = fitting.validate(model, verbose=False)
    found = {key.split("/")[0]: value for result in results for key, value in result.items()}
    assert set(found) >= {"val_loss", "val_wer", "one_val_loss", "one_val_wer", "two_val_loss", "two_val_wer"}
    assert found["one_val_loss"] == pytest.approx(found["two_val_loss"])


def test_error_rate_of_a_set_counts_all_its_words(model):
    outputs = [
        {"val_loss": torch.tensor(2.0), "val_wer_num": torch.tensor(1.0), "val_wer_denom": torch.tensor(1)},
        {"val_loss": torch.tensor(4.0), "val_wer_num": torch.tensor(0.0), "val_wer_denom": torch.tensor(3)},
    ]
    combined = model.multi_validation_epoch_end(outputs)
    assert combined["val_loss"].item() == 3.0
    assert combined["log"]["val_wer"].item() == 0.25


def test_prediction_pairs_ids_with_transcripts(tmp_path):
    _, manifest = tiny.recordings(tmp_path)
    section = tiny.dataset(manifest, return_sample_id=True, shuffle=False)
    model = EncDecCTCModel(cfg=tiny.config(test_ds=section))
    pairs = [pair for result in trainer().predict(model, model.test_dataloader()) for pair in result]
    assert [index for index, _ in pairs] == [0, 1, 2]
    assert all(isinstance(text, str) for _, text in pairs)


def test_save_and_restore_give_the_same_outputs_and_contents(model, tmp_path):
    path = tmp_path / "model.nemo"
    model.save_to(str(path))
    again = ASRModel.restore_from(str(path))
    assert type(again) is EncDecCTCModel
    signals, lengths, _, _ = batch()
    outputs = [part.eval()(input_signal=signals, input_signal_length=lengths)[0] for part in (model, again)]
    assert torch.equal(*outputs)
    assert again.cfg.target == "nemo.collections.asr.models.ctc_models.EncDecCTCModel"
    assert again.cfg.decoding.strategy == "greedy"
    assert model.cfg == again.cfg


def test_change_vocabulary_makes_a_new_decoder_and_keeps_the_encoder(model):
    encoder = {name: value.clone() for name, value in model.encoder.state_dict().items()}
    old_cfg = model.cfg
    model.change_vocabulary(["x", "y", " "])
    assert model.decoder.num_classes_with_blank == 4
    assert list(model.cfg.labels) == list(model.cfg.decoder.vocabulary) == ["x", "y", " "]
    assert model.cfg.decoder.num_classes == 3
    assert model.decoding.blank_id == model.loss.blank == 3
    assert all(torch.equal(value, encoder[name]) for name, value in model.encoder.state_dict().items())
    assert list(old_cfg.labels) == tiny.LABELS
    signals, lengths, tokens, token_lengths = batch()
    assert model._loss((signals, lengths, tokens.clamp(max=2), token_lengths))[0].isfinite()


def test_change_vocabulary_to_the_same_changes_nothing(model):
    decoder = model.decoder
    model.change_vocabulary(list(tiny.LABELS))
    assert model.decoder is decoder
    with pytest.raises(ConfigError, match="not empty"):
        model.change_vocabulary([])


def test_change_decoding_strategy_is_kept_in_the_config(model):
    model.change_decoding_strategy({"compute_timestamps": True})
    assert model.decoding.compute_timestamps
    assert model.cfg.decoding.compute_timestamps
    assert model.wer.decoding is model.decoding


def test_feat_in_comes_from_the_encoder_when_it_is_not_given():
    cfg = tiny.config()
    del cfg["decoder"]["feat_in"]
    assert EncDecCTCModel(cfg=cfg).cfg.decoder.feat_in == 24


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"decoder": decoder(num_classes=3, vocabulary=tiny.LABELS)}, ConfigError, "num_classes is 3"),
        ({"decoder": decoder(num_classes=3, vocabulary=[])}, ConfigError, "vocabulary is empty"),
        ({"ctc_reduction": "median"}, ConfigError, "ctc_reduction is 'median'"),
        ({"interctc": {"loss_weights": [0.3]}}, ConfigError, "interctc"),
        ({"train_ds": {"manifest_filepath": "x.json", "sample_rate": 8000}}, ConfigError, "sample_rate is 8000"),
    ],
)  # fmt: skip
def test_a_config_that_does_not_fit_is_an_error_that_names_the_key(change, error, match):
    with pytest.raises(error, match=match):
        EncDecCTCModel(cfg=tiny.config(**change))


def test_a_null_manifest_makes_no_loader():
    model = EncDecCTCModel(cfg=tiny.config(test_ds=tiny.dataset(None)))
    assert model.test_dataloader() == []


def test_the_release_decides_how_frames_are_counted():
    lengths = []
    for release in ("1.23.0", "3.0.0"):
        model = EncDecCTCModel(cfg=tiny.config(nemo_version=release)).eval()
        _, length = model.preprocessor(input_signal=torch.zeros(1, 1600), length=torch.tensor([1600]))
        lengths.append(length.item())
    assert lengths == [11, 10]


def test_catalogue_lists_published_models():
    names = EncDecCTCModel.get_available_model_names()
    assert {"QuartzNet15x5Base-En", "stt_en_quartznet15x5"} <= set(names)
    every = ASRModel.list_available_models()
    assert {"stt_en_citrinet_512", *names} <= {info.pretrained_model_name for info in every}
    assert all(info.location.startswith("https://") and info.location.endswith(".nemo") for info in every)
    assert {"EncDecCTCModel", "EncDecCTCModelBPE"} <= {info.class_.__name__ for info in every}


@pytest.mark.parametrize("name", ["model.onnx", "model.ts"])
def test_the_exported_file_maps_features_to_the_models_log_probs(model, tmp_path, name):
    model.eval()
    path = tmp_path / name
    features, lengths = torch.randn(2, 16, 40), torch.tensor([40, 30])
    model.export(str(path), input_example=(features, lengths))
    other, other_lengths = torch.randn(1, 16, 64), torch.tensor([64])
    expected = model(processed_signal=other, processed_signal_length=other_lengths)[0]
    if name.endswith(".ts"):
        found = torch.jit.load(str(path))(other, other_lengths)
    else:
        onnxruntime = pytest.importorskip("onnxruntime")
        session = onnxruntime.InferenceSession(str(path))
        assert [port.name for port in session.get_inputs()] == ["audio_signal", "length"]
        assert [port.name for port in session.get_outputs()] == ["logprobs"]
        found = torch.from_numpy(session.run(None, {"audio_signal": other.numpy(), "length": other_lengths.numpy()})[0])
    assert torch.allclose(found, expected, atol=1e-4)


def test_decoder_of_another_width_than_the_encoder_is_refused():
    config = tiny.config()
    config["decoder"]["feat_in"] = 77
    with pytest.raises(ConfigError, match=r"decoder.feat_in is 77, but the encoder gives \d+ channels"):
        EncDecCTCModel(config)


def test_missing_parts_are_named_all_at_once():
    with pytest.raises(ConfigError, match=r"(?s)model.preprocessor is mandatory.*model.encoder.*model.decoder"):
        EncDecCTCModel({"labels": ["a"]})
