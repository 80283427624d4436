"""CTC decoding by beam search: what its settings mean, and what it returns."""

import pytest
import torch

from nemo.collections.asr.decoding import NBestHypotheses
from nemo.collections.asr.decoding.arpa import write_arpa
from nemo.collections.asr.decoding.ctc import CTCDecoding
from nemo.collections.asr.decoding.ctc_beam import BeamCTCInferConfig, build_ctc_beam_search, build_fusion
from nemo.collections.asr.decoding.ctc_fusion import SumFusion, TokenFusion
from nemo.collections.asr.decoding.ngram_estimate import estimate_ngrams
from nemo.collections.asr.decoding.vocabulary import LabelVocabulary, SubwordVocabulary
from nemo.collections.asr.decoding.word_fusion import WordFusion
from nemo.collections.common.exceptions import LanguageModelError
from nemo.utils.exceptions import ConfigError

LABELS = [" ", *"acehorst"]
BLANK = len(LABELS)


def spoken(text, doubt=(), frames_each=2):
    """Log-probabilities [1, S, V + 1] of a text whose letters last some frames, with a blank after each.

    `doubt` has places of letters, what they may be too, and how much likelier that is.
    """
    scores = []
    others = {place: (letter, margin) for place, letter, margin in doubt}
    for place, letter in enumerate(text):
        frame = torch.full((BLANK + 1,), -8.0)
        frame[LABELS.index(letter)] = 4.0
        if place in others:
            other, margin = others[place]
            frame[LABELS.index(other)] = 4.0 + margin / frames_each
        blank = torch.full((BLANK + 1,), -8.0)
        blank[BLANK] = 4.0
        scores += [*[frame] * frames_each, blank]
    return torch.stack(scores).log_softmax(-1)[None]


def decode(log_probs, strategy="beam", return_hypotheses=False, beam=None, **section):
    decoding = CTCDecoding({"strategy": strategy, "beam": {"beam_size": 8, **(beam or {})}, **section}, LABELS)
    return decoding.ctc_decoder_predictions_tensor(log_probs, return_hypotheses=return_hypotheses)


@pytest.mark.parametrize("strategy", ["greedy", "beam", "beam_batch", "pyctcdecode", "flashlight"])
def test_where_nothing_is_in_doubt_all_find_the_same(strategy):
    texts, rest = decode(spoken("the cat sat"), strategy)
    assert texts == ["the cat sat"] and rest is None


@pytest.fixture
def models(tmp_path):
    """Language models of words, letters, and the original's characters that stand for tokens; a lexicon; boosts."""
    lines = ["the cat sat", "a cat eats", "the rat sat", "the cat"]
    write_arpa(tmp_path / "words.arpa", estimate_ngrams([line.split() for line in lines], 3))
    write_arpa(tmp_path / "letters.arpa", estimate_ngrams([line.replace(" ", "|") for line in lines], 5))
    encoded = [[chr(100 + LABELS.index(letter)) for letter in line] for line in lines]
    write_arpa(tmp_path / "encoded.arpa", estimate_ngrams(encoded, 5))
    (tmp_path / "lexicon.txt").write_text("the\ncat c a t |\nsat\n", encoding="utf-8")
    (tmp_path / "boosts.tsv").write_text("the cat\t9\n", encoding="utf-8")
    return tmp_path


IN_DOUBT = spoken("the cat sat", [(4, "o", 2.0)])


def settings(folder):
    """Ways to hear "cat" where greedy search hears "oat"."""
    return {
        "words": {"kenlm_path": str(folder / "words.arpa"), "beam_alpha": 1.0},
        "letters": {"kenlm_path": str(folder / "letters.arpa"), "beam_alpha": 1.0},
        "encoded": {"ngram_lm_model": str(folder / "encoded.arpa"), "ngram_lm_alpha": 1.0},
        "hot words": {"pyctcdecode_cfg": {"hotwords": ["cat"], "hotword_weight": 5.0}},
        "lexicon": {"flashlight_cfg": {"lexicon_path": str(folder / "lexicon.txt")}},
        "boosts": {"flashlight_cfg": {"boost_path": str(folder / "boosts.tsv")}},
    }


@pytest.mark.parametrize("kind", ["words", "letters", "encoded", "hot words", "lexicon", "boosts"])
@pytest.mark.parametrize("strategy", ["beam", "pyctcdecode", "flashlight"])
def test_what_is_known_decides_what_the_sound_leaves_open(models, kind, strategy):
    assert decode(IN_DOUBT)[0] == ["the oat sat"]
    assert decode(IN_DOUBT, strategy, beam=settings(models)[kind])[0] == ["the cat sat"]


def test_hypotheses_have_times_labels_and_confidences():
    log_probs = spoken("tee") - 0.0
    (best,), rest = decode(
        log_probs,
        return_hypotheses=True,
        compute_timestamps=True,
        preserve_alignments=True,
        confidence_cfg={"preserve_word_confidence": True},
    )
    assert rest is None and best == "tee" and best.y_sequence.tolist() == [LABELS.index(letter) for letter in "tee"]
    assert best.timestep["timestep"] == [0, 3, 6]
    assert [(entry["start_offset"], entry["end_offset"]) for entry in best.timestep["char"]] == [(0, 2), (3, 5), (6, 8)]
    assert best.timestep["word"] == [{"word": "tee", "start_offset": 0, "end_offset": 8}]
    kept, labels = best.alignments
    assert torch.equal(kept, log_probs[0])
    assert labels.tolist() == log_probs[0].argmax(-1).tolist()
    assert len(best.word_confidence) == 1 and len(best.token_confidence) == 3 and best.length == 9
    assert -0.1 < best.score <= 0.0


