"""Adapters of speech recognition models."""

import resource

import pytest
import pytorch_lightning as pl
import torch

from nemo.collections.asr.models import ASRModel, EncDecCTCModel
from nemo.collections.asr.models.adapter_model import ASRAdapterModelMixin
from nemo.collections.common.adapters import LinearAdapter, LinearAdapterConfig
from nemo.core.adapters import get_registered_adapter
from nemo.core.adapters.strategies import ResidualAddAdapterStrategyConfig
from nemo.utils.exceptions import ArchiveError, ConfigError
from tests.collections.asr.models import tiny

ENCODER = "nemo.collections.asr.modules.conv_asr.ConvASREncoderAdapter"
SIGNAL = torch.from_numpy(tiny.signal(0.5)).repeat(2, 1)
LENGTHS = torch.tensor([8000, 5000])


def config(**more):
    """The tiny model with an encoder that takes adapters."""
    section = tiny.config(**more)
    section["encoder"]["_target_"] = ENCODER
    return section


@pytest.fixture
def model():
    return EncDecCTCModel(cfg=config()).eval()


def output(model):
    with torch.no_grad():
        return model(input_signal=SIGNAL, input_signal_length=LENGTHS)[0]


def shaken(model):
    """Adapters that do something."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "adapter_layer" in name:
                weight.add_(torch.randn_like(weight))
    return model


def test_a_new_adapter_changes_nothing(model):
    before = output(model)
    model.add_adapter("domain", LinearAdapterConfig(in_features=24, dim=3))
    assert torch.equal(output(model), before)
    assert model.get_enabled_adapters() == model.encoder.get_enabled_adapters() == ["domain"]


def test_state_dict_names_are_those_of_archives(model):
    model.add_adapter("domain", LinearAdapterConfig(in_features=24, dim=3))
    names = [name for name in model.state_dict() if "adapter" in name]
    ends = ["0.weight", "0.bias", "1.weight", "3.weight"]
    assert names == [f"encoder.encoder.{b}.adapter_layer.domain.module.{end}" for b in (0, 1) for end in ends]


def test_adapters_come_after_the_blocks(model):
    """Against the same blocks, with the adapters called by hand."""
    model.add_adapter("first", LinearAdapterConfig(dim=3))
    model.add_adapter("encoder:second", LinearAdapterConfig(dim=5, norm_position="post", activation="relu"))
    shaken(model)
    encoded, lengths = model.encoder(audio_signal=torch.randn(2, 16, 50), length=torch.tensor([50, 31]))
    torch.manual_seed(0)
    x = torch.randn(2, 16, 50)
    ours = model.encoder(audio_signal=x, length=torch.tensor([50, 31]))[0]
    state = ([x], torch.tensor([50, 31]))
    for block in model.encoder.encoder:
        model.set_enabled_adapters(enabled=False)
        (hidden,), lengths = block(state)
        hidden = hidden.transpose(1, 2)
        for name in ("first", "second"):
            hidden = hidden + block.adapter_layer[name](hidden)
        state = ([hidden.transpose(1, 2)], lengths)
    assert torch.allclose(ours, state[0][0], atol=1e-6)


def test_disabled_adapters_give_the_original_output_to_the_bit(model):
    before = output(model)
    model.add_adapter("domain", LinearAdapterConfig(dim=3))
    assert not torch.equal(output(shaken(model)), before)
    model.set_enabled_adapters(enabled=False)
    assert torch.equal(output(model), before)


@pytest.mark.filterwarnings("ignore:Found .* in eval mode")  # the batch norms, which is meant
def test_only_the_adapter_trains_and_the_loss_falls(model, tmp_path):
    _, manifest = tiny.recordings(tmp_path)
    model.add_adapter("domain", LinearAdapterConfig(dim=8))
    model.setup_training_data(tiny.dataset(manifest, batch_size=3, shuffle=False))
    model.freeze()
    model.train()
    model.unfreeze_enabled_adapters()
    losses, before = [], {name: value.clone() for name, value in model.state_dict().items()}

    class Losses(pl.Callback):
        def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
            losses.append(outputs["loss"].item())

    pl.Trainer(
        max_steps=3, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, callbacks=[Losses()], log_every_n_steps=1,
    ).fit(model)  # fmt: skip
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert changed
    assert all(".adapter_layer.domain." in name for name in changed)
    assert len(losses) == 3
    assert losses[2] < losses[0]


def test_the_l2_loss_of_every_block_is_added(model):
    batch = SIGNAL, LENGTHS, torch.tensor([[1, 2], [3, 1]]), torch.tensor([2, 1])
    strategy = ResidualAddAdapterStrategyConfig(l2_lambda=0.01)
    model.add_adapter("domain", LinearAdapterConfig(dim=3, adapter_strategy=strategy))
    shaken(model)
    model.spec_augmentation = None
    model.trainer = pl.Trainer(accelerator="cpu", logger=False, enable_checkpointing=False)
    model.log_dict = lambda *values, **how: None  # there is no loop to log to
    given = []
    for block in model.encoder.encoder:
        block.adapter_layer["domain"].register_forward_hook(lambda *call: given.append(call[2]))
    model.train()
    torch.manual_seed(1)  # of the dither
    loss = model._loss(batch)[0]
    registered = model.take_adapter_losses()
    by_hand = [0.01 * (output.detach() ** 2).sum() / 2 for output in given]
    assert torch.allclose(torch.stack(registered), torch.stack(by_hand))
    assert model.take_adapter_losses() == []
    model._loss(batch)  # leaves losses behind, as a repeated computation does
    torch.manual_seed(1)
    assert torch.allclose(model.training_step(batch, 0)["loss"], loss + sum(by_hand), rtol=1e-4)
    model.eval()
    model._loss(batch)
    assert model.take_adapter_losses() == []


def test_archives_have_the_adapters(model, tmp_path):
    model.add_adapter("domain", LinearAdapterConfig(dim=3))
    shaken(model).save_to(str(tmp_path / "model.nemo"))
    restored = ASRModel.restore_from(str(tmp_path / "model.nemo")).eval()
    assert isinstance(restored, EncDecCTCModel)
    assert torch.equal(output(restored), output(model))
    assert isinstance(restored.encoder.get_adapter_module("domain"), LinearAdapter)
    assert restored.cfg.adapters.domain._target_ == "nemo.collections.common.parts.adapter_modules.LinearAdapter"


def test_adapters_alone(model, tmp_path):
    weights = model.state_dict()
    model.add_adapter("domain", LinearAdapterConfig(dim=3))
    shaken(model).save_adapters(str(tmp_path / "domain.pt"))
    other = EncDecCTCModel(cfg=config()).eval()
    other.load_state_dict(weights)
    other.load_adapters(str(tmp_path / "domain.pt"))
    assert torch.equal(output(other), output(model))


def test_a_file_that_asks_for_much_memory_is_refused(model, tmp_path):
    """Ten gigabytes for each layer; the file has a few numbers for them."""
    model.add_adapter("domain", LinearAdapterConfig(dim=3))
    model.save_adapters(str(tmp_path / "domain.pt"))
    content = torch.load(tmp_path / "domain.pt", weights_only=True)
    content["__cfg__"]["domain"]["dim"] = 10**8
    torch.save(content, tmp_path / "large.pt")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ArchiveError, match=r"large.pt: the adapter 'domain' (does not fit|cannot be built)"):
        EncDecCTCModel(cfg=config()).load_adapters(str(tmp_path / "large.pt"))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB


def test_a_new_vocabulary_keeps_the_adapters(model):
    model.add_adapter("domain", LinearAdapterConfig(dim=3))
    shaken(model)
    x, lengths = torch.randn(2, 16, 50), torch.tensor([50, 31])
    before = model.encoder(audio_signal=x, length=lengths)[0]
    model.change_vocabulary(["x", "y"])
    assert torch.equal(model.encoder(audio_signal=x, length=lengths)[0], before)
    model.set_enabled_adapters(enabled=False)
    assert not model.encoder.is_adapter_available()


def test_an_encoder_without_adapters_says_which_class_has_them():
    model = EncDecCTCModel(cfg=tiny.config())
    with pytest.raises(ConfigError, match=rf"encoder is a ConvASREncoder, .*encoder\._target_ = '{ENCODER}'"):
        model.add_adapter("domain", LinearAdapterConfig(dim=3))
    with pytest.raises(ConfigError, match="decoder is a ConvASRDecoder, which takes no adapters"):
        model.add_adapter("decoder:domain", LinearAdapterConfig(dim=3))
    with pytest.raises(ConfigError, match="has no joint"):
        model.add_adapter("joint:domain", LinearAdapterConfig(dim=3))


def test_an_archive_without_adapters_is_restored_with_an_encoder_that_takes_them(tmp_path):
    plain = EncDecCTCModel(cfg=tiny.config()).eval()
    plain.save_to(str(tmp_path / "model.nemo"))
    cfg = EncDecCTCModel.restore_from(str(tmp_path / "model.nemo"), return_config=True)
    cfg.encoder._target_ = get_registered_adapter(cfg.encoder._target_).adapter_class_path
    model = EncDecCTCModel.restore_from(str(tmp_path / "model.nemo"), override_config_path=cfg).eval()
    assert torch.equal(output(model), output(plain))
    model.add_adapter("domain", LinearAdapterConfig(dim=3))
    assert model.is_adapter_available()


def test_other_kinds_of_adapters_are_refused(model):
    with pytest.raises(ValueError, match="does not take adapters of torch.nn.Linear; it accepts LinearAdapter"):
        model.add_adapter("domain", {"_target_": "torch.nn.Linear", "in_features": 24, "out_features": 24})


def test_parts_of_speech_models():
    assert issubclass(EncDecCTCModel, ASRAdapterModelMixin)
    info = get_registered_adapter(ENCODER)
    assert info.base_class_path == "nemo.collections.asr.modules.conv_asr.ConvASREncoder"
    assert info.adapter_class_path == ENCODER
