import json

import pytest
import sacrebleu

from nemo.collections.asr.metrics.manifest_scores import (
    cal_write_text_metric,
    cal_write_wer,
    compute_metrics_per_sample,
)
from nemo.collections.asr.metrics.text_forms import PunctuationCapitalization, TextProcessingConfig
from nemo.collections.common.exceptions import ManifestError
from nemo.utils.exceptions import ConfigError

PAIRS = [("the cat sat.", "The cat sat"), ("on a mat", "on mat"), ("42 dogs", "forty two dogs")]


@pytest.fixture
def manifest(tmp_path):
    path = tmp_path / "said.json"
    lines = [{"audio_filepath": f"{i}.wav", "text": said, "pred_text": found} for i, (said, found) in enumerate(PAIRS)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def read(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def test_word_error_rates_of_lines_and_of_all(manifest):
    path, total, name = cal_write_wer(manifest)
    assert (path, name) == (str(manifest.with_name("said_with_wer.json")), "wer")
    lines = read(path)
    assert [line["wer"] for line in lines] == pytest.approx([2 / 3, 1 / 3, 2 / 2])
    assert lines[1] == lines[1] | {"tokens": 3, "ins_rate": 0.0, "del_rate": 1 / 3, "sub_rate": 0.0}
    assert total == {"samples": 3, "tokens": 8, "wer": 5 / 8, "ins_rate": 1 / 8, "del_rate": 1 / 8, "sub_rate": 3 / 8}


def test_forms_that_do_not_count(manifest, tmp_path):
    path, total, _ = cal_write_wer(
        manifest, clean_groundtruth_text=True, ignore_capitalization=True, output_filename=tmp_path / "own.json"
    )
    assert path == str(tmp_path / "own.json")
    assert total["wer"] == pytest.approx(1 / 9)  # "42" is said "forty two"
    _, total, name = cal_write_wer(manifest, use_cer=True, ignore_capitalization=True, ignore_punctuation=True)
    assert name == "cer"
    assert [line["cer"] for line in read(manifest.with_name("said_with_cer.json"))][0] == 0.0
    assert total["tokens"] == len("the cat sat") + len("on a mat") + len("42 dogs")
    with pytest.raises(ConfigError, match="langid is 'de'"):
        cal_write_wer(manifest, clean_groundtruth_text=True, langid="de")


@pytest.mark.parametrize("metric", ["bleu", "chrf", "ter"])
def test_scores_of_translations(manifest, metric):
    path, total, name = cal_write_text_metric(manifest, metric=metric)
    references, hypotheses = zip(*PAIRS, strict=True)
    whole = {"bleu": sacrebleu.corpus_bleu, "chrf": sacrebleu.corpus_chrf, "ter": sacrebleu.corpus_ter}[metric]
    alone = {"bleu": sacrebleu.sentence_bleu, "chrf": sacrebleu.sentence_chrf, "ter": sacrebleu.sentence_ter}[metric]
    assert total == {"samples": 3, metric: pytest.approx(whole(hypotheses, [references]).score)}
    assert read(path)[0][name] == pytest.approx(alone(hypotheses[0], [references[0]]).score)


def test_rates_of_each_sample_in_percent(manifest, tmp_path):
    totals = compute_metrics_per_sample(
        manifest, metrics=["wer", "cer", "punct_er"], output_manifest_path=tmp_path / "out.json"
    )
    lines = read(tmp_path / "out.json")
    assert totals["wer"] == 62.5
    assert [line["wer"] for line in lines] == [66.67, 33.33, 100.0]
    assert [line["punct_er"] for line in lines] == [100.0, 0.0, 0.0]  # the one mark is lost
    with pytest.raises(ConfigError, match="metrics has per"):
        compute_metrics_per_sample(manifest, metrics=["per"])


def test_a_line_without_a_text_is_named(manifest):
    with pytest.raises(ManifestError, match='object 1 has no text under "heard"'):
        cal_write_wer(manifest, pred_text_attr_name="heard")


def test_silence_that_is_heard_as_such_has_no_error(tmp_path):
    path = tmp_path / "m.json"
    path.write_text('{"text": "", "pred_text": ""}\n{"text": "", "pred_text": "x"}\n')
    assert [line["wer"] for line in read(cal_write_wer(path)[0])] == [0.0, float("inf")]


def test_forms_of_texts():
    forms = PunctuationCapitalization(".,?]")
    assert forms.separate_punctuation(["Yes,no. [a]"]) == ["Yes , no . [a ]"]
    assert forms.rm_punctuation(["Yes,no. [a]"]) == ["Yes no [a"]
    assert forms.do_lowercase(["Yes,NO."]) == ["yes,no."]
    config = TextProcessingConfig(do_lowercase=True, rm_punctuation=True)
    assert forms.processed(["Yes, No?"], config) == ["yes no"]
    assert PunctuationCapitalization("").rm_punctuation(["a  b."]) == ["a  b."]
