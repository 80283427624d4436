import pytest
import torch
from omegaconf import OmegaConf

from nemo.collections.asr.decoding.ctc import CTCBPEDecoding, CTCDecoding, CTCDecodingConfig
from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.utils.exceptions import ConfigError, NotYetSupportedError, ShapeError
from tests.collections.asr.decoding.test_timestamps import Pieces

LABELS = [" ", "a", "b"]
BLANK = 3
FRAMES = torch.tensor([[1, 1, 3, 1, 0, 2, 2, 3], [2, 3, 3, 3, 3, 3, 3, 3]])
LENGTHS = torch.tensor([8, 1])


@pytest.fixture
def log_probs():
    noise = torch.rand(2, 8, 4, generator=torch.Generator().manual_seed(0))
    return (noise + 4 * torch.nn.functional.one_hot(FRAMES, 4)).log_softmax(-1)


def test_texts_are_plain_strings_in_a_pair(log_probs):
    assert CTCDecoding({}, LABELS).ctc_decoder_predictions_tensor(log_probs, LENGTHS) == (["aa b", "b"], None)


def test_labels_decode_like_log_probs(log_probs):
    decoding = CTCDecoding(None, LABELS)
    from_labels, _ = decoding.ctc_decoder_predictions_tensor(FRAMES, LENGTHS, return_hypotheses=True)
    assert from_labels == ["aa b", "b"]
    assert decoding.ctc_decoder_predictions_tensor(FRAMES, LENGTHS, fold_consecutive=False)[0] == ["aaa bb", "b"]


def test_without_lengths_all_frames_count(log_probs):
    texts, _ = CTCDecoding(None, LABELS).ctc_decoder_predictions_tensor(log_probs[:1])
    assert texts == ["aa b"]


def test_batch_may_stand_in_another_dimension(log_probs):
    decoding = CTCDecoding({"batch_dim_index": 1}, LABELS)
    assert decoding.ctc_decoder_predictions_tensor(log_probs.transpose(0, 1), LENGTHS)[0] == ["aa b", "b"]


def test_hypotheses_have_score_tokens_and_length(log_probs):
    hypotheses, rest = CTCDecoding(None, LABELS).ctc_decoder_predictions_tensor(log_probs, LENGTHS, True, True)
    assert rest is None
    first, second = hypotheses
    assert type(first) is Hypothesis
    assert (first.text, first.y_sequence.tolist(), first.length) == ("aa b", [1, 1, 0, 2], 8)
    assert second.score == pytest.approx(log_probs[1, 0].max().item())
    assert first.score == pytest.approx(log_probs[0].amax(-1).sum().item(), rel=1e-5)
    assert first.alignments is None
    assert first.timestep == []


def test_alignments_are_the_valid_frames(log_probs):
    decoding = CTCDecoding({"preserve_alignments": True}, LABELS)
    _, second = decoding.ctc_decoder_predictions_tensor(log_probs, LENGTHS, return_hypotheses=True)[0]
    assert torch.equal(second.alignments[0], log_probs[1, :1])
    assert second.alignments[1].tolist() == [2]


def test_the_greedy_section_speaks_where_the_decoding_section_says_nothing(log_probs):
    cfg = {"greedy": {"compute_timestamps": True, "preserve_alignments": True}, "preserve_alignments": False}
    decoding = CTCDecoding(cfg, LABELS)
    assert decoding.compute_timestamps is True
    assert decoding.preserve_alignments is False


def test_timestamps_are_there_when_asked(log_probs):
    decoding = CTCDecoding({"compute_timestamps": True, "ctc_timestamp_type": "word"}, LABELS)
    first, _ = decoding.ctc_decoder_predictions_tensor(log_probs, LENGTHS, return_hypotheses=True)[0]
    assert first.timestep == {
        "timestep": [0, 3, 4, 5],
        "word": [
            {"word": "aa", "start_offset": 0, "end_offset": 4},
            {"word": "b", "start_offset": 5, "end_offset": 7},
        ],
    }


