"""Feeds recordings into a cache-aware model piece by piece, as if they came from microphones.

    python speech_to_text_cache_aware_streaming_infer.py --asr_model=model.nemo --audio_file=a.wav
    python speech_to_text_cache_aware_streaming_infer.py --asr_model=model.nemo --manifest_file=test.json \
        --batch_size=16 --att_context_size="[70, 1]" --compare_vs_offline --output_path=out.json

The output has one JSON object for each recording: what its manifest line said, and pred_text.
"""

import argparse
import json
import logging

import numpy as np
import torch

from nemo.collections.asr.inference import CacheAwareStream, feed_together, finish_together
from nemo.collections.asr.metrics.wer import word_error_rate
from nemo.collections.asr.models import ASRModel
from nemo.collections.common.audio.io import load_audio
from nemo.collections.common.data.manifest import get_full_path, read_manifest_objects, write_manifest

logger = logging.getLogger("nemo.examples")


def stream(model: ASRModel, recordings: list[np.ndarray], chunk_seconds: float) -> list[str]:
    """Texts of recordings that are read together."""
    streams = [CacheAwareStream(model) for _ in recordings]
    size = max(1, round(chunk_seconds * model.sample_rate))
    for start in range(0, max(len(samples) for samples in recordings), size):
        feed_together(streams, [samples[start : start + size] for samples in recordings])
    return [str(hypothesis) for hypothesis in finish_together(streams)]


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--asr_model", required=True, help="a .nemo file or the name of a published model")
    parser.add_argument("--audio_file", help="one recording")
    parser.add_argument("--manifest_file", help="or those of a manifest")
    parser.add_argument("--batch_size", type=int, default=32, help="recordings read together")
    parser.add_argument("--chunk_seconds", type=float, default=0.08, help="audio fed at once")
    parser.add_argument("--att_context_size", type=json.loads, help="[left, right] of an encoder with several contexts")
    parser.add_argument("--compare_vs_offline", action="store_true", help="transcribe the whole recordings as well")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--output_path", help="JSON lines")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Streams recordings, and says how good the result is."""
    options = parse(arguments)
    restore = ASRModel.restore_from if options.asr_model.endswith(".nemo") else ASRModel.from_pretrained
    model = restore(options.asr_model, map_location=options.device)
    if options.att_context_size is not None:
        model.encoder.set_default_att_context_size(options.att_context_size)
    if options.manifest_file:
        entries = read_manifest_objects(options.manifest_file)
        paths = [get_full_path(entry["audio_filepath"], options.manifest_file) for entry in entries]
    else:
        entries, paths = [{"audio_filepath": options.audio_file}], [options.audio_file]
    texts: list[str] = []
    for start in range(0, len(paths), options.batch_size):
        batch = [load_audio(path, model.sample_rate) for path in paths[start : start + options.batch_size]]
        texts += stream(model, batch, options.chunk_seconds)
    for entry, text in zip(entries, texts, strict=True):
        logger.info("%s: %s", entry["audio_filepath"], text)
    if options.compare_vs_offline:
        offline = [str(text) for text in model.transcribe(paths, batch_size=options.batch_size, verbose=False)]
        same = sum(ours == theirs for ours, theirs in zip(texts, offline, strict=True))
        logger.info("%d of %d texts are those of the whole recordings", same, len(texts))
    if all("text" in entry for entry in entries):
        logger.info("WER %.2f %%", 100 * word_error_rate(texts, [entry["text"] for entry in entries]))
    if options.output_path:
        write_manifest(
            options.output_path, [{**entry, "pred_text": text} for entry, text in zip(entries, texts, strict=True)]
        )


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    main()
