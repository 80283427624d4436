"""Residual vector quantisation: k-means, moving means, an error that falls with every stage."""

import pytest
import torch

from nemo.collections.tts.modules.vector_quantizer import GroupResidualVectorQuantizer, ResidualVectorQuantizer
from nemo.utils.exceptions import ConfigError

LENGTHS = torch.tensor([40, 30])


def learnt(quantizer, inputs, turns=5):
    quantizer.train()
    for _ in range(turns):
        quantizer(inputs=inputs, input_len=LENGTHS)
    return quantizer.eval()


def inputs():
    torch.manual_seed(0)
    found = torch.randn(2, 6, 40)
    found[1, :, 30:] = 0
    return found


def test_the_error_falls_with_every_stage():
    quantizer = learnt(ResidualVectorQuantizer(4, codebook_size=8, codebook_dim=6, kmeans_iters=10), inputs())
    indices = quantizer.encode(inputs=inputs(), input_len=LENGTHS)
    assert indices.shape == (4, 2, 40) and int(indices.max()) < 8
    errors = [
        float((quantizer.decode(indices=indices[:stages], input_len=LENGTHS) - inputs()).square().sum())
        for stages in (1, 2, 3, 4)
    ]
    assert errors == sorted(errors, reverse=True) and errors[3] < 0.5 * errors[0]


def test_each_stage_takes_the_nearest_code_of_what_is_left():
    quantizer = learnt(ResidualVectorQuantizer(2, codebook_size=5, codebook_dim=6), inputs())
    quantized, indices, loss = quantizer(inputs=inputs(), input_len=LENGTHS)
    residual, wanted = inputs()[0, :, 3], 0
    for stage, codebook in enumerate(quantizer.codebooks):
        nearest = min(range(5), key=lambda code: float((codebook.codes[code] - residual).norm()))
        assert int(indices[stage, 0, 3]) == nearest
        residual, wanted = residual - codebook.codes[nearest], wanted + codebook.codes[nearest]
    torch.testing.assert_close(quantized[0, :, 3], wanted)
    torch.testing.assert_close(quantizer.decode(indices=indices, input_len=LENGTHS), quantized)
    assert float(loss) > 0


def test_codes_follow_the_means_of_their_vectors_and_unused_ones_are_drawn_anew():
    torch.manual_seed(0)
    centres = torch.tensor([[5.0, 0.0], [-5.0, 0.0], [0.0, 5.0]])
    points = centres.repeat(20, 1) + 0.01 * torch.randn(60, 2)
    quantizer = ResidualVectorQuantizer(1, codebook_size=4, codebook_dim=2, decay=0.5, threshold=0.0).train()
    codebook = quantizer.codebooks[0]
    codebook._begin(torch.cat([centres, torch.tensor([[100.0, 100.0]])]))
    order = torch.cdist(centres, codebook.codes).argmin(dim=1)
    counts = 20 * (1 - 0.5 ** torch.arange(1, 31)) + 0.5 ** torch.arange(1, 31)  # each code begins with one vector
    for count in counts:
        quantizer(inputs=(points + 1).T[None], input_len=torch.tensor([60]))
        torch.testing.assert_close(codebook.cluster_size[order], count.expand(3))
    torch.testing.assert_close(codebook.codes[order], (points + 1).unflatten(0, (20, 3)).mean(dim=0), atol=1e-3, rtol=0)
    codebook.threshold = 2.0
    quantizer(inputs=(points + 1).T[None], input_len=torch.tensor([60]))
    assert (torch.cdist(codebook.codes, points + 1).min(dim=1).values < 0.05).all()  # none stays where nothing is


def test_gradients_pass_and_padding_is_zero():
    quantizer = ResidualVectorQuantizer(2, codebook_size=4, codebook_dim=6).train()
    vectors = inputs().requires_grad_()
    quantized, indices, _ = quantizer(inputs=vectors, input_len=LENGTHS)
    quantized.sum().backward()
    assert vectors.grad[0].eq(1).all() and vectors.grad[1, :, 30:].eq(0).all()
    assert quantized[1, :, 30:].eq(0).all() and indices[:, 1, 30:].eq(0).all()


def test_groups_have_their_own_codebooks():
    quantizer = learnt(GroupResidualVectorQuantizer(4, 2, 6, codebook_size=8), inputs())
    quantized, indices, _ = quantizer(inputs=inputs(), input_len=LENGTHS)
    assert indices.shape == (4, 2, 40)
    torch.testing.assert_close(quantizer.decode(indices=indices, input_len=LENGTHS), quantized)
    torch.testing.assert_close(quantizer.rvqs[1].decode(indices=indices[2:], input_len=LENGTHS), quantized[:, 3:])
    with pytest.raises(ConfigError, match="num_groups is 3, num_codebooks 4"):
        GroupResidualVectorQuantizer(4, 3, 6)
