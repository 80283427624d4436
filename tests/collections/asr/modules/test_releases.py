import torch

from nemo.collections.asr.modules import ConformerEncoder, ConvASREncoder, RNNEncoder, SqueezeformerEncoder
from nemo.collections.asr.modules.releases import follow_release
from tests.collections.asr.modules.test_conv_encoder import BLOCKS


def test_encoders_with_a_subsampling_mask_it_from_a_release_on():
    encoders = ConformerEncoder(16, 1, 8), SqueezeformerEncoder(16, 1, 8), RNNEncoder(16, 1, 8)
    for encoder in encoders:
        for release, masks in (("1.23.0", False), ("3.0.0", True)):
            follow_release(encoder, release)
            assert encoder.pre_encode.masks_padding is masks


def test_modules_without_such_a_difference_are_left_alone():
    follow_release(ConvASREncoder(BLOCKS, activation="relu", feat_in=6), "3.0.0")
    follow_release(torch.nn.Linear(1, 1), "1.23.0")
    follow_release(RNNEncoder(16, 1, 8, subsampling=None), "3.0.0")
