"""The trials N1 are marked; each spoils the second of four batches and watches weights and momentum."""

import logging

import pytest
import torch
from omegaconf import OmegaConf
from pytorch_lightning.plugins.precision import MixedPrecision
from torch import nn

from nemo.core.training.gradients import gradient_norm, not_finite_gradients
from nemo.core.training.non_finite_report import REPORT_FILE
from nemo.utils.exceptions import ConfigError, NonFiniteError
from tests.core.training.small import SpoiledModel, fitted, lines, loader, model, tiny_config, trainer

N1 = pytest.mark.battery("N1")
SECOND_LEFT_OUT = [True, False, True, True]


def in_second_batch(spoil):
    return lambda loss, x, index: spoil(loss, x) if index == 1 else loss


def check_second_left_out(made, folder):
    assert made.changed == SECOND_LEFT_OUT
    assert all(torch.isfinite(parameter).all() for parameter in made.parameters())
    (report,) = lines(folder / REPORT_FILE)
    assert report["samples"] == ["sample 4", "sample 5", "sample 6", "sample 7"]
    assert (report["step"], report["batch"], report["action"], report["in_a_row"]) == (1, 1, "skip", 1)
    return report


@N1
def test_nan_in_the_input_leaves_the_step_out(tmp_path):
    x = torch.randn(16, 4)
    x[5, 2] = float("nan")
    made, _ = fitted(model(train_ds=None), tmp_path, loader(x))
    report = check_second_left_out(made, tmp_path)
    assert report["loss"] == ["nan"] and report["gradients_not_finite"] == 4
    assert report["gradients"][0] == "encoder.weight" and report["tensors"] == ["float32 [4, 4]", "float32 [4, 1]"]


@N1
def test_nan_in_the_loss_leaves_the_step_out(tmp_path):
    check_second_left_out(fitted(model(in_second_batch(lambda loss, x: loss * float("nan"))), tmp_path)[0], tmp_path)


@N1
def test_infinite_loss_with_finite_gradients_leaves_the_step_out(tmp_path):
    made, _ = fitted(model(in_second_batch(lambda loss, x: loss + float("inf"))), tmp_path)
    report = check_second_left_out(made, tmp_path)
    assert report["loss"] == ["inf"] and report["gradients"] == []


@N1
def test_infinite_gradient_of_a_finite_loss_leaves_the_step_out(tmp_path):
    # the derivative of the square root at 0
    made, _ = fitted(model(in_second_batch(lambda loss, x: loss + (loss - loss).sqrt())), tmp_path)
    report = check_second_left_out(made, tmp_path)
    assert isinstance(report["loss"][0], float) and report["gradients_not_finite"] == 4


@N1
def test_nan_in_one_of_two_losses_leaves_the_step_out(tmp_path):
    made, _ = fitted(model(in_second_batch(lambda loss, x: loss + 0.1 * (x.sum() * 0 - 1).log())), tmp_path)
    check_second_left_out(made, tmp_path)


@N1
def test_bf16_overflow_leaves_the_step_out(tmp_path):
    huge = torch.tensor(3e38)
    spoil = in_second_batch(lambda loss, x: loss * (huge.bfloat16() * torch.tensor(2.0).bfloat16()).float())
    check_second_left_out(fitted(model(spoil), tmp_path, precision="bf16-mixed")[0], tmp_path)


class TinyCTC(SpoiledModel):
    """x [B, T=6, 4] -> log-probabilities of 3 tokens and the blank."""

    def __init__(self, cfg, trainer=None):
        super().__init__(cfg, trainer)
        self.decoder = nn.Linear(3, 4)

    def training_step(self, batch, batch_idx):
        x, frames, targets, target_lengths = batch
        log_probs = self(x).log_softmax(-1).transpose(0, 1)
        losses = nn.functional.ctc_loss(log_probs, targets, frames, target_lengths, blank=3, reduction="none")
        return losses.sum() / (target_lengths.sum() if self.cfg.get("by_tokens") else (frames > 0).sum())


def ctc_data(frames=6, target_length=2):
    """Four batches of two; the second has other lengths."""
    x = torch.randn(8, 6, 4)
    all_frames, lengths = torch.full((8,), 6), torch.full((8,), 2)
    all_frames[2:4], lengths[2:4] = frames, target_length
    targets = torch.arange(8 * 7).reshape(8, 7) % 3
    data = torch.utils.data.TensorDataset(x, all_frames, targets, lengths)
    return torch.utils.data.DataLoader(data, batch_size=2)


