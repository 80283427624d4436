import json

import pytest
import torch
from omegaconf import OmegaConf

from nemo.collections.asr.models import ASRModel, EncDecRNNTBPEModel, EncDecRNNTModel
from nemo.collections.asr.models.transducer_gradients import shape_gradients
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.models import tiny, tiny_rnnt
from tests.collections.asr.models.test_ctc import batch, trainer


@pytest.fixture
def model():
    return EncDecRNNTModel(cfg=tiny_rnnt.config())


def test_forward_gives_encoded_frames_and_their_lengths(model):
    model.eval()
    signals, lengths, _, _ = batch()
    encoded, encoded_lengths = model(input_signal=signals, input_signal_length=lengths)
    assert encoded.shape[:2] == (2, 24) and encoded_lengths.tolist() == [26, 16]
    with pytest.raises(ValueError, match="got neither"):
        model()


def test_state_dict_has_the_names_of_archives(model):
    prefixes = {name.split(".")[0] for name in model.state_dict()}
    assert prefixes == {"preprocessor", "encoder", "decoder", "joint"}
    assert {"decoder.prediction.embed.weight", "joint.joint_net.1.weight"} <= set(model.state_dict())


def test_widths_and_sizes_come_from_the_other_parts(model):
    assert model.cfg.decoder.vocab_size == model.cfg.joint.num_classes == len(tiny.LABELS)
    sizes = model.cfg.joint.jointnet
    assert (sizes.encoder_hidden, sizes.pred_hidden, sizes.joint_hidden) == (24, 16, 16)


@pytest.mark.parametrize("kind", tiny_rnnt.KINDS)
def test_training_learns_one_batch(kind, tmp_path):
    _, manifest = tiny.recordings(tmp_path)
    section = tiny.dataset(manifest, shuffle=False, batch_size=3)
    cfg = tiny_rnnt.config(kind, fused=kind == "tdt", train_ds=section, validation_ds=section, spec_augment=None)
    cfg["optim"] = {"name": "adamw", "lr": 0.02, "weight_decay": 0.0}
    torch.manual_seed(3)
    fitting = trainer(max_steps=50, log_every_n_steps=25)
    model = EncDecRNNTModel(cfg=cfg, trainer=fitting)
    before = fitting.validate(model, verbose=False)[0]
    fitting.fit(model)
    after = fitting.validate(model, verbose=False)[0]
    assert after["val_loss"] < 0.3 * before["val_loss"]
    assert set(after) >= {"val_loss", "val_wer", "global_step"}


@pytest.mark.parametrize("kind", tiny_rnnt.KINDS)
def test_fused_loss_is_the_plain_one(kind):
    losses = []
    for fused in (False, True):
        torch.manual_seed(1)
        model = EncDecRNNTModel(cfg=tiny_rnnt.config(kind, fused=fused)).eval()
        model.loss.omega = 0.0
        encoded, lengths = model._encode_batch(batch())
        losses.append(model._losses(encoded, lengths, batch())[0].item())
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_training_step_logs_loss_rate_step_and_error_rate(tmp_path):
    _, manifest = tiny.recordings(tmp_path)
    fitting = trainer(max_steps=1)
    model = EncDecRNNTModel(cfg=tiny_rnnt.config(train_ds=tiny.dataset(manifest)), trainer=fitting)
    fitting.fit(model)
    assert set(fitting.logged_metrics) >= {"train_loss", "learning_rate", "global_step", "training_batch_wer"}


def test_evaluation_without_loss_measures_errors_only(tmp_path):
    _, manifest = tiny.recordings(tmp_path)
    fitting = trainer()
    cfg = tiny_rnnt.config(compute_eval_loss=False, validation_ds=tiny.dataset(manifest), fused=True)
    results = fitting.validate(EncDecRNNTModel(cfg=cfg, trainer=fitting), verbose=False)[0]
    assert "val_wer" in results and "val_loss" not in results


def test_prediction_pairs_ids_with_transcripts(tmp_path):
    _, manifest = tiny.recordings(tmp_path)
    section = tiny.dataset(manifest, return_sample_id=True, shuffle=False)
    model = EncDecRNNTModel(cfg=tiny_rnnt.config(test_ds=section))
    pairs = [pair for result in trainer().predict(model, model.test_dataloader()) for pair in result]
    assert [index for index, _ in pairs] == [0, 1, 2]
    assert all(type(text) is str for _, text in pairs)