def test_times_may_be_asked_for_in_the_beam_section():
    (best,), _ = decode(spoken("to"), return_hypotheses=True, beam={"compute_timestamps": True})
    assert best.timestep["timestep"] == [0, 3]
    (plain,), _ = decode(spoken("to"), return_hypotheses=True)
    assert plain.timestep == [] and plain.alignments is None


def test_all_hypotheses_are_given_when_asked_for():
    log_probs = torch.cat((IN_DOUBT, spoken("a cat s the")))
    beam = {"return_best_hypothesis": False}
    best, everything = decode(log_probs, return_hypotheses=True, beam=beam, compute_timestamps=True)
    assert best == ["the oat sat", "a cat s the"]
    for first, ranked in zip(best, everything, strict=True):
        assert isinstance(ranked, NBestHypotheses) and ranked.n_best_hypotheses[0] is first
        scores = [each.score for each in ranked.n_best_hypotheses]
        assert len(scores) == 8 and scores == sorted(scores, reverse=True)
        assert all(len(each.timestep["char"]) == len(each.y_sequence) for each in ranked.n_best_hypotheses)
    assert "the cat sat" in everything[0].n_best_hypotheses[1:]
    texts, lists = decode(log_probs, beam=beam)
    assert texts == best and lists == [ranked.n_best_hypotheses for ranked in everything]


def test_silence_and_no_frames_give_empty_texts():
    silence = torch.full((2, 4, BLANK + 1), -9.0)
    silence[..., -1] = 0.0
    assert decode(silence)[0] == ["", ""]
    (best, _), _ = decode(silence, return_hypotheses=True, compute_timestamps=True)
    assert best.timestep["word"] == [] and best.y_sequence.tolist() == []
    assert decode(silence[:, :0], return_hypotheses=True, compute_timestamps=True)[0] == ["", ""]


def test_labels_of_frames_are_folded():
    decoding = CTCDecoding({"strategy": "beam"}, LABELS)
    assert decoding.ctc_decoder_predictions_tensor(torch.tensor([[1, 1, BLANK, 8]]))[0] == ["at"]


def test_a_temperature_changes_the_scores():
    (sure,), _ = decode(IN_DOUBT, return_hypotheses=True)
    (unsure,), _ = decode(IN_DOUBT, return_hypotheses=True, temperature=3.0)
    assert unsure.score < sure.score


class Pieces:
    """A tokenizer of some pieces."""

    vocab = ("\u2581the", "\u2581", "c", "at")
    vocab_size = 4

    def ids_to_tokens(self, ids):
        return [self.vocab[index] for index in ids]


def test_pieces_say_where_words_begin():
    assert SubwordVocabulary(Pieces()).spellings() == [(True, "the"), (True, ""), (False, "c"), (False, "at")]
    wordpieces = type("WordPieces", (Pieces,), {"vocab": ("the", "c", "##at", "##s")})
    assert SubwordVocabulary(wordpieces()).spellings() == [(True, "the"), (True, "c"), (False, "at"), (False, "s")]
    assert LabelVocabulary([" ", "a"]).spellings() == [(True, ""), (False, "a")]


def test_parts_are_made_only_where_settings_ask_for_them(models):
    vocabulary = LabelVocabulary(LABELS)
    letters = str(models / "letters.arpa")
    assert build_fusion(BeamCTCInferConfig(4), vocabulary) is None
    assert isinstance(build_fusion(BeamCTCInferConfig(4, beam_beta=0.5), vocabulary), WordFusion)
    only_tokens = build_fusion(BeamCTCInferConfig(4, kenlm_path=letters, beam_alpha=0.3, beam_beta=0.5), vocabulary)
    assert isinstance(only_tokens, TokenFusion) and (only_tokens.alpha, only_tokens.beta) == (0.3, 0.5)
    both = BeamCTCInferConfig(4, kenlm_path=letters)
    both.pyctcdecode_cfg.hotwords = ["cat"]
    assert isinstance(build_fusion(both, vocabulary), SumFusion)


def test_search_types_prune_as_their_sections_say():
    vocabulary, config = LabelVocabulary(LABELS), BeamCTCInferConfig(5)
    found = [
        (search.beam_size, search.tokens_per_frame, search.token_min_logp, search.beam_threshold)
        for search in (
            build_ctc_beam_search(config, name, vocabulary) for name in ("beam", "pyctcdecode", "flashlight")
        )
    ]
    assert found == [(5, 40, None, None), (5, None, -5.0, 10.0), (5, 16, None, 20.0)]


@pytest.mark.parametrize(
    ("beam", "error", "message"),
    [
        ({"search_type": "widest"}, ConfigError, "'widest'; it may be default, nemo, pyctcdecode, flashlight"),
        ({"beam_size": 0}, ConfigError, "beam_size is 0; expected at least 1"),
        (
            {"search_type": "flashlight", "flashlight_cfg": {"beam_size_token": 0}},
            ConfigError,
            "beam_size_token is 0; expected at least 1",
        ),
        ({"kenlm_path": "nowhere.arpa"}, LanguageModelError, "nowhere.arpa is no file"),
    ],
)
def test_settings_that_cannot_be_are_refused(beam, error, message):
    with pytest.raises(error, match=message):
        decode(spoken("a"), beam=beam)