@N1
@pytest.mark.parametrize(
    ("lengths", "by_tokens"),
    [({"target_length": 7}, False), ({"target_length": 0}, True), ({"frames": 0, "target_length": 0}, False)],
    ids=["target longer than frames", "empty targets", "all padding"],
)
def test_ctc_that_cannot_be_leaves_the_step_out(tmp_path, lengths, by_tokens):
    made = TinyCTC(tiny_config(optim={"name": "adamw", "lr": 0.01, "weight_decay": 0.1}, by_tokens=by_tokens))
    fitted(made, tmp_path, ctc_data(**lengths))
    assert made.changed == SECOND_LEFT_OUT
    assert lines(tmp_path / REPORT_FILE)[0]["samples"] == ["sample 2", "sample 3"]


@N1
def test_nan_in_the_weights_ends_the_run_and_says_so(tmp_path):
    made = model()
    made.encoder.bias.data[0] = float("nan")
    with pytest.raises(NonFiniteError, match=r"10 steps in a row.*weights are not finite either, first encoder.bias"):
        fitted(made, tmp_path, max_epochs=5)
    assert [report["in_a_row"] for report in lines(tmp_path / REPORT_FILE)] == list(range(1, 11))
    assert made.trainer.global_step == 9


@N1
def test_learning_rate_a_million_times_too_large_ends_the_run(tmp_path):
    made = model(optim={"name": "sgd", "lr": 1e5}, non_finite={"max_consecutive": 3})
    with pytest.raises(NonFiniteError, match="lower the learning rate|earlier checkpoint"):
        fitted(made, tmp_path, max_epochs=50)
    assert all(torch.isfinite(parameter).all() for parameter in made.parameters())
    assert lines(tmp_path / REPORT_FILE)[-1]["samples"]


@N1
def test_one_bad_batch_of_those_accumulated_leaves_the_whole_step_out_and_is_named_alone(tmp_path):
    spoil = in_second_batch(lambda loss, x: loss + (loss - loss).sqrt())
    made, t = fitted(model(spoil, train_ds={"batch_size": 2}), tmp_path, accumulate_grad_batches=4)
    assert made.changed == [False] * 7 + [True] and t.global_step == 2
    (report,) = lines(tmp_path / REPORT_FILE)
    assert report["batch"] == 1 and report["samples"] == ["sample 2", "sample 3"]


@N1
def test_nan_of_the_validation_is_never_the_best(tmp_path):
    from nemo.utils.exp_manager import exp_manager

    class Diverging(SpoiledModel):
        def multi_validation_epoch_end(self, outputs, dataloader_idx=0):
            loss = [torch.tensor(value) for value in (3.0, float("nan"), 2.0, float("nan"))][self.current_epoch]
            return {"val_loss": loss, "log": {"val_loss": loss}}

    t = trainer(tmp_path, max_epochs=4, num_sanity_val_steps=0)
    folder = exp_manager(t, {"explicit_log_dir": str(tmp_path / "run"), "create_tensorboard_logger": False})
    made = Diverging(tiny_config(train_ds={}, validation_ds={}), t)
    made.spoil = in_second_batch(lambda loss, x: loss * float("nan"))
    t.fit(made)
    assert "val_loss=2.0000-epoch=2" in t.checkpoint_callback.best_model_path
    assert len(lines(folder / REPORT_FILE)) == 4


@N1
def test_stop_ends_the_run_at_once_with_the_weights_of_before(tmp_path):
    made = model(in_second_batch(lambda loss, x: loss * float("inf")), non_finite={"action": "stop"})
    with pytest.raises(NonFiniteError, match=r"batch 1 of epoch 0.*sample 4, sample 5.*action is stop"):
        fitted(made, tmp_path)
    assert made.changed == [True]
    assert all(torch.isfinite(parameter).all() for parameter in made.parameters())


def test_good_batches_between_begin_the_count_anew(tmp_path):
    made = model(in_second_batch(lambda loss, x: loss * float("nan")), non_finite={"max_consecutive": 2})
    fitted(made, tmp_path, max_epochs=3)
    assert [report["in_a_row"] for report in lines(tmp_path / REPORT_FILE)] == [1, 1, 1]


