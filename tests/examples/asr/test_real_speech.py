"""A recipe learns real speech, as users train it; what uses the model agrees on recordings of new speakers."""

import json
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import pytorch_lightning as pl
import soundfile
import torch

from nemo.collections.asr.inference import BufferedStream, export_onnx_folder
from nemo.collections.asr.inference.transcribe import inference_state
from nemo.collections.asr.metrics.wer import word_error_rate
from nemo.collections.asr.models import EncDecCTCModelBPE
from tests.collections.asr.models.test_ctc import trainer
from tests.examples.asr.toy_recipes import read

pytestmark = [pytest.mark.slow, pytest.mark.data]
SCRIPT = Path(__file__).parents[3] / "scripts" / "tokenizers" / "process_asr_text_tokenizer.py"
EPOCHS = 8


@pytest.fixture(scope="module")
def an4(data_folder):
    """The folder of AN4, with its manifests."""
    return data_folder / "asr_an4"


@pytest.fixture(scope="module")
def model(an4, tmp_path_factory):
    """The small Conformer after two minutes: an eighth of its training."""
    pl.seed_everything(0)
    folder = tmp_path_factory.mktemp("tokenizers")
    spec = spec_from_file_location(SCRIPT.stem, SCRIPT)
    script = module_from_spec(spec)
    sys.modules[SCRIPT.stem] = script
    spec.loader.exec_module(script)
    arguments = [f"--manifest={an4}/train.json", f"--data_root={folder}", "--vocab_size=90", "--tokenizer=spe"]
    assert script.main([*arguments, "--spe_type=word"]) == 0
    cfg = read("an4/conformer_ctc_bpe_an4")
    cfg.model.tokenizer.dir = str(folder / "tokenizer_spe_word_v90")
    cfg.model.train_ds.update(manifest_filepath=f"{an4}/train.json", pin_memory=False)
    cfg.model.validation_ds.update(manifest_filepath=f"{an4}/dev.json", pin_memory=False)
    cfg.model.test_ds = None
    clipping = cfg.trainer.gradient_clip_val
    fitting = trainer(max_steps=-1, max_epochs=EPOCHS, check_val_every_n_epoch=EPOCHS, gradient_clip_val=clipping)
    model = EncDecCTCModelBPE(cfg=cfg.model, trainer=fitting)
    fitting.fit(model)
    return model.eval()


@pytest.fixture(scope="module")
def recordings(an4):
    """Samples and texts of the six speakers who are not in the training set."""
    rows = [json.loads(line) for line in (an4 / "dev.json").read_text().splitlines()]
    signals = [soundfile.read(an4 / row["audio_filepath"], dtype="float32")[0] for row in rows]
    return signals, [row["text"] for row in rows]


@pytest.fixture(scope="module")
def transcripts(model, recordings):
    return model.transcribe(recordings[0], timestamps=True, verbose=False)


def test_new_speakers_are_understood_in_part(transcripts, recordings):
    assert word_error_rate([str(text) for text in transcripts], recordings[1]) < 0.95  # 0.86; 0.20 after all 55 epochs


def test_times_rise_and_lie_within_the_recording(transcripts):
    for transcript in transcripts:
        words = transcript.timestamp["word"]
        assert [word["word"] for word in words] == str(transcript).split()
        times = [time for word in words for time in (word["start"], word["end"])]
        assert all(0 <= time <= transcript.duration for time in times)
        assert times == sorted(times)


def test_a_stream_with_all_the_context_gives_the_same_texts(model, transcripts, recordings):
    for samples, transcript in zip(recordings[0][:12], transcripts, strict=False):
        stream = BufferedStream(model, chunk_seconds=1.6, left_seconds=8.0, right_seconds=8.0)
        for start in range(0, len(samples), 4000):
            stream.feed(samples[start : start + 4000])
        assert str(stream.finish()) == str(transcript)


def test_int8_finds_the_same_best_classes(model, recordings, tmp_path):
    exact, small = (
        onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        for path in export_onnx_folder(model, tmp_path, int8=True)
    )
    same = frames = 0
    with inference_state(model):
        for samples in recordings[0]:
            signal, length = torch.from_numpy(samples)[None], torch.tensor([len(samples)])
            features, count = model.preprocessor(input_signal=signal, length=length)
            feed = {"audio_signal": features.numpy(), "length": count.numpy()}
            (ours,) = model.forward(input_signal=signal, input_signal_length=length)[:1]
            outputs = [session.run(["logprobs"], feed)[0] for session in (exact, small)]
            assert np.abs(outputs[0] - ours.numpy()).max() < 1e-3
            labels = [output.argmax(-1) for output in outputs]
            same, frames = same + int((labels[0] == labels[1]).sum()), frames + labels[0].size
    assert same / frames > 0.985


def test_chunks_of_a_long_recording_give_the_text_and_times_of_one_piece(model, recordings):
    """With limited attention; last, because it changes the model."""
    model.change_attention_model("rel_pos_local_attn", [25, 25])
    samples = np.concatenate(recordings[0])  # 139 seconds
    whole, cut = (
        model.transcribe([samples], max_seconds=seconds, timestamps=True, verbose=False)[0]
        for seconds in (float("inf"), 20)
    )
    assert str(whole)
    assert str(cut) == str(whole)
    assert cut.timestamp["word"] == whole.timestamp["word"]
