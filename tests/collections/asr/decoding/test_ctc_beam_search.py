"""CTC prefix beam search against sums over all alignments, and rescoring of all texts."""

import itertools
import math

import pytest
import torch

from nemo.collections.asr.decoding.arpa import write_arpa
from nemo.collections.asr.decoding.ctc_beam_search import CTCBeamSearch
from nemo.collections.asr.decoding.ctc_fusion import SumFusion, TokenFusion
from nemo.collections.asr.decoding.ctc_greedy import best_path, fold_paths
from nemo.collections.asr.decoding.hot_words import HotWords
from nemo.collections.asr.decoding.language_model import load_token_language_model
from nemo.collections.asr.decoding.lexicon import Lexicon
from nemo.collections.asr.decoding.ngram_estimate import estimate_ngrams
from nemo.collections.asr.decoding.ngram_lm import NGramLanguageModel
from nemo.collections.asr.decoding.word_fusion import WordFusion

ENOUGH = 400
LETTERS = [" ", "a", "b"]
SPELLINGS = [(True, ""), (False, "a"), (False, "b")]


def random_log_probs(seed, batch=1, frames=5, classes=4, scale=2.0):
    generator = torch.Generator().manual_seed(seed)
    return (scale * torch.randn(batch, frames, classes, generator=generator)).log_softmax(dim=-1)


def all_texts(log_probs):
    """Log-probability of each token sequence of one utterance [S, V + 1]: the sum over all alignments."""
    frames, classes = log_probs.shape
    totals = {}
    for labels in itertools.product(range(classes), repeat=frames):
        text = tuple(label for label, _ in itertools.groupby(labels) if label != classes - 1)
        score = sum(float(log_probs[frame, label]) for frame, label in enumerate(labels))
        totals.setdefault(text, []).append(score)
    return {text: float(torch.tensor(scores, dtype=torch.float64).logsumexp(0)) for text, scores in totals.items()}


@pytest.mark.parametrize("seed", range(6))
def test_a_wide_beam_gives_every_text_the_sum_over_its_alignments(seed):
    log_probs = random_log_probs(seed)
    (found,) = CTCBeamSearch(ENOUGH).search(log_probs, torch.tensor([5]))
    scores = {tuple(path.tokens): path.score for path in found}
    expected = all_texts(log_probs[0])
    assert len(scores) == len(found) and scores.keys() == expected.keys()
    assert [scores[text] for text in expected] == pytest.approx(list(expected.values()), abs=1e-5)
    assert tuple(found[0].tokens) == max(expected, key=expected.get)
    assert [path.score for path in found] == sorted(scores.values(), reverse=True)


def test_all_probabilities_of_a_wide_beam_sum_to_one():
    (found,) = CTCBeamSearch(1000).search(random_log_probs(9, frames=6, classes=3), torch.tensor([6]))
    assert sum(math.exp(path.score) for path in found) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("options", [{}, {"tokens_per_frame": 3}, {"token_min_logp": -3.0, "beam_threshold": 6.0}])
def test_batched_equals_one_by_one_and_padding_is_not_looked_at(options):
    lengths = torch.tensor([12, 0, 5, 9])
    log_probs = random_log_probs(1, batch=4, frames=12, classes=7)
    search = CTCBeamSearch(6, **options)
    together = search.search(log_probs, lengths)
    for row, length, found in zip(log_probs, lengths.tolist(), together, strict=True):
        (alone,) = search.search(row[None, :length], torch.tensor([length]))
        assert [path.tokens for path in found] == [path.tokens for path in alone]
        assert [path.score for path in found] == pytest.approx([path.score for path in alone])
    assert [path.tokens for path in together[1]] == [[]]
    assert search.search(log_probs[:0], lengths[:0]) == []


@pytest.mark.parametrize("seed", range(4))
def test_one_beam_finds_the_greedy_text_where_the_model_is_sure(seed):
    log_probs = random_log_probs(seed, batch=3, frames=30, classes=9, scale=8.0)
    lengths = torch.tensor([30, 17, 25])
    greedy = fold_paths(best_path(log_probs, lengths)[0], lengths, blank=8)
    found = CTCBeamSearch(1).search(log_probs, lengths)
    same = sum(path.tokens == paths[0].tokens for path, paths in zip(greedy, found, strict=True))
    (wider,) = zip(*CTCBeamSearch(1, token_min_logp=-0.7).search(log_probs, lengths), strict=True)
    assert same >= 2 and len(wider) == 3