@pytest.mark.parametrize("kind", tiny_rnnt.KINDS)
def test_transcription_in_a_batch_is_that_of_each_recording_alone(kind, tmp_path):
    paths, _ = tiny.recordings(tmp_path)
    torch.manual_seed(1)
    # before release 2.5 the edge of a shorter utterance mirrored its padding, so it holds exactly only from then on
    model = EncDecRNNTModel(cfg=tiny_rnnt.config(kind, nemo_version="3.0.0"))
    with torch.no_grad():  # as if it were trained: tokens and blanks
        model.joint.joint_net[-1].weight.mul_(20)
    together = model.transcribe(paths, batch_size=3, timestamps=True, verbose=False)
    alone = [model.transcribe(path, timestamps=True, verbose=False)[0] for path in paths]
    assert together == alone and any(together)
    for one, other in zip(together, alone, strict=True):
        assert one.timestep == other.timestep
        assert [entry["start"] for entry in one.timestep["char"]] == [
            pytest.approx(0.02 * entry["start_offset"]) for entry in one.timestep["char"]
        ]


@pytest.mark.parametrize("stateless", [False, True])
def test_save_and_restore_give_the_same_outputs_and_contents(stateless, tmp_path):
    model = EncDecRNNTModel(cfg=tiny_rnnt.config(stateless=stateless))
    path = tmp_path / "model.nemo"
    model.save_to(str(path))
    again = ASRModel.restore_from(str(path))
    assert type(again) is EncDecRNNTModel and again.cfg == model.cfg
    assert again.cfg.target == "nemo.collections.asr.models.rnnt_models.EncDecRNNTModel"
    found = [part.transcribe([tiny.signal(0.7)], verbose=False)[0] for part in (model, again)]
    assert found[0] == found[1] and found[0].score == found[1].score


def test_change_vocabulary_makes_new_networks_and_keeps_the_encoder(model):
    encoder = {name: value.clone() for name, value in model.encoder.state_dict().items()}
    model.change_vocabulary(["x", "y", " "])
    assert model.decoder.vocab_size == 3 and model.joint.num_classes_with_blank == 4
    assert list(model.cfg.labels) == list(model.joint.vocabulary) == ["x", "y", " "]
    assert model.decoding.blank_id == model.loss.blank == 3
    assert all(torch.equal(value, encoder[name]) for name, value in model.encoder.state_dict().items())
    joint = model.joint
    model.change_vocabulary(["x", "y", " "])
    assert model.joint is joint
    with pytest.raises(ConfigError, match="not empty"):
        model.change_vocabulary([])


def test_change_decoding_strategy_is_kept_in_the_config(model):
    model.change_decoding_strategy({"greedy": {"max_symbols": 2}, "compute_timestamps": True})
    assert model.cfg.decoding.greedy.max_symbols == 2 and model.wer.decoding is model.decoding
    assert isinstance(model.transcribe([tiny.signal(0.7)], verbose=False)[0].timestep, dict)
    assert isinstance(model.transcribe([tiny.signal(0.7)], timestamps=False, verbose=False)[0].timestep, list)


def test_gradients_are_shaped_as_the_config_asks(model):
    def gradients(shape=None, **section):
        model.cfg = OmegaConf.merge(model.cfg, section)
        for value in model.parameters():
            value.grad = torch.full_like(value, 2.0)
        torch.manual_seed(0)
        shape_gradients(model, shape)
        return [next(part.parameters()).grad for part in (model.encoder, model.decoder, model.joint)]

    plain = gradients()
    assert all((grad == 2.0).all() for grad in plain)
    encoder, decoder, joint = gradients(normalize_encoder_norm=True, normalize_joint_norm=True)
    assert encoder.norm().item() == pytest.approx(1.0) and joint.norm().item() == pytest.approx(1.0)
    assert (decoder == 2.0).all()
    off = {"normalize_encoder_norm": False, "normalize_joint_norm": False}
    encoder, decoder, joint = gradients((50, 4), normalize_joint_txu=True, **off)
    assert encoder.flatten()[0].item() == 0.5 and decoder.flatten()[0].item() == pytest.approx(0.04)
    noise = {"normalize_joint_txu": False, "variational_noise": {"start_step": 0, "std": 0.1}}
    encoder, decoder, joint = gradients(**noise)
    assert (encoder == 2.0).all() and (joint == 2.0).all()
    assert (decoder - 2.0).std().item() == pytest.approx(0.1, rel=0.3)
    later = gradients(variational_noise={"start_step": 5, "std": 0.1})
    assert (later[1] == 2.0).all()


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"labels": None}, "model.labels is empty"),
        ({"loss": {"loss_name": "k2"}}, "loss_name is 'k2'"),
        ({"rnnt_reduction": "median"}, "rnnt_reduction is 'median'"),
        ({"decoding": {"model_type": "tdt", "durations": [0, 1]}}, "the joint network has 5 outputs"),
        ({"joint": None}, "model.joint is mandatory"),
    ],
)
def test_a_config_that_does_not_fit_is_an_error_that_names_the_key(change, match):
    with pytest.raises(ConfigError, match=match):
        EncDecRNNTModel(cfg=tiny_rnnt.config(**change))