def test_confidences_of_frames_tokens_and_words(log_probs):
    method = {"name": "max_prob", "alpha": 1.0}
    cfg = {"confidence_cfg": {"preserve_word_confidence": True, "aggregation": "prod", "method_cfg": method}}
    first, second = CTCDecoding(cfg, LABELS).ctc_decoder_predictions_tensor(log_probs, LENGTHS, True, True)[0]
    frames = ((4 * log_probs[0].exp().amax(-1) - 1) / 3).tolist()
    assert first.frame_confidence == pytest.approx(frames, abs=1e-6)
    tokens = [frames[0] * frames[1], frames[3], frames[4], frames[5] * frames[6]]
    assert first.token_confidence == pytest.approx(tokens, abs=1e-6)
    assert first.word_confidence == pytest.approx([tokens[0] * tokens[1], tokens[3]], abs=1e-6)
    assert len(second.frame_confidence) == 1


def test_temperature_flattens_confidence_and_not_the_text(log_probs):
    def decode(temperature):
        cfg = {"temperature": temperature, "confidence_cfg": {"preserve_frame_confidence": True}}
        return CTCDecoding(cfg, LABELS).ctc_decoder_predictions_tensor(log_probs, LENGTHS, True, True)[0][0]

    cold, warm = decode(1.0), decode(3.0)
    assert cold == warm
    assert all(a > b for a, b in zip(cold.frame_confidence, warm.frame_confidence, strict=True))


def test_pieces_are_joined_by_their_tokenizer():
    decoding = CTCBPEDecoding(None, Pieces(["\u2581a", "b", "\u2581c"], "\u2581"))
    texts, _ = decoding.ctc_decoder_predictions_tensor(torch.tensor([[0, 0, 3, 1, 2]]), torch.tensor([5]))
    assert texts == ["ab c"]
    assert decoding.decode_ids_to_tokens([0, 1]) == ["\u2581a", "b"]
    assert decoding.decode_tokens_to_str([0, 1]) == "ab"
    assert decoding.blank_id == 3


def test_defaults_are_the_recorded_ones():
    cfg = OmegaConf.to_container(OmegaConf.structured(CTCDecodingConfig()))
    beam = cfg.pop("beam")
    assert (beam["beam_size"], beam["search_type"], beam["beam_alpha"], beam["beam_beta"]) == (4, "default", 1.0, 0.0)
    assert beam["pyctcdecode_cfg"] == {
        "beam_prune_logp": -10.0, "token_min_logp": -5.0, "prune_history": False, "hotwords": None,
        "hotword_weight": 10.0,
    }  # fmt: skip
    assert beam["flashlight_cfg"]["unk_weight"] == float("-inf")
    greedy = cfg.pop("greedy")
    assert {key: greedy[key] for key in greedy if key != "confidence_method_cfg"} == {
        "preserve_alignments": False, "compute_timestamps": False, "preserve_frame_confidence": False,
    }  # fmt: skip
    assert cfg.pop("confidence_cfg")["aggregation"] == "min"
    assert cfg == {
        "strategy": "greedy", "preserve_alignments": None, "compute_timestamps": None, "word_seperator": " ",
        "ctc_timestamp_type": "all", "batch_dim_index": 0, "temperature": 1.0,
        "segment_seperators": [".", "!", "?"], "segment_gap_threshold": None,
    }  # fmt: skip


def test_decoding_graphs_say_that_they_are_not_there():
    with pytest.raises(NotYetSupportedError, match="'wfst', which this release lacks"):
        CTCDecoding({"strategy": "wfst"}, LABELS)


def test_unknown_choices_are_named():
    with pytest.raises(ConfigError, match="strategy is 'gredy'"):
        CTCDecoding({"strategy": "gredy"}, LABELS)
    with pytest.raises(ConfigError, match="ctc_timestamp_type is 'phone'"):
        CTCDecoding({"ctc_timestamp_type": "phone"}, LABELS)


def test_another_number_of_classes_is_an_error_with_the_shapes():
    with pytest.raises(ShapeError, match=r"\[1, 2, 9\].*\[B, S, 4\]"):
        CTCDecoding(None, LABELS).ctc_decoder_predictions_tensor(torch.zeros(1, 2, 9))
