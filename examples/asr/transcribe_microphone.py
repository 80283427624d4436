"""Writes down what a microphone hears, while it hears it; Ctrl+C ends it. Needs the package sounddevice.

    python transcribe_microphone.py --model model.nemo
    python transcribe_microphone.py --model stt_en_fastconformer_hybrid_large_streaming_multi --context "[70, 1]"

A model with a cache-aware encoder answers after its look-ahead; any other is read in overlapping windows, with a delay
of a few seconds.
"""

import argparse
import json
import sys
from collections.abc import Iterable

import numpy as np

from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.collections.asr.inference import BufferedStream, CacheAwareStream, microphone_chunks
from nemo.collections.asr.models import ASRModel
from nemo.utils.exceptions import ConfigError


def open_stream(model: ASRModel) -> CacheAwareStream | BufferedStream:
    """The kind of stream that fits the model."""
    try:
        return CacheAwareStream(model)
    except ConfigError:
        return BufferedStream(model)


def listen(model: ASRModel, chunks: Iterable[np.ndarray]) -> Hypothesis:
    """Shows each new piece of text as it comes, until the chunks or the user end it."""
    stream, shown = open_stream(model), ""
    try:
        for chunk in chunks:
            text = stream.feed(chunk)
            sys.stdout.write(text[len(shown) :] if text.startswith(shown) else f"\n{text}")
            sys.stdout.flush()
            shown = text
    except KeyboardInterrupt:
        pass
    result = stream.finish()
    sys.stdout.write(f"\n{result}\n")
    return result


def main(arguments: list[str] | None = None) -> None:
    """Listens and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="a .nemo file or the name of a published model")
    parser.add_argument("--context", type=json.loads, help="[left, right] of an encoder with several contexts")
    parser.add_argument("--microphone", help="number or part of the name of the input")
    options = parser.parse_args(arguments)
    restore = ASRModel.restore_from if options.model.endswith(".nemo") else ASRModel.from_pretrained
    model = restore(options.model)
    if options.context is not None:
        model.encoder.set_default_att_context_size(options.context)
    listen(model, microphone_chunks(model.sample_rate, device=options.microphone))


if __name__ == "__main__":
    main()
