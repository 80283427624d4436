"""A training step of QuartzNet 5x5 (6.7 M parameters, 8 x 8 s) against the same network written in plain PyTorch.

Both start from the same features: encoder, decoder, CTC loss, backward, AdamW. The plain network has no masks and no
typed calls. Run: ``python -m benchmarks.train_step_quartznet``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from benchmarks.measure import compare, emit_ratio
from nemo.collections.asr.losses.ctc import CTCLoss
from nemo.collections.asr.modules.conv_decoder import ConvASRDecoder
from nemo.collections.asr.modules.conv_encoder import ConvASREncoder

LIMIT = 1.05
BATCH, FRAMES, FEATURES, TOKENS = 8, 801, 64, 28
# filters, kernel, repeat, stride, dilation, residual
BLOCKS = [
    (256, 33, 1, 2, 1, False),
    (256, 33, 5, 1, 1, True),
    (256, 39, 5, 1, 1, True),
    (512, 51, 5, 1, 1, True),
    (512, 63, 5, 1, 1, True),
    (512, 75, 5, 1, 1, True),
    (512, 87, 1, 1, 2, False),
]
LAST_FILTERS = 1024


def jasper_config() -> list[dict[str, object]]:
    blocks = [
        dict(filters=filters, repeat=repeat, kernel=[kernel], stride=[stride], dilation=[dilation], dropout=0.0,
             residual=residual, separable=True)
        for filters, kernel, repeat, stride, dilation, residual in BLOCKS
    ]  # fmt: skip
    last = dict(filters=LAST_FILTERS, repeat=1, kernel=[1], stride=[1], dilation=[1], dropout=0.0, residual=False)
    return [*blocks, last]


class PlainBlock(nn.Module):
    """[depthwise, pointwise, norm, ReLU] repeated, and a residual."""

    def __init__(self, channels, filters, kernel, repeat, stride, dilation, residual):
        super().__init__()
        layers, first = [], channels
        for index in range(repeat):
            layers += [
                nn.Conv1d(
                    channels, channels, kernel, stride, dilation * (kernel - 1) // 2, dilation, channels, bias=False
                ),
                nn.Conv1d(channels, filters, 1, bias=False),
                nn.BatchNorm1d(filters, eps=1e-3),
            ]
            layers += [nn.ReLU(inplace=True)] if index < repeat - 1 else []
            channels = filters
        self.layers = nn.Sequential(*layers)
        pointwise = [nn.Conv1d(first, filters, 1, bias=False), nn.BatchNorm1d(filters, eps=1e-3)]
        self.residual = nn.Sequential(*pointwise) if residual else None

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102 - PyTorch's
        y = self.layers(x)
        return torch.relu(y if self.residual is None else y + self.residual(x))


def plain_network() -> nn.Sequential:
    layers: list[nn.Module] = []
    channels = FEATURES
    for filters, *numbers in BLOCKS:
        layers.append(PlainBlock(channels, filters, *numbers))
        channels = filters
    layers += [nn.Conv1d(channels, LAST_FILTERS, 1, bias=False), nn.BatchNorm1d(LAST_FILTERS, eps=1e-3), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv1d(LAST_FILTERS, TOKENS + 1, 1))


def main() -> None:
    torch.manual_seed(0)
    features, lengths = torch.randn(BATCH, FEATURES, FRAMES), torch.full((BATCH,), FRAMES)
    targets, target_lengths = torch.randint(0, TOKENS, (BATCH, 60)), torch.full((BATCH,), 60)
    encoder = ConvASREncoder(jasper_config(), activation="relu", feat_in=FEATURES)
    decoder = ConvASRDecoder(LAST_FILTERS, TOKENS)
    loss = CTCLoss(TOKENS)
    plain, plain_loss = plain_network(), nn.CTCLoss(blank=TOKENS, reduction="none")
    our_optimizer = torch.optim.AdamW([*encoder.parameters(), *decoder.parameters()], lr=1e-4)
    plain_optimizer = torch.optim.AdamW(plain.parameters(), lr=1e-4)

    def our_forward() -> tuple[Tensor, Tensor]:
        encoded, encoded_lengths = encoder(audio_signal=features, length=lengths)
        return decoder(encoder_output=encoded), encoded_lengths

    def ours() -> float:
        our_optimizer.zero_grad()
        log_probs, encoded_lengths = our_forward()
        value = loss(log_probs=log_probs, targets=targets, input_lengths=encoded_lengths, target_lengths=target_lengths)
        value.backward()
        our_optimizer.step()
        return value.item()

    def bare() -> float:
        plain_optimizer.zero_grad()
        log_probs = plain(features).permute(2, 0, 1).log_softmax(dim=-1)
        frames = torch.full((BATCH,), log_probs.shape[0])
        value = plain_loss(log_probs, targets, frames, target_lengths).mean()
        value.backward()
        plain_optimizer.step()
        return value.item()

    timings = compare({"ours": ours, "bare": bare}, repetitions=5)
    parameters = sum(p.numel() for p in [*encoder.parameters(), *decoder.parameters()])
    emit_ratio("train_step_quartznet", timings["ours"], timings["bare"], limit=LIMIT, parameters=parameters)
    encoder.eval(), decoder.eval(), plain.eval()
    with torch.no_grad():
        timings = compare({"ours": our_forward, "bare": lambda: plain(features).log_softmax(dim=1)}, repetitions=5)
    emit_ratio("forward_quartznet", timings["ours"], timings["bare"], limit=LIMIT)


if __name__ == "__main__":
    main()
