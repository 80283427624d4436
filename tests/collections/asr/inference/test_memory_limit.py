import pytest
import torch

from nemo.collections.asr.inference import memory_limit
from nemo.collections.asr.inference.memory_limit import EncoderMemory, encoder_memory, memory_budget
from nemo.collections.asr.modules import ConformerEncoder, ConvASREncoder
from tests.collections.asr.models import tiny

CPU = torch.device("cpu")


def conformer(**options):
    return ConformerEncoder(feat_in=8, n_layers=1, d_model=16, n_heads=2, subsampling_conv_channels=8, **options).eval()


def test_attention_over_everything_grows_with_the_square():
    memory = encoder_memory(conformer(), torch.zeros(1, 8, 100))
    # numbers of 4 bytes, 2 copies of 2 heads' scores, a frame of four
    assert memory.per_frame_squared == 4 * 2 * 2 / 4**2
    # the first convolution gives 8 channels of 50 frames of 4 features; the feed-forwards 64 numbers of 25 frames
    assert memory.per_frame == 4 * 3 * (8 * 50 * 4) / 100


def test_local_attention_and_convolutions_grow_with_the_length():
    local = conformer(self_attention_model="rel_pos_local_attn", att_context_size=[4, 4])
    assert encoder_memory(local, torch.zeros(1, 8, 100)).per_frame_squared == 0
    blocks = ConvASREncoder(jasper=[tiny.block(6, 5, stride=2), tiny.block(10, 5)], activation="relu", feat_in=4).eval()
    assert encoder_memory(blocks, torch.zeros(1, 4, 100)) == EncoderMemory(4 * 3 * 10 * 50 / 100, 0.0)


def test_half_precision_needs_half():
    single, half = conformer(), conformer().to(torch.bfloat16)
    features = torch.zeros(1, 8, 100)
    assert encoder_memory(single, features).needed(5000) == 2 * encoder_memory(half, features.bfloat16()).needed(5000)


@pytest.mark.parametrize("memory", [EncoderMemory(100.0, 0.0), EncoderMemory(100.0, 0.5), EncoderMemory(1.0, 3.0)])
def test_frames_within_a_budget_are_the_most_that_fit(memory):
    for budget in (1e4, 1e6):
        frames = memory.frames_within(budget)
        assert memory.needed(frames) <= budget < memory.needed(frames + 1)
    assert memory.frames_within(0.1) == 1


def test_the_budget_is_an_eighth_of_the_memory_and_a_gibibyte_at_most(monkeypatch):
    monkeypatch.setattr(memory_limit, "_memory_of_machine", lambda: 4.0 * 2**30)
    assert memory_budget(CPU) == 2**29
    monkeypatch.setattr(memory_limit, "_memory_of_machine", lambda: 64.0 * 2**30)
    assert memory_budget(CPU) == 2**30


def test_a_system_that_does_not_tell_its_memory_counts_as_8_gib(monkeypatch):
    monkeypatch.delattr("os.sysconf")
    assert memory_budget(CPU) == 2**30
    monkeypatch.setattr(memory_limit, "UNKNOWN_MEMORY", 2**30)
    assert memory_budget(CPU) == 2**27
