"""The scripts for streams."""

import importlib.util
import json
from pathlib import Path

import numpy as np

from tests.collections.asr.inference.streaming_models import conformer, speech
from tests.collections.asr.inference.test_buffered import convolutional
from tests.collections.asr.models import tiny

EXAMPLES = Path(__file__).parents[3] / "examples" / "asr"


def load(name):
    path = EXAMPLES / name
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_recordings_of_a_manifest_are_streamed(tmp_path, caplog):
    conformer(att_context_size=[[4, 3], [4, 1]]).save_to(str(tmp_path / "model.nemo"))
    _, manifest = tiny.recordings(tmp_path)
    script = load("asr_cache_aware_streaming/speech_to_text_cache_aware_streaming_infer.py")
    output = tmp_path / "out.json"
    with caplog.at_level("INFO", logger="nemo.examples"):
        script.main(
            [
                f"--asr_model={tmp_path}/model.nemo", f"--manifest_file={manifest}", "--att_context_size=[4, 1]",
                "--compare_vs_offline", "--batch_size=2", "--device=cpu", f"--output_path={output}",
            ]
        )  # fmt: skip
    assert "3 of 3 texts are those of the whole recordings" in caplog.text and "WER" in caplog.text
    assert all("pred_text" in json.loads(line) for line in output.read_text().splitlines())


def test_a_microphone_is_written_down(capsys):
    script, audio = load("transcribe_microphone.py"), speech(2.0)
    for model in (conformer(), convolutional()):
        result = script.listen(model, np.array_split(audio, 25))
        assert result == model.transcribe(audio, verbose=False)[0]
        assert capsys.readouterr().out.splitlines()[-1] == str(result)


def test_ctrl_c_ends_it(capsys):
    def until_interrupted():
        yield speech(1.0)
        raise KeyboardInterrupt

    model = conformer()
    assert (
        load("transcribe_microphone.py").listen(model, until_interrupted())
        == model.transcribe(speech(1.0), verbose=False)[0]
    )
