import copy

import pytest
import torch

from nemo.collections.asr.metrics.batch_error_rate import batch_error_rate
from nemo.collections.asr.models import EncDecCTCModel
from nemo.core.classes.access import AccessMixin
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.models import tiny
from tests.collections.asr.models.test_ctc import batch, trainer

CONFORMER = {
    "_target_": f"{tiny.MODULES}.ConformerEncoder", "feat_in": 16, "n_layers": 3, "d_model": 24, "n_heads": 2,
    "subsampling_factor": 2, "conv_kernel_size": 5, "dropout": 0.0, "dropout_pre_encoder": 0.0, "dropout_emb": 0.0,
    "dropout_att": 0.0,
}  # fmt: skip
CONVOLUTIONS = tiny.config()["encoder"] | {
    "jasper": [tiny.block(24, 5, stride=2), tiny.block(24, 5, residual=True), tiny.block(24, 3)]
}
ENCODERS = {"conformer": CONFORMER, "convolutions": CONVOLUTIONS}


def model_of(encoder="convolutions", layers=(0, 1), weights=(0.2, 0.3), **more):
    section = {"apply_at_layers": list(layers), "loss_weights": list(weights)}
    return EncDecCTCModel(cfg=tiny.config(encoder=ENCODERS[encoder], interctc=section, spec_augment=None, **more))


def without_last_layers(model, kind, count):
    """The log-probabilities of a model that ends after `count` layers."""
    short = copy.deepcopy(model)
    del (short.encoder.layers if kind == "conformer" else short.encoder.encoder)[count:]
    short.encoder.layer_drop_probs = [0.0] * count
    probs, lengths, _ = short(input_signal=batch()[0], input_signal_length=batch()[1])
    return probs, lengths


@pytest.mark.parametrize("kind", ENCODERS)
def test_loss_is_the_weighted_mean_of_those_of_shorter_encoders(kind):
    model = model_of(kind).eval()
    plain = model_of(kind, (), ()).eval()
    plain.load_state_dict(model.state_dict())
    loss, log_probs, _ = model._loss(batch())
    total, values = model.inter_ctc.add_losses(loss, batch(), errors=True)
    assert torch.equal(plain._loss(batch())[0], loss) and torch.equal(values["final_loss"], loss)
    assert set(values) == {"final_loss"} | {
        f"inter_{name}_l{i}" for name in ("ctc_loss", "wer_num", "wer_denom") for i in (0, 1)
    }
    expected = 0.5 * loss
    for layer, weight in ((0, 0.2), (1, 0.3)):
        probs, lengths = without_last_layers(plain, kind, layer + 1)
        inner = plain.loss(log_probs=probs, targets=batch()[2], input_lengths=lengths, target_lengths=batch()[3])
        assert values[f"inter_ctc_loss_l{layer}"].item() == pytest.approx(inner.item(), rel=1e-5)
        _, errors, words = batch_error_rate(plain.wer, probs, lengths, batch())
        assert (values[f"inter_wer_num_l{layer}"], values[f"inter_wer_denom_l{layer}"]) == (errors, words)
        expected = expected + weight * inner
    torch.testing.assert_close(total, expected)


@pytest.mark.parametrize("kind", ENCODERS)
def test_layers_behind_an_inner_loss_get_no_gradient_of_it(kind):
    model = model_of(kind, (1,), (1.0,))
    loss, _, _ = model._loss(batch())
    model.inter_ctc.add_losses(loss, batch())[0].backward()
    layers = model.encoder.layers if kind == "conformer" else model.encoder.encoder
    reached = [
        any(each.grad is not None and each.grad.abs().max() > 0 for each in layer.parameters()) for layer in layers
    ]
    assert reached == [True, True, False]


def test_nothing_is_kept_of_a_forward_pass_and_nobody_else_captures():
    model, other = model_of("conformer"), model_of("conformer")
    other.propagate_model_guid()
    with model.inter_ctc.capture():
        model(input_signal=batch()[0], input_signal_length=batch()[1])
        other(input_signal=batch()[0], input_signal_length=batch()[1])
        assert not AccessMixin.get_module_registry(other)
    assert not AccessMixin.get_module_registry(model) and not AccessMixin.is_access_enabled(model.model_guid)
    assert sorted(model.inter_ctc._outputs) == [0, 1]
    model(input_signal=batch()[0], input_signal_length=batch()[1])
    assert not AccessMixin.get_module_registry(model)


def test_training_and_validation_log_inner_layers(tmp_path):
    _, manifest = tiny.recordings(tmp_path)
    sets = {"train_ds": tiny.dataset(manifest), "validation_ds": tiny.dataset(manifest)}
    fitting = trainer(max_steps=3)
    model = model_of(**sets)
    model.set_trainer(fitting)
    fitting.fit(model)
    assert {"final_loss", "inter_ctc_loss_l0", "inter_ctc_loss_l1", "train_loss"} <= set(fitting.logged_metrics)
    metrics = fitting.validate(model, verbose=False)[0]
    assert metrics["val_final_wer"] == metrics["val_wer"]
    mean = 0.5 * metrics["val_final_loss"] + 0.2 * metrics["val_inter_ctc_loss_l0"]
    assert metrics["val_loss"] == pytest.approx(mean + 0.3 * metrics["val_inter_ctc_loss_l1"], rel=1e-5)
    assert {"val_inter_wer_l0", "val_inter_wer_l1"} <= set(metrics)


def test_change_of_the_vocabulary_takes_the_new_decoder():
    model = model_of().eval()
    model.change_vocabulary(["x", "y", "z"])
    loss, _, _ = model._loss(batch())
    assert torch.isfinite(model.inter_ctc.add_losses(loss, batch())[0])


@pytest.mark.parametrize(
    ("layers", "weights", "message"),
    [
        ((0,), (0.1, 0.2), "one weight for each"),
        ((1, 1), (0.1, 0.2), "different layers"),
        ((0, 1), (0.6, 0.6), "sum is at most 1"),
        ((3,), (0.1,), "the encoder has 3 layers"),
    ],
)
def test_faults_are_named(layers, weights, message):
    with pytest.raises(ConfigError, match=message):
        model_of("convolutions", layers, weights)


def test_encoder_without_layers_to_name_is_refused():
    encoder = {"_target_": f"{tiny.MODULES}.RNNEncoder", "feat_in": 16, "n_layers": 1, "d_model": 12}
    with pytest.raises(ConfigError, match="RNNEncoder"):
        EncDecCTCModel(cfg=tiny.config(encoder=encoder, interctc={"apply_at_layers": [0], "loss_weights": [0.1]}))
