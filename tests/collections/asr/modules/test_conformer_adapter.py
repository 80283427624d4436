"""Adapters of a Conformer: names as in archives, nothing changed at first, layer by layer afterwards."""

import torch

from nemo.collections.asr.modules import ConformerEncoderAdapter
from tests.collections.asr.modules.test_conformer_encoder import SIZES, features


def test_a_new_adapter_changes_nothing_and_a_trained_one_does():
    encoder = ConformerEncoderAdapter(**SIZES).eval()
    x, lengths = features(40, batch=2), torch.tensor([40, 23])
    with torch.no_grad():
        before = encoder(audio_signal=x, length=lengths)[0]
        encoder.add_adapter(
            "german", {"_target_": "nemo.collections.common.parts.adapter_modules.LinearAdapter", "dim": 4}
        )
        assert torch.equal(encoder(audio_signal=x, length=lengths)[0], before)
        names = [name for name in encoder.state_dict() if "adapter" in name]
        assert "layers.2.adapter_layer.german.module.0.weight" in names
        for name, parameter in encoder.named_parameters():
            if "layers.1.adapter_layer" in name:
                parameter.normal_()
        assert not torch.allclose(encoder(audio_signal=x, length=lengths)[0], before, atol=1e-3)
        encoder.set_enabled_adapters(enabled=False)
        assert torch.equal(encoder(audio_signal=x, length=lengths)[0], before)