def test_a_wider_beam_is_never_worse():
    log_probs, lengths = random_log_probs(5, batch=2, frames=20, classes=12), torch.tensor([20, 20])
    best = [[paths[0].score for paths in CTCBeamSearch(size).search(log_probs, lengths)] for size in (1, 4, 16, 64)]
    for narrow, wide in itertools.pairwise(best):
        assert all(one <= other + 1e-9 for one, other in zip(narrow, wide, strict=True))


def test_thresholds_leave_only_what_is_near_the_best():
    log_probs, lengths = random_log_probs(2, frames=8, classes=6), torch.tensor([8])
    (found,) = CTCBeamSearch(50, beam_threshold=1.5).search(log_probs, lengths)
    assert 1 <= len(found) < 50
    assert found[-1].score >= found[0].score - 1.5
    sure = torch.tensor([[[0.0, -9.0, -9.0], [-9.0, -9.0, 0.0], [-9.0, 0.0, -9.0]]]).log_softmax(-1)
    (only,) = CTCBeamSearch(5, token_min_logp=-5.0).search(sure, torch.tensor([3]))
    assert {tuple(path.tokens) for path in only} == {(0, 1), (0,), (1,), ()}


def exhaustive(log_probs, added):
    """The text that is best with `added(text)`, and its score."""
    scores = {text: score + added(text) for text, score in all_texts(log_probs).items()}
    best = max(scores, key=scores.get)
    return best, scores[best], scores


@pytest.fixture
def sentences(tmp_path):
    """Paths of a model of words and one of letters."""
    lines = ["a ab", "ab ba a", "ba", "b ab a"]
    write_arpa(tmp_path / "words.arpa", estimate_ngrams([line.split() for line in lines], 3))
    letters = [["<space>" if letter == " " else letter for letter in line] for line in lines]
    write_arpa(tmp_path / "letters.arpa", estimate_ngrams(letters, 4))
    return tmp_path


def score_of(model, words):
    state, total = model.start, 0.0
    for word in words:
        score, state = model.score(state, word)
        total += score
    return total, state


def written(text):
    return "".join(LETTERS[token] for token in text)


