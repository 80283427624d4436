import pytest
import torch

from nemo.collections.common.tokenizers import SentencePieceTokenizer
from nemo.collections.nlp.data.parallel_text import TextSide
from nemo.collections.nlp.data.translation_loader import LanguagePair, build_translation_loader
from nemo.collections.nlp.data.translation_preprocessing import write_parallel_tar_files
from nemo.utils.exceptions import ConfigError
from tests.collections.nlp import toy_translation as toy


@pytest.fixture
def side():
    return TextSide(SentencePieceTokenizer(toy.tokenizer_model()))


@pytest.fixture
def files(tmp_path):
    return toy.write_pairs(tmp_path)


def first_tokens(loader):
    return [batch[0].tolist() for batch in loader]


@pytest.mark.parametrize("tarred", [False, True])
def test_an_interrupted_epoch_goes_on_at_the_same_batch(tmp_path, files, side, tarred):
    section = toy.data(files, shuffle=True, seed=5)
    if tarred:
        made = write_parallel_tar_files(*files, side, side, tmp_path / "t", tokens_in_batch=100, batches_per_tar=3)
        section = {**section, "use_tarred_dataset": True, "tar_files": made.tar_files[0], "tar_shuffle_n": 2}
        section["metadata_file"], section["tar_files"] = str(tmp_path / "t/metadata.tokens.100.json"), None
    make = lambda: build_translation_loader(section, [LanguagePair(side, side)])  # noqa: E731
    whole = make()
    epochs = [first_tokens(whole), first_tokens(whole)]
    assert sorted(map(str, epochs[0])) == sorted(map(str, epochs[1])) and epochs[0] != epochs[1]
    begun = make()
    iterator = iter(begun)
    for _ in range(3):
        next(iterator)
    resumed = make()
    resumed.load_state_dict(begun.state_dict())
    assert first_tokens(resumed) == epochs[0][3:]
    assert first_tokens(resumed) == epochs[1]


def test_an_evaluation_of_two_processes_has_each_batch_once(files, side):
    loaders = [build_translation_loader(toy.data(files), [LanguagePair(side, side)], evaluation=True) for _ in range(2)]
    for rank, loader in enumerate(loaders):
        loader.sampler.shard(rank, 2)
    counted = [first_tokens(loader)[: loader.counted_batches] for loader in loaders]
    alone = first_tokens(build_translation_loader(toy.data(files), [LanguagePair(side, side)]))
    assert sorted(map(str, counted[0] + counted[1])) == sorted(map(str, alone))


def test_several_languages_share_an_epoch(tmp_path, files, side):
    other = toy.write_pairs(tmp_path, "other", 60)
    lists = {"src_file_name": [files[0], other[0]], "tgt_file_name": [files[1], other[1]]}
    section = toy.data(files, **lists, concat_sampling_technique="random", concat_sampling_probabilities=[0.8, 0.2])
    languages = [LanguagePair(TextSide(side.tokenizer, prefix=prefix), side) for prefix in (8, 9)]
    loader = build_translation_loader(section, languages)
    prefixes = torch.tensor([int(batch[0][0, 1]) for batch in loader])
    assert int((prefixes == 8).sum()) == 4 * int((prefixes == 9).sum()) > 0
    with pytest.raises(ConfigError, match="names 1 sources, and the model has 2 pairs"):
        build_translation_loader(toy.data(files), languages)


def test_the_direction_may_be_turned(files, side):
    turned = next(
        iter(build_translation_loader(toy.data(files, reverse_lang_direction=True), [LanguagePair(side, side)]))
    )
    assert side.tokenizer.ids_to_text([i for i in turned[0][0].tolist() if i > 3]).split()[0] in toy.WORDS.values()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tgt_file_name": None}, "src_file_name has 1 files and tgt_file_name 0"),
        ({"tokens_in_batch": 0}, "tokens_in_batch is 0"),
        ({"use_tarred_dataset": True}, "neither tar_files nor metadata_file"),
    ],
)
def test_sections_that_lack_something_are_refused(files, side, changes, message):
    with pytest.raises(ConfigError, match=message):
        build_translation_loader(toy.data(files, **changes), [LanguagePair(side, side)])
