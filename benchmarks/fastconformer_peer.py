"""Medium FastConformer-CTC against the same network in transformers (`ParakeetForCTC`), random weights, one thread.

20 s of audio, one utterance: as the code stands, compiled, in bfloat16, and both networks' ONNX files in onnxruntime,
in float32 and with 8-bit weights; then a training step of 4 x 10 s. Both sides take turns in one process, features and
logits apart. Run: ``python -m benchmarks.fastconformer_peer``, or with names: ``eager bf16 train onnx compiled``.

Compiled layer by layer, all layers with one graph; `compiled_whole` compiles the whole of transformers' network, which
takes minutes. Ratios are of the best times: `cpu_ratio` of CPU seconds, which
other processes disturb little, `value` of wall seconds.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.measure import Timing, compare, emit
from nemo.collections.asr.losses.ctc import CTCLoss
from nemo.collections.asr.modules.conformer_encoder import ConformerEncoder
from nemo.collections.asr.modules.conv_decoder import ConvASRDecoder

MELS, WIDTH, HEADS, LAYERS, CHANNELS, KERNEL, CLASSES = 80, 256, 4, 16, 256, 9, 1025
FRAMES = 2001
LIMITS = {"eager": 0.67, "compiled": 0.75, "bf16": 0.70, "onnx": 1.0, "onnx_int8": 1.0, "train": 0.78}
WARM_UP_LIMIT_S = 20.0


class Recogniser(nn.Module):
    """Our encoder and classifier, features [B, D, F] to log-probabilities [B, S, V + 1]."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.encoder = ConformerEncoder(
            feat_in=MELS,
            n_layers=LAYERS,
            d_model=WIDTH,
            n_heads=HEADS,
            subsampling="dw_striding",
            subsampling_factor=8,
            subsampling_conv_channels=CHANNELS,
            conv_kernel_size=KERNEL,
            **options,
        )
        self.decoder = ConvASRDecoder(WIDTH, CLASSES - 1)

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Log-probabilities and their lengths."""
        encoded, lengths = self.encoder(audio_signal=features, length=lengths)
        return self.decoder(encoder_output=encoded), lengths


def ours(**options: Any) -> Recogniser:
    torch.manual_seed(0)
    return Recogniser(**options).eval()


def theirs(dropout: float = 0.1) -> Any:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from transformers import ParakeetCTCConfig, ParakeetEncoderConfig, ParakeetForCTC

    make: Any = ParakeetEncoderConfig  # its annotations lack keys
    encoder = make(
        hidden_size=WIDTH,
        intermediate_size=4 * WIDTH,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        num_hidden_layers=LAYERS,
        num_mel_bins=MELS,
        conv_kernel_size=KERNEL,
        subsampling_conv_channels=CHANNELS,
        layerdrop=0.0,
        dropout=dropout,
        activation_dropout=dropout,
        attention_dropout=0.0,
    )
    torch.manual_seed(0)
    config = ParakeetCTCConfig(vocab_size=CLASSES, encoder_config=encoder.to_dict(), pad_token_id=CLASSES - 1)
    network = ParakeetForCTC(config).eval()
    network.set_attn_implementation("sdpa")
    return network


def forward_passes(
    mine: Recogniser, peer: Callable[..., Any], dtype: torch.dtype = torch.float32
) -> dict[str, Callable[[], Tensor]]:
    features = torch.randn(1, MELS, FRAMES, dtype=dtype)
    swapped, mask = features.transpose(1, 2).contiguous(), torch.ones(1, FRAMES, dtype=torch.bool)
    lengths = torch.tensor([FRAMES])

    @torch.inference_mode()
    def our_pass() -> Tensor:
        return mine(features, lengths)[0]

    @torch.inference_mode()
    def their_pass() -> Tensor:
        logits: Tensor = peer(input_features=swapped, attention_mask=mask).logits
        return logits

    return {"ours": our_pass, "theirs": their_pass}


def emit_best(name: str, timings: dict[str, Timing], limit: float, **detail: Any) -> None:
    """One line with the ratio of the best wall times, and of the best CPU times."""
    mine, peer = timings["ours"], timings["theirs"]
    emit(
        f"fastconformer_peer_{name}",
        min(mine.wall_seconds) / min(peer.wall_seconds),
        unit="ratio",
        limit=limit,
        reference=min(peer.wall_seconds),
        timing=mine,
        cpu_ratio=min(mine.cpu_seconds) / min(peer.cpu_seconds),
        our_best_ms=min(mine.wall_seconds) * 1e3,
        their_best_ms=min(peer.wall_seconds) * 1e3,
        our_best_cpu_ms=min(mine.cpu_seconds) * 1e3,
        their_best_cpu_ms=min(peer.cpu_seconds) * 1e3,
        **detail,
    )


def eager() -> None:
    emit_best("eager", compare(forward_passes(ours(), theirs()), repetitions=12, warmup=2), LIMITS["eager"])


def bf16() -> None:
    passes = forward_passes(ours().bfloat16(), theirs().bfloat16(), torch.bfloat16)
    emit_best("bf16", compare(passes, repetitions=12, warmup=2), LIMITS["bf16"])


def compiled() -> None:
    """Each layer of both is compiled, all layers of one network with one graph."""
    mine, peer = ours(), theirs()
    for layer in (*mine.encoder.layers, *peer.encoder.layers):
        layer.compile()
    passes = forward_passes(mine, peer)
    warm_up = {name: _seconds(one) for name, one in passes.items()}
    emit_best(
        "compiled", compare(passes, repetitions=12, warmup=2), LIMITS["compiled"], warm_up_cpu_s=warm_up["theirs"]
    )
    # the compiler works in this process and in processes of its own, whose CPU time counts when they end
    emit("fastconformer_peer_compiled_warm_up", warm_up["ours"], unit="CPU s", limit=WARM_UP_LIMIT_S)


def compiled_whole() -> None:
    """Our compiled layers against the whole of transformers' network compiled, which takes minutes."""
    mine = ours()
    for layer in mine.encoder.layers:
        layer.compile()
    passes = forward_passes(mine, torch.compile(theirs()))
    warm_up = {name: _seconds(one) for name, one in passes.items()}
    timings = compare(passes, repetitions=12, warmup=2)
    emit_best("compiled_whole", timings, LIMITS["compiled"], warm_up_cpu_s=warm_up["theirs"])


