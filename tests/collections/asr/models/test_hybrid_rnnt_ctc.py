import pytest
import torch

from nemo.collections.asr.models import ASRModel, EncDecHybridRNNTCTCBPEModel, EncDecHybridRNNTCTCModel
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.models import tiny, tiny_rnnt
from tests.collections.asr.models.test_ctc import batch, trainer


@pytest.fixture
def model():
    torch.manual_seed(0)
    return EncDecHybridRNNTCTCModel(cfg=tiny_rnnt.hybrid())


def test_state_dict_has_the_names_of_archives(model):
    prefixes = {name.split(".")[0] for name in model.state_dict()}
    assert prefixes == {"preprocessor", "encoder", "decoder", "joint", "ctc_decoder"}


def test_the_loss_is_the_weighted_mean_of_both(model):
    model.eval()
    encoded, lengths = model._encode_batch(batch())
    loss, parts = model._losses(encoded, lengths, batch())
    assert loss.item() == pytest.approx(0.7 * parts["rnnt_loss"].item() + 0.3 * parts["ctc_loss"].item(), rel=1e-5)
    _, _, tokens, token_lengths = batch()
    log_probs = model.ctc_decoder(encoder_output=encoded).transpose(0, 1)
    theirs = torch.nn.functional.ctc_loss(log_probs, tokens, lengths, token_lengths, blank=4, reduction="none").mean()
    assert parts["ctc_loss"].item() == pytest.approx(theirs.item(), rel=1e-5)


def test_both_decoders_learn_one_batch(tmp_path):
    _, manifest = tiny.recordings(tmp_path)
    section = tiny.dataset(manifest, shuffle=False, batch_size=3)
    torch.manual_seed(3)
    fitting = trainer(max_steps=50, log_every_n_steps=25)
    optim = {"name": "adamw", "lr": 0.02, "weight_decay": 0.0}
    cfg = tiny_rnnt.hybrid(train_ds=section, validation_ds=section, spec_augment=None, fused=True, optim=optim)
    model = EncDecHybridRNNTCTCModel(cfg=cfg, trainer=fitting)
    before = fitting.validate(model, verbose=False)[0]
    fitting.fit(model)
    assert set(fitting.logged_metrics) >= {"train_loss", "train_rnnt_loss", "train_ctc_loss"}
    after = fitting.validate(model, verbose=False)[0]
    assert set(after) >= {"val_wer", "val_wer_ctc"}
    with torch.no_grad():
        encoded, lengths = model._encode_batch(next(iter(model.val_dataloader())))
        parts = model._losses(encoded, lengths, next(iter(model.val_dataloader())))[1]
    assert after["val_loss"] < 0.4 * before["val_loss"]
    assert all(parts[name] < 3.0 for name in ("rnnt_loss", "ctc_loss"))


def test_either_decoder_transcribes(tmp_path):
    paths, _ = tiny.recordings(tmp_path)
    torch.manual_seed(1)
    model = EncDecHybridRNNTCTCModel(cfg=tiny_rnnt.hybrid())
    with torch.no_grad():  # as if it were trained: tokens and blanks
        model.joint.joint_net[-1].weight.mul_(20)
        model.ctc_decoder.decoder_layers[0].weight.mul_(20)
    found = {}
    for decoder_type in ("rnnt", "ctc", "rnnt"):
        model.change_decoding_strategy(decoder_type=decoder_type)
        assert model.cur_decoder == decoder_type
        hypotheses = model.transcribe(paths, timestamps=True, verbose=False)
        assert all({"char", "word", "segment"} <= set(each.timestep) for each in hypotheses)
        assert found.setdefault(decoder_type, hypotheses) == hypotheses
    assert found["rnnt"] != found["ctc"]


def test_the_ctc_decoder_gives_log_probs_when_it_is_chosen(model):
    model.change_decoding_strategy(decoder_type="ctc")
    log_probs = model.transcribe([tiny.signal(0.5)], logprobs=True, verbose=False)[0]
    assert log_probs.shape == (26, 5)


