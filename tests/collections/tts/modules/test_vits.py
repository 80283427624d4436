"""VITS's generator against the implementation in transformers; its flows can be inverted."""

import math
import re

import torch
from transformers import VitsConfig, VitsModel

from nemo.collections.tts.losses.vits import KlLoss
from nemo.collections.tts.modules.vits import SynthesizerTrn
from nemo.collections.tts.modules.vits_durations import BINS, SplineFlow, StochasticDurationPredictor
from nemo.collections.tts.modules.vits_splines import spline

SIZES = {
    "n_vocab": 12,
    "spec_channels": 17,
    "segment_size": 4,
    "inter_channels": 8,
    "hidden_channels": 8,
    "filter_channels": 16,
    "n_heads": 2,
    "n_layers": 2,
    "kernel_size": 3,
    "p_dropout": 0.1,
    "resblock": "1",
    "resblock_kernel_sizes": [3, 5],
    "resblock_dilation_sizes": [[1, 3], [1, 3]],
    "upsample_rates": [4, 2],
    "upsample_initial_channel": 16,
    "upsample_kernel_sizes": [8, 4],
}


def disturbed(network):
    """Weights that are not those of the beginning, where every flow is the identity."""
    torch.manual_seed(0)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.2 * torch.randn_like(weight))
    return network


def test_splines_are_monotonic_and_their_inverse_and_slopes_fit():
    torch.manual_seed(0)
    x = torch.linspace(-7, 7, 60, dtype=torch.double, requires_grad=True)
    shapes = [torch.randn(1, size, dtype=torch.double).expand(60, -1) for size in (10, 10, 9)]
    mapped, log_slopes = spline(x, *shapes, 5.0, inverse=False)
    assert (mapped.diff() > 0).all()
    (slopes,) = torch.autograd.grad(mapped.sum(), x)
    torch.testing.assert_close(log_slopes.exp(), slopes)
    back, log_back = spline(mapped.detach(), *shapes, 5.0, inverse=True)
    torch.testing.assert_close(back, x.detach())
    torch.testing.assert_close(log_back, -log_slopes.detach())
    assert torch.equal(mapped[x.abs() > 5], x[x.abs() > 5])


@torch.no_grad()
def test_flows_can_be_inverted():
    network = disturbed(SynthesizerTrn(**SIZES)).eval()
    z, mask = torch.randn(2, 8, 7), torch.ones(2, 1, 7)
    torch.testing.assert_close(network.flow(network.flow(z, mask), mask, inverse=True), z, atol=1e-4, rtol=1e-4)
    durations, condition = torch.rand(2, 2, 7) * 4 - 2, torch.randn(2, 8, 7)
    for flow in network.dp.flows:
        mapped, _ = flow(durations, mask, condition)
        torch.testing.assert_close(flow.inverse(mapped, mask, condition), durations, atol=1e-3, rtol=1e-3)


TRANSFORMERS = (
    (r"^enc_p\.emb\.", "text_encoder.embed_tokens."),
    (r"^enc_p\.proj\.", "text_encoder.project."),
    (r"^enc_p\.encoder\.attn_layers\.(\d+)\.conv_([qkv])\.", r"text_encoder.encoder.layers.\1.attention.\2_proj."),
    (r"^enc_p\.encoder\.attn_layers\.(\d+)\.conv_o\.", r"text_encoder.encoder.layers.\1.attention.out_proj."),
    (r"^enc_p\.encoder\.attn_layers\.(\d+)\.", r"text_encoder.encoder.layers.\1.attention."),
    (r"^enc_p\.encoder\.norm_layers_1\.(\d+)\.", r"text_encoder.encoder.layers.\1.layer_norm."),
    (r"^enc_p\.encoder\.norm_layers_2\.(\d+)\.", r"text_encoder.encoder.layers.\1.final_layer_norm."),
    (r"^enc_p\.encoder\.ffn_layers\.(\d+)\.", r"text_encoder.encoder.layers.\1.feed_forward."),
    (r"^dp\.", "duration_predictor."),
    (r"^duration_predictor\.(post_)?(pre|proj)\.", r"duration_predictor.\1conv_\2."),
    (r"^duration_predictor\.(post_)?convs\.", r"duration_predictor.\1conv_dds."),
    (r"^duration_predictor\.(post_)?flows\.0\.m$", r"duration_predictor.\1flows.0.translate"),
    (r"^duration_predictor\.(post_)?flows\.0\.logs$", r"duration_predictor.\1flows.0.log_scale"),
    (r"(flows\.\d+)\.convs\.", r"\1.conv_dds."),
    (r"^(duration_predictor.*flows\.\d+)\.(pre|proj)\.", r"\1.conv_\2."),
    (r"convs_sep\.", "convs_dilated."),
    (r"convs_1x1\.", "convs_pointwise."),
    (r"^flow\.flows\.(\d+)\.pre\.", r"flow.flows.\1.conv_pre."),
    (r"^flow\.flows\.(\d+)\.post\.", r"flow.flows.\1.conv_post."),
    (r"^flow\.flows\.(\d+)\.enc\.", r"flow.flows.\1.wavenet."),
    (r"^enc_q\.pre\.", "posterior_encoder.conv_pre."),
    (r"^enc_q\.proj\.", "posterior_encoder.conv_proj."),
    (r"^enc_q\.enc\.", "posterior_encoder.wavenet."),
    (r"^dec\.ups\.", "decoder.upsampler."),
    (r"^dec\.", "decoder."),
    (r"norms?_(\w+)\.(\d+)\.gamma$", r"norms_\1.\2.weight"),
    (r"norms?_(\w+)\.(\d+)\.beta$", r"norms_\1.\2.bias"),
    (r"layer_norm\.gamma$", "layer_norm.weight"),
    (r"layer_norm\.beta$", "layer_norm.bias"),
    (r"\.weight_g$", ".parametrizations.weight.original0"),
    (r"\.weight_v$", ".parametrizations.weight.original1"),
)