@pytest.mark.parametrize("seed", range(5))
def test_a_model_of_tokens_gives_what_rescoring_of_all_texts_gives(sentences, seed):
    log_probs = random_log_probs(seed)
    model = load_token_language_model(sentences / "letters.arpa", LETTERS)

    def added(text):
        score, state = score_of(model, text)
        return 0.8 * (score + float(model.ends(torch.tensor([state])))) + 0.3 * len(text)

    best, score, scores = exhaustive(log_probs[0], added)
    (found,) = CTCBeamSearch(ENOUGH, fusion=TokenFusion(model, 0.8, 0.3)).search(log_probs, torch.tensor([5]))
    assert tuple(found[0].tokens) == best and found[0].score == pytest.approx(score, abs=1e-5)
    assert {tuple(path.tokens): path.score for path in found} == pytest.approx(scores, abs=1e-5)
    assert found[0].fusion_score == pytest.approx(added(best), abs=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_words_hot_words_and_bonuses_give_what_rescoring_of_all_texts_gives(sentences, seed):
    log_probs = random_log_probs(seed)
    model = NGramLanguageModel.from_arpa(sentences / "words.arpa")

    def added(text):
        words = written(text).split()
        score, state = score_of(model, [model.word_id(word) for word in words])
        hot = sum(1.5 for pair in itertools.pairwise(words) if pair == ("a", "b")) + 2.0 * words.count("ba")
        return 0.7 * (score + model.end(state)) + 0.4 * len(words) + hot - 0.1 * text.count(0)

    best, score, scores = exhaustive(log_probs[0], added)
    fusion = WordFusion(
        SPELLINGS, model, 0.7, 0.4, separator_weight=-0.1, hot_words=HotWords({"ba": 2.0, " a  b": 1.5, "": 9.0})
    )
    (found,) = CTCBeamSearch(ENOUGH, fusion=fusion).search(log_probs, torch.tensor([5]))
    assert tuple(found[0].tokens) == best and found[0].score == pytest.approx(score, abs=1e-5)
    assert {tuple(path.tokens): path.score for path in found} == pytest.approx(scores, abs=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_a_sum_of_fusions_adds_both(sentences, seed):
    log_probs, lengths = random_log_probs(seed), torch.tensor([5])
    tokens = TokenFusion(load_token_language_model(sentences / "letters.arpa", LETTERS), 0.5)
    words = WordFusion(SPELLINGS, hot_words=HotWords({"b": 1.0}))
    found = [
        CTCBeamSearch(ENOUGH, fusion=fusion).search(log_probs, lengths)[0]
        for fusion in (tokens, words, SumFusion(tokens, words))
    ]
    one, other, both = ({tuple(path.tokens): path.fusion_score for path in paths} for paths in found)
    assert both == pytest.approx({text: one[text] + other[text] for text in one})


@pytest.mark.parametrize("threshold", [None, 8.0])
@pytest.mark.parametrize("seed", range(4))
def test_sequences_that_are_not_asked_about_would_not_have_been_kept(sentences, monkeypatch, seed, threshold):
    log_probs, lengths = random_log_probs(seed, batch=3, frames=15), torch.tensor([15, 15, 9])
    model = NGramLanguageModel.from_arpa(sentences / "words.arpa")
    hot_words = HotWords({"ba": 2.0, "a b": 1.5, "b": 0.5, "bb": -1.0})
    asked = []
    extend = WordFusion.extend
    monkeypatch.setattr(WordFusion, "extend", lambda self, *batch: asked.append(len(batch[0])) or extend(self, *batch))

    def search():
        fusion = WordFusion(SPELLINGS, model, 0.7, 0.4, separator_weight=0.1, hot_words=hot_words)
        assert fusion.most >= 0.5 + 2.5
        found = CTCBeamSearch(6, beam_threshold=threshold, fusion=fusion).search(log_probs, lengths)
        return [[(path.tokens, path.score) for path in paths] for paths in found]

    ours = search()
    count = sum(asked)
    asked.clear()
    monkeypatch.setattr(WordFusion, "most", math.inf)
    assert ours == search()
    assert count < sum(asked)


@pytest.mark.parametrize("seed", range(4))
def test_a_lexicon_allows_its_words_only(seed):
    log_probs, words = random_log_probs(seed), {"ab", "b"}
    scores = all_texts(log_probs[0])
    allowed = {text: score for text, score in scores.items() if set(written(text).split()) <= words}
    lexicon = Lexicon({word: word for word in words})
    (found,) = CTCBeamSearch(ENOUGH, fusion=WordFusion(SPELLINGS, lexicon=lexicon)).search(log_probs, torch.tensor([5]))
    finite = {tuple(path.tokens): path.score for path in found}
    assert finite == pytest.approx(allowed, abs=1e-5)
    fusion = WordFusion(SPELLINGS, lexicon=lexicon, unknown_weight=-0.5)
    (softly,) = CTCBeamSearch(ENOUGH, fusion=fusion).search(log_probs, torch.tensor([5]))
    expected = {
        text: score - 0.5 * sum(word not in words for word in written(text).split()) for text, score in scores.items()
    }
    assert {tuple(path.tokens): path.score for path in softly} == pytest.approx(expected, abs=1e-5)


def test_a_text_that_must_end_in_a_forbidden_word_is_given_when_there_is_no_other():
    log_probs = torch.tensor([[[-9.0, 9.0, -9.0, -9.0]]]).log_softmax(-1)
    fusion = WordFusion(SPELLINGS, lexicon=Lexicon({"ab": "ab"}))
    (found,) = CTCBeamSearch(1, fusion=fusion).search(log_probs, torch.tensor([1]))
    assert [path.tokens for path in found] == [[1]]