def test_warn_takes_the_step_all_the_same(tmp_path, caplog):
    made = model(in_second_batch(lambda loss, x: loss * float("nan")), non_finite={"action": "warn", "dump": False})
    with caplog.at_level(logging.WARNING):
        fitted(made, tmp_path)
    assert "The step is taken all the same" in caplog.text
    assert torch.isnan(made.encoder.weight).all() and not (tmp_path / REPORT_FILE).exists()


def test_ignore_brings_no_callback():
    assert model(non_finite={"action": "ignore"}).configure_callbacks() == []


def test_skip_nan_grad_of_the_original_leaves_steps_out_for_ever(tmp_path):
    made = model(lambda loss, x, index: loss * float("nan"), skip_nan_grad=True, non_finite={"action": "stop"})
    before = [parameter.clone() for parameter in made.parameters()]
    fitted(made, tmp_path, max_epochs=4)
    assert all(torch.equal(a, b) for a, b in zip(before, made.parameters(), strict=True))
    assert lines(tmp_path / REPORT_FILE)[-1]["in_a_row"] == 16


def test_unknown_action_is_refused():
    with pytest.raises(ConfigError, match="model.non_finite.action is 'skpi'"):
        model(non_finite={"action": "skpi"}).configure_callbacks()


def test_large_gradients_whose_squares_overflow_are_finite(tmp_path):
    made, _ = fitted(model(in_second_batch(lambda loss, x: loss * 1e25), optim={"name": "sgd", "lr": 1e-28}), tmp_path)
    assert made.changed[1] is True and not (tmp_path / REPORT_FILE).exists()


def test_infinite_gradients_are_the_scalers_affair(tmp_path):
    precision = MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu", init_scale=4.0))
    made, _ = fitted(model(in_second_batch(lambda loss, x: loss + (loss - loss).sqrt())), tmp_path, plugins=[precision])
    assert made.changed == SECOND_LEFT_OUT
    assert precision.scaler.get_scale() == 2.0 and not (tmp_path / REPORT_FILE).exists()


def test_two_optimizers_are_judged_apart(tmp_path):
    class Two(SpoiledModel):
        automatic_optimization = False

        def configure_optimizers(self):
            return [torch.optim.SGD(part.parameters(), lr=0.1) for part in (self.encoder, self.decoder)]

        def training_step(self, batch, batch_idx):
            for optimizer, factor in zip(self.optimizers(), (float("nan"), 1.0), strict=True):
                optimizer.zero_grad()
                self.manual_backward(nn.functional.mse_loss(self(batch[0]), batch[1]) * factor)
                optimizer.step()

    made = Two(tiny_config(train_ds={}, non_finite={"max_consecutive": None}))
    before = [made.encoder.weight.clone(), made.decoder.weight.clone()]
    fitted(made, tmp_path)
    assert torch.equal(before[0], made.encoder.weight) and not torch.equal(before[1], made.decoder.weight)
    assert torch.isfinite(made.decoder.weight).all()


def test_model_may_name_its_samples(tmp_path):
    class Naming(SpoiledModel):
        def describe_batch(self, batch):
            return [f"speaker {int(row[0] > 0)}" for row in batch[0]]

    made = Naming(tiny_config(train_ds={}))
    made.spoil = in_second_batch(lambda loss, x: loss * float("nan"))
    fitted(made, tmp_path)
    assert all(name.startswith("speaker") for name in lines(tmp_path / REPORT_FILE)[0]["samples"])


def test_norm_of_sparse_and_dense_gradients_is_that_of_all_values():
    table, layer = nn.Embedding(5, 2, sparse=True), nn.Linear(2, 1)
    layer(table(torch.tensor([0, 0, 3]))).sum().backward()
    parameters = [*table.parameters(), *layer.parameters()]
    dense = torch.cat([parameter.grad.to_dense().flatten() for parameter in parameters])
    assert gradient_norm(parameters).item() == pytest.approx(dense.norm().item(), rel=1e-6)
    table.weight.grad = table.weight.grad * float("inf")
    assert not_finite_gradients([("table", table.weight), ("weight", layer.weight)]) == ["table"]
    assert gradient_norm(nn.Linear(2, 2).parameters()) is None


def test_config_is_not_written_into_the_model():
    assert "non_finite" not in model().cfg and OmegaConf.is_config(model().cfg)