def onnx() -> None:
    from nemo.core.classes.onnx_files import quantize_onnx

    with tempfile.TemporaryDirectory() as folder:
        files = {"ours": Path(folder) / "ours.onnx", "theirs": Path(folder) / "theirs.onnx"}
        export_ours(ours(), files["ours"])
        export_theirs(theirs(), files["theirs"])
        for name, limit in (("onnx", LIMITS["onnx"]), ("onnx_int8", LIMITS["onnx_int8"])):
            if name == "onnx_int8":
                files = {
                    side: quantize_onnx(file) if side == "ours" else their_int8(file) for side, file in files.items()
                }
            sessions = {side: session_of(file) for side, file in files.items()}
            timings = compare(sessions, repetitions=12, warmup=2)
            emit_best(name, timings, limit, megabytes=files["ours"].stat().st_size / 1e6)


def export_ours(network: Recogniser, path: Path) -> None:
    """Encoder and classifier in one file, as `EncDecCTCModel.export` writes it, but without features' statistics."""
    from nemo.core.classes.exporters import TracedCall, write_onnx

    example = (torch.randn(1, MELS, 400), torch.tensor([400]))
    with torch.no_grad():
        write_onnx(
            TracedCall(network, network.forward, example),
            path,
            weights_name=f"{path.name}.data",
            input_names=["audio_signal", "length"],
            output_names=["logprobs", "lengths"],
            dynamic_axes={
                "audio_signal": {0: "batch", 2: "time"},
                "length": {0: "batch"},
                "logprobs": {0: "batch", 1: "frames"},
            },
            opset=17,
            verbose=False,
            do_constant_folding=True,
            export_modules_as_functions=False,
            keep_initializers_as_inputs=False,
        )


def export_theirs(network: Any, path: Path) -> None:
    class Logits(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, features: Tensor, mask: Tensor) -> Tensor:
            logits: Tensor = self.network(input_features=features, attention_mask=mask).logits
            return logits

    example = (torch.randn(1, FRAMES, MELS), torch.ones(1, FRAMES, dtype=torch.bool))
    with torch.no_grad():
        torch.onnx.export(
            Logits().eval(), example, path, dynamo=True, verbose=False, external_data=False,
            input_names=["features", "mask"], output_names=["logits"],
        )  # fmt: skip


def their_int8(path: Path) -> Path:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    output = path.with_suffix(".int8.onnx")
    quantize_dynamic(path, output, op_types_to_quantize=["MatMul", "Gemm"], weight_type=QuantType.QInt8)
    return output


def session_of(path: Path) -> Callable[[], Any]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    features = torch.randn(1, MELS, FRAMES)
    values = {
        "audio_signal": features.numpy(),
        "length": torch.tensor([FRAMES]).numpy(),
        "features": features.transpose(1, 2).contiguous().numpy(),
        "mask": torch.ones(1, FRAMES, dtype=torch.bool).numpy(),
    }
    inputs = {port.name: values[port.name] for port in session.get_inputs()}
    return lambda: session.run(None, inputs)


def train() -> None:
    """Forward, CTC and backward of 4 x 10 s with 30 tokens each, dropout as both have it by default."""
    mine, peer, loss = ours().train(), theirs().train(), CTCLoss(num_classes=CLASSES - 1)
    features = torch.randn(4, MELS, 1001)
    swapped, mask = features.transpose(1, 2).contiguous(), torch.ones(4, 1001, dtype=torch.bool)
    lengths, labels = torch.full((4,), 1001), torch.randint(0, CLASSES - 1, (4, 30))
    label_lengths = torch.full((4,), 30)

    def our_step() -> None:
        mine.zero_grad(set_to_none=True)
        log_probs, frames = mine(features, lengths)
        loss(log_probs=log_probs, targets=labels, input_lengths=frames, target_lengths=label_lengths).backward()

    def their_step() -> None:
        peer.zero_grad(set_to_none=True)
        peer(input_features=swapped, attention_mask=mask, labels=labels).loss.backward()

    timings = compare({"ours": our_step, "theirs": their_step}, repetitions=6, warmup=2)
    emit_best("train", timings, LIMITS["train"])


def _seconds(function: Callable[[], object]) -> float:
    """CPU seconds of one call, in wall seconds where the machine is quiet."""
    timing = Timing()
    timing.add(function)
    return min(timing.cpu_seconds[0], timing.wall_seconds[0])


PARTS = {
    "eager": eager,
    "bf16": bf16,
    "train": train,
    "onnx": onnx,
    "compiled": compiled,
    "compiled_whole": compiled_whole,
}


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    for name in names or list(PARTS):
        PARTS[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