def as_transformers_state(state, theirs):
    """Our names -> those of transformers, which counts couplings and splines without the flips."""
    found = {}
    for name, value in state.items():
        for pattern, replacement in TRANSFORMERS:
            name = re.sub(pattern, replacement, name)
        name = re.sub(r"^flow\.flows\.(\d+)", lambda match: f"flow.flows.{int(match[1]) // 2}", name)
        name = re.sub(
            r"^(duration_predictor\.(?:post_)?flows)\.(\d+)",
            lambda match: f"{match[1]}.{(int(match[2]) + 1) // 2}",
            name,
        )
        if name not in theirs:  # upsampling and residual blocks have plain weights there
            name = name.replace(".parametrizations.weight.original", ".weight_")
        found[name] = value.reshape(theirs[name].shape) if name in theirs else value
    return found


@torch.no_grad()
def test_it_speaks_as_transformers():
    ours = disturbed(SynthesizerTrn(**SIZES)).eval()
    theirs = VitsModel(
        VitsConfig(
            vocab_size=12,
            hidden_size=8,
            num_hidden_layers=2,
            num_attention_heads=2,
            window_size=4,
            ffn_dim=16,
            ffn_kernel_size=3,
            flow_size=8,
            spectrogram_bins=17,
            upsample_initial_channel=16,
            upsample_rates=[4, 2],
            upsample_kernel_sizes=[8, 4],
            resblock_kernel_sizes=[3, 5],
            resblock_dilation_sizes=[[1, 3], [1, 3]],
        )
    ).eval()
    theirs.decoder.apply_weight_norm()
    theirs.load_state_dict(as_transformers_state(ours.state_dict(), theirs.state_dict()))
    text, lengths = torch.tensor([[3, 1, 4, 1, 5, 9, 2], [6, 5, 3, 5, 0, 0, 0]]), torch.tensor([7, 4])
    theirs.noise_scale, theirs.noise_scale_duration, theirs.speaking_rate = 0.6, 0.7, 0.8
    torch.manual_seed(5)
    audio, durations, frames = ours.infer(
        text, lengths, noise_scale=0.6, noise_scale_w=0.7, length_scale=1 / 0.8, max_len=None
    )
    torch.manual_seed(5)
    mask = torch.arange(7) < lengths[:, None]
    spoken = theirs(input_ids=text, attention_mask=mask.long())
    assert (frames * 8).tolist() == spoken.sequence_lengths.tolist()
    assert durations[1, 4:].eq(0).all()
    torch.testing.assert_close(audio[:, 0], spoken.waveform, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_the_flow_of_durations_bounds_their_likelihood():
    """With flows that are the identity the bound has a closed form in the noise that was drawn."""
    predictor = StochasticDurationPredictor(4, 3, 0.0).eval()
    for flow in (*predictor.flows, *predictor.post_flows):
        if isinstance(flow, SplineFlow):
            flow.proj.bias[2 * BINS :] = math.log(math.expm1(1 - 1e-3))  # slopes of 1: with it the identity
    durations, mask = torch.tensor([[[2.0, 5.0]]]), torch.ones(1, 1, 2)
    torch.manual_seed(3)
    found = predictor.loss(torch.randn(1, 4, 2), mask, durations)
    torch.manual_seed(3)
    torch.randn(1, 4, 2)
    noise = torch.randn(1, 2, 2)
    normal = torch.distributions.Normal(0, 1)
    u, other = noise[:, 0], noise[:, 1]  # four flips of two channels leave their order
    share = torch.sigmoid(u)
    log_q = normal.log_prob(noise).sum() - (share.log() + (1 - share).log()).sum()
    logarithm = (durations[:, 0] - share).log()
    log_p = normal.log_prob(logarithm).sum() + normal.log_prob(other).sum() - logarithm.sum()
    wanted = log_q - log_p
    torch.testing.assert_close(found, wanted[None], atol=1e-4, rtol=1e-4)


def test_the_divergence_is_that_of_normal_distributions():
    torch.manual_seed(0)
    means, logs_q, m_p, logs_p = (0.3 * torch.randn(1, 2, 3, dtype=torch.double) for _ in range(4))
    posterior, prior = (torch.distributions.Normal(m, s.exp()) for m, s in ((means, logs_q), (m_p, logs_p)))
    exact = torch.distributions.kl_divergence(posterior, prior).sum() / 3
    samples = posterior.sample((20000,))
    repeated = [each.expand(20000, -1, -1, -1).flatten(0, 1) for each in (logs_q, m_p, logs_p)]
    found = KlLoss()(samples.flatten(0, 1), *repeated, torch.ones(20000, 1, 3))
    torch.testing.assert_close(found.double(), exact, atol=0.02, rtol=0)