def test_decoding_sections_of_both_are_kept_in_the_config(model):
    model.change_decoding_strategy({"compute_timestamps": True}, decoder_type="ctc")
    assert model.cfg.aux_ctc.decoding.compute_timestamps and not model.cfg.decoding.compute_timestamps
    model.change_decoding_strategy({"greedy": {"max_symbols": 3}})
    assert model.cur_decoder == "rnnt" and model.cfg.decoding.greedy.max_symbols == 3
    with pytest.raises(ConfigError, match="decoder_type is 'aed'"):
        model.change_decoding_strategy(decoder_type="aed")


def test_change_vocabulary_renews_both_decoders(model):
    model.change_vocabulary(["x", "y"], ctc_decoding_cfg={"compute_timestamps": True})
    assert model.ctc_decoder.num_classes_with_blank == model.joint.num_classes_with_blank == 3
    assert model.ctc_loss.blank == 2 and model.ctc_decoding.compute_timestamps


def test_inner_layers_have_losses_of_the_ctc_decoder(tmp_path):
    _, manifest = tiny.recordings(tmp_path)
    section = tiny.dataset(manifest, shuffle=False)
    inner = {"loss_weights": [0.3], "apply_at_layers": [0]}
    cfg = tiny_rnnt.hybrid(interctc=inner, train_ds=section, validation_ds=section)
    fitting = trainer(max_steps=1)
    model = EncDecHybridRNNTCTCModel(cfg=cfg, trainer=fitting)
    fitting.fit(model)
    assert "train_inter_ctc_loss_l0" in fitting.logged_metrics
    assert fitting.validate(model, verbose=False)[0]["val_loss"] > 0


def test_a_hybrid_of_subwords_is_saved_and_restored_whole(tmp_path):
    cfg = tiny_rnnt.hybrid(tokenizer={"dir": tiny.tokenizer_folder(tmp_path / "tokenizer"), "type": "bpe"})
    del cfg["labels"]
    model = EncDecHybridRNNTCTCBPEModel(cfg=cfg)
    model.save_to(str(tmp_path / "model.nemo"))
    again = ASRModel.restore_from(str(tmp_path / "model.nemo"))
    assert type(again) is EncDecHybridRNNTCTCBPEModel and again.cfg.aux_ctc == model.cfg.aux_ctc
    assert again.cfg.target == "nemo.collections.asr.models.hybrid_rnnt_ctc_bpe_models.EncDecHybridRNNTCTCBPEModel"
    for decoder_type in ("rnnt", "ctc"):
        for part in (model, again):
            part.change_decoding_strategy(decoder_type=decoder_type)
        found = [part.transcribe([tiny.signal(0.7)], verbose=False)[0] for part in (model, again)]
        assert found[0] == found[1]
    model.change_vocabulary(tiny.tokenizer_folder(tmp_path / "other", vocab_size=16, text="d e f de ef fd def"), "bpe")
    assert model.ctc_decoder.num_classes_with_blank == model.tokenizer.vocab_size + 1


def test_the_ctc_part_is_exported_alone_when_it_is_asked_for(model, tmp_path):
    model.eval()
    assert model.list_export_subnets() == ["encoder", "decoder_joint"]
    model.set_export_config({"decoder_type": "ctc"})
    assert model.list_export_subnets() == ["self"]
    features, lengths = torch.randn(1, 16, 40), torch.tensor([40])
    model.export(str(tmp_path / "model.ts"), input_example=(features, lengths))
    expected = model.ctc_decoder(encoder_output=model(processed_signal=features, processed_signal_length=lengths)[0])
    torch.testing.assert_close(torch.jit.load(str(tmp_path / "model.ts"))(features, lengths), expected)


def test_a_weight_beyond_one_and_a_missing_decoder_are_refused():
    cfg = tiny_rnnt.hybrid()
    cfg["aux_ctc"]["ctc_loss_weight"] = 1.5
    with pytest.raises(ConfigError, match="ctc_loss_weight is 1.5"):
        EncDecHybridRNNTCTCModel(cfg=cfg)
    with pytest.raises(ConfigError, match="aux_ctc.decoder is missing"):
        EncDecHybridRNNTCTCModel(cfg=tiny_rnnt.config())
