"""How often a CTC model with 8-bit weights decides for a frame as the same model in float32 does, on recordings.

Both are ONNX files run by onnxruntime. Give a trained model and a folder of recordings, or a manifest:
``python -m benchmarks.int8_agreement model.nemo dev.json``. Without a model there is nothing to measure: random weights
decide by chance. Texts of both are compared as well: the word error rate of one with the other as its reference.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.measure import emit

LIMIT = 0.985
WER_LIMIT = 0.001


def recordings(source: Path) -> list[tuple[Path, str | None]]:
    """Files with their transcripts, where a manifest says them."""
    if source.is_dir():
        return [(path, None) for path in sorted(source.iterdir()) if path.suffix in (".wav", ".flac")]
    lines = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [(source.parent / line["audio_filepath"], line.get("text")) for line in lines]


def log_probs(model: Any, session: Any, path: Path) -> np.ndarray:
    import soundfile

    samples, _ = soundfile.read(path, dtype="float32")
    with torch.no_grad():
        features, lengths = model.preprocessor(
            input_signal=torch.from_numpy(samples)[None], length=torch.tensor([len(samples)])
        )
    values = {"audio_signal": features.numpy(), "length": lengths.numpy()}
    result: np.ndarray = session.run(None, {port.name: values[port.name] for port in session.get_inputs()})[0]
    return result


def main(model_file: str, source: str) -> None:
    import onnxruntime

    from nemo.collections.asr.metrics.wer import word_error_rate
    from nemo.collections.asr.models import ASRModel
    from nemo.core.classes.onnx_files import quantize_onnx

    logging.getLogger("nemo").setLevel(logging.ERROR)
    torch.set_num_threads(1)
    model = ASRModel.restore_from(model_file, map_location="cpu").eval()
    model.preprocessor.featurizer.dither = 0.0
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "model.onnx"
        model.export(str(plain))
        sessions = [onnxruntime.InferenceSession(str(file)) for file in (plain, quantize_onnx(plain))]
        same = frames = 0
        texts: list[list[str]] = [[], []]
        for path, _ in recordings(Path(source)):
            found = [log_probs(model, session, path) for session in sessions]
            same += int((found[0].argmax(-1) == found[1].argmax(-1)).sum())
            frames += found[0].shape[1]
            for side, scores in zip(texts, found, strict=True):
                side.append(model.decoding.ctc_decoder_predictions_tensor(torch.from_numpy(scores))[0][0])
    emit("int8_agreement", same / frames, unit="share of frames", limit=LIMIT, at_least=True, frames=frames)
    reference = [text for _, text in recordings(Path(source)) if text is not None]
    if len(reference) == len(texts[0]):
        errors = [word_error_rate(hypotheses=side, references=reference) for side in texts]
        emit("int8_wer", errors[1] - errors[0], unit="WER more", limit=WER_LIMIT, wer=errors[0], wer_int8=errors[1])


if __name__ == "__main__":
    if len(sys.argv) == 3:
        main(sys.argv[1], sys.argv[2])
    else:
        emit("int8_agreement", 0, unit="models", reference="skipped: give a trained model and recordings")