def test_export_parts_are_the_encoder_and_what_the_search_calls(model):
    model.eval()
    assert model.list_export_subnets() == ["encoder", "decoder_joint"]
    part = model.decoder_joint
    assert part.input_names == ["encoder_outputs", "targets", "target_length", "input_states_1", "input_states_2"]
    assert part.output_names == ["outputs", "prednet_lengths", "output_states_1", "output_states_2"]
    frames, targets, lengths, *state = part.input_example(2)
    scores, _, *after = part(frames, targets, lengths, *state)
    places, expected = model.decoder.predict(targets, list(state), add_sos=False)
    torch.testing.assert_close(scores.log_softmax(-1), model.joint.joint(frames.transpose(1, 2), places))
    assert all(torch.equal(one, two) for one, two in zip(after, expected, strict=True))


# ----------------------------------------------------------------------------------------------------------- subwords


@pytest.fixture
def subwords(tmp_path):
    section = {"dir": tiny.tokenizer_folder(tmp_path / "tokenizer"), "type": "bpe"}
    cfg = tiny_rnnt.config(tokenizer=section)
    del cfg["labels"]
    return EncDecRNNTBPEModel(cfg=cfg)


def test_a_subword_model_takes_its_vocabulary_from_the_tokenizer(subwords, tmp_path):
    size = subwords.tokenizer.vocab_size
    assert subwords.joint.num_classes_with_blank == size + 1 == subwords.decoder.vocab_size + 1
    subwords.save_to(str(tmp_path / "model.nemo"))
    again = ASRModel.restore_from(str(tmp_path / "model.nemo"))
    assert type(again) is EncDecRNNTBPEModel
    assert again.cfg.target == "nemo.collections.asr.models.rnnt_bpe_models.EncDecRNNTBPEModel"
    found = [part.transcribe([tiny.signal(0.7)], verbose=False)[0] for part in (subwords, again)]
    assert found[0] == found[1]


def test_a_subword_model_takes_another_tokenizer(subwords, tmp_path):
    folder = tiny.tokenizer_folder(tmp_path / "other", vocab_size=16, text="d e f de ef fd def fed")
    subwords.change_vocabulary(folder, "bpe")
    assert subwords.joint.num_classes_with_blank == subwords.tokenizer.vocab_size + 1
    assert "d" in subwords.tokenizer.vocab and subwords.cfg.tokenizer.dir == folder
    subwords.save_tokenizers(str(tmp_path / "saved"))
    assert (tmp_path / "saved").is_dir()


def test_a_subword_model_without_tokenizer_is_refused():
    with pytest.raises(ConfigError, match="model.tokenizer is missing"):
        EncDecRNNTBPEModel(cfg=tiny_rnnt.config())


def test_a_subword_model_trains_on_its_tokens(subwords, tmp_path):
    _, manifest = tiny.recordings(tmp_path)
    section = tiny.dataset(manifest, shuffle=False)
    del section["labels"]
    subwords.setup_training_data(section)
    fitting = trainer(max_steps=1)
    subwords.set_trainer(fitting)
    fitting.fit(subwords)
    assert fitting.logged_metrics["train_loss"].isfinite()
    assert json.dumps([str(text) for text in subwords.transcribe([tiny.signal(0.4)], verbose=False)])


def test_the_catalogue_has_transducers_and_hybrids():
    found = {info.pretrained_model_name: info.class_.__name__ for info in ASRModel.list_available_models()}
    assert found["stt_en_conformer_transducer_large"] == "EncDecRNNTBPEModel"
    assert found["stt_en_fastconformer_hybrid_large_pc"] == "EncDecHybridRNNTCTCBPEModel"


def test_log_probs_of_frames_are_refused(model):
    with pytest.raises(ConfigError, match="which only CTC has"):
        model.transcribe([tiny.signal(0.4)], logprobs=True, verbose=False)
