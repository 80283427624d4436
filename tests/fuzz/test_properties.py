"""Battery F1: twelve properties, each on 500 examples; `NEMO_FUZZ_EXAMPLES=10000` tries more, and other ones each time.

That of files with segments (CTM, RTTM, SRT, VTT, TextGrid ...) is beside their other tests, in
tests/collections/asr/inference/segment_files.
"""

from __future__ import annotations

import copy
import functools
import io
import math
import os
import tarfile
import tempfile
import unicodedata
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from nemo.collections.asr.decoding.ctc_greedy import fold_paths
from nemo.collections.asr.decoding.timestamps import add_seconds, compute_timestamps
from nemo.collections.asr.decoding.vocabulary import LabelVocabulary
from nemo.collections.asr.metrics.wer import word_error_rate, word_error_rate_detail
from nemo.collections.asr.modules.valid_frames import ValidFrames
from nemo.collections.common.audio.resample import resample
from nemo.collections.common.audio.segment import AudioSegment
from nemo.collections.common.audio.trim import trim_silence
from nemo.collections.common.data.bucketing import LengthBuckets
from nemo.collections.common.data.manifest import read_manifest, read_manifest_objects, write_manifest
from nemo.collections.common.data.resumable_loader import EpochShuffle
from nemo.collections.common.tokenizers.char_tokenizer import CharTokenizer
from nemo.collections.common.tokenizers.sentencepiece_tokenizer import SentencePieceTokenizer
from nemo.core.archive.safe_yaml import config_from_tree, load_config
from nemo.core.archive.tar_reader import ArchiveReader
from nemo.core.archive.tar_writer import write_archive
from nemo.core.neural_types import (
    AudioSignal,
    AxisKind,
    AxisType,
    ChannelType,
    LabelsType,
    MelSpectrogramType,
    NeuralType,
    PredictionsType,
    SpectrogramType,
    VoidType,
)
from nemo.core.neural_types.comparison import NeuralTypeComparisonResult as Result
from nemo.utils.exceptions import ArchiveError

pytestmark = pytest.mark.battery("F1")

EXAMPLES = int(os.environ.get("NEMO_FUZZ_EXAMPLES", "500"))
BPE = Path(__file__).parents[1] / "data" / "tokenizers" / "bpe64" / "tokenizer.model"

thoroughly = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES == 500,  # the default run tries the same ones on every machine
    database=None,
    suppress_health_check=list(HealthCheck),
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
words = st.text("abc", min_size=1, max_size=3)
plain = st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(-1e6, 1e6), texts)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("examples")


# ------------------------------------------------------------------------------------------------ files and configs


@thoroughly
@given(
    st.lists(
        st.fixed_dictionaries(
            {"audio_filepath": st.text("ab/._ é文", min_size=1), "duration": st.floats(0.01, 1e5), "text": texts},
            optional={"offset": st.floats(0, 1e4), "lang": st.text("abz", max_size=3), "more": plain, "speaker": texts},
        ),
        min_size=1,
        max_size=4,
    ),
    st.booleans(),
)
def test_manifest_that_is_written_is_read_as_it_was(folder, entries, ascii_only):
    assume(all(entry["audio_filepath"].strip() for entry in entries))
    path = folder / "m.json"
    write_manifest(path, entries, ensure_ascii=ascii_only)
    assert read_manifest_objects(path) == entries
    for read, entry in zip(read_manifest(path), entries, strict=True):
        assert (read.duration, read.text) == (entry["duration"], entry["text"])
        assert read.offset == entry.get("offset", 0.0) and read.lang == entry.get("lang")
        assert read.extra.get("more") == entry.get("more")


trees = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-99, 99), st.text("ab", max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abcd"), inner, max_size=3)),
    max_leaves=8,
)


@thoroughly
@given(st.dictionaries(st.sampled_from("abcd"), trees, min_size=1, max_size=4), st.data())
def test_interpolations_of_archives_stand_for_what_omegaconf_says(tree, data):
    places = list(_places(tree))
    for number in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.sampled_from(places))
        before = data.draw(st.sampled_from(["", "x-"]))
        tree[f"link{number}"] = f"{before}${{{place}}}"
        places.append(f"link{number}")
    try:
        theirs = OmegaConf.to_container(OmegaConf.create(tree), resolve=True)
    except Exception:  # a section inside a text: both refuse
        theirs = None
    if any(
        isinstance(value, str) and value.startswith("x-${") and _is_section(tree, value[4:-1])
        for value in tree.values()
    ):
        theirs = None  # OmegaConf writes the section out as Python code
    if theirs is None:
        with pytest.raises(ArchiveError):
            config_from_tree(tree, "a.nemo")
        return
    ours = config_from_tree(tree, "a.nemo")
    assert OmegaConf.to_container(ours, resolve=False) == theirs
    assert load_config(OmegaConf.to_yaml(ours).encode(), "a.nemo") == ours


def _places(tree, prefix=""):
    """Dotted keys of everything in a tree."""
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        yield f"{prefix}{key}"
        if isinstance(value, (dict, list)):
            yield from _places(value, f"{prefix}{key}.")


def _is_section(tree, place):
    value = functools.reduce(
        lambda node, key: node[int(key) if isinstance(node, list) else key], place.split("."), tree
    )
    if isinstance(value, str) and value.startswith("${"):
        return _is_section(tree, value[2:-1])
    return isinstance(value, (dict, list))


@functools.cache
def _a_tar():
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, size in (("./model_config.yaml", 700), ("./" + "n" * 120, 3), ("./a/b.txt", 0)):
            info = tarfile.TarInfo(name)
            info.size = size
            tar.addfile(info, io.BytesIO(bytes(size)))
    return file.getvalue()


names = st.text(st.characters(categories=["L", "N", "Zs", "P"]), min_size=1, max_size=40)


@thoroughly
@given(
    st.dictionaries(names, st.binary(max_size=1500), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 4095), st.integers(0, 255)), max_size=3),
)
def test_tar_reader_agrees_with_the_standard_library_or_refuses(folder, contents, changes):
    path = folder / "a.nemo"
    try:
        write_archive(path, contents)
    except ArchiveError:
        pass  # names and contents that our reader would refuse
    else:
        with ArchiveReader(path) as ours, tarfile.open(path) as theirs:
            assert {name: ours.read(name) for name in ours.names()} == {
                info.name.removeprefix("./"): theirs.extractfile(info).read() for info in theirs if info.isfile()
            }
            assert sorted(map(bytes, map(ours.view, ours.names()))) == sorted(contents.values())
    changed = bytearray(_a_tar())
    for place, value in changes:
        changed[place % len(changed)] = value
    path.write_bytes(changed)
    try:
        with ArchiveReader(path) as ours:
            found = {name: ours.read(name) for name in ours.names()}
    except ArchiveError:
        return
    with tarfile.open(path) as theirs:
        members = {info.name.removeprefix("./"): theirs.extractfile(info).read() for info in theirs if info.isfile()}
    assert found == members


# ----------------------------------------------------------------------------------------------------- neural types

ELEMENTS = [VoidType, ChannelType, SpectrogramType, MelSpectrogramType, LabelsType, PredictionsType]
elements = st.one_of(
    st.sampled_from(ELEMENTS).map(lambda kind: kind()),
    st.sampled_from([None, 8000, 16000]).map(lambda freq: AudioSignal(freq) if freq else AudioSignal()),
)
tensor_axes = st.builds(
    AxisType, st.sampled_from([AxisKind.Batch, AxisKind.Time, AxisKind.Dimension, AxisKind.Any]),
    st.sampled_from([None, None, 4, 8]),
)  # fmt: skip
axes = st.one_of(
    st.none(),
    st.tuples(st.integers(0, 1), st.lists(tensor_axes, max_size=3)).map(
        lambda pair: tuple([AxisType(AxisKind.Batch, is_list=True)] * pair[0] + pair[1])
    ),
)
types = st.builds(NeuralType, axes, elements)


@thoroughly
@given(types, types)
def test_neural_types_compare_as_the_rules_say(first, second):
    assert first.compare(second) is _compared(first, second)
    assert first.compare(copy.deepcopy(first)) is Result.SAME


def _compared(first, second):
    """The rules of NeuralType.compare, restated."""
    if isinstance(first.elements_type, VoidType) and first.axes is None:
        return Result.SAME
    element = _compared_elements(first.elements_type, second.elements_type)
    if first.axes is None or second.axes is None:
        return element if first.axes is None and second.axes is None else Result.INCOMPATIBLE
    code = _compared_axes(first.axes, second.axes)
    if code == "same":
        return element
    results = {"transposed": Result.TRANSPOSE_SAME, "sizes": Result.DIM_INCOMPATIBLE}
    return results.get(code, Result.INCOMPATIBLE) if element is Result.SAME else Result.INCOMPATIBLE


def _compared_elements(first, second):
    if isinstance(first, VoidType):
        return Result.SAME
    if type(first) is type(second):
        mine, other = first.type_parameters, second.type_parameters
        differ = [key for key in mine if None not in (mine[key], other[key]) and mine[key] != other[key]]
        return Result.SAME_TYPE_INCOMPATIBLE_PARAMS if differ else Result.SAME
    if isinstance(first, type(second)):
        return Result.LESS
    return Result.GREATER if isinstance(second, type(first)) else Result.INCOMPATIBLE


def _compared_axes(first, second):
    if len(first) != len(second):
        return "other"
    pairs = list(zip(first, second, strict=True))
    if all(
        mine.kind is AxisKind.Any
        or (
            mine.kind is other.kind and mine.is_list == other.is_list and (mine.size is None or mine.size == other.size)
        )
        for mine, other in pairs
    ):
        return "same"
    if {axis.kind for axis in first} != {axis.kind for axis in second}:
        return "other"
    by_kind = [{axis.kind: axis.size for axis in axes} for axes in (first, second)]
    return "transposed" if by_kind[0] == by_kind[1] else "sizes"


# ------------------------------------------------------------------------------------------------------------- data


@thoroughly
@given(st.integers(1, 40), st.integers(1, 3), st.integers(0, 3), st.integers(0, 12), st.integers(0, 99))
def test_interrupted_epoch_goes_on_where_it_stopped(items, processes, epoch, steps, seed):
    def read(rank, skipped=None):
        sampler = EpochShuffle(range(items), seed=seed)
        sampler.shard(rank, processes)
        sampler.set_epoch(epoch)
        if skipped is not None:
            sampler.position.pending = (epoch, skipped)
        return [(int(index), index.seed) for index in sampler]

    whole = [read(rank) for rank in range(processes)]
    resumed = [read(rank, skipped=steps * processes) for rank in range(processes)]
    assert resumed == [part[steps:] for part in whole]
    together = [index for part in whole for index, _ in part]
    assert set(together) == set(range(items)) and len(together) < items + processes


@thoroughly
@given(
    st.lists(st.floats(0.1, 30), min_size=1, max_size=40),
    st.one_of(st.none(), st.integers(1, 8)),
    st.one_of(st.none(), st.floats(1, 100)),
    st.integers(1, 6),
    st.integers(1, 3),
    st.booleans(),
)
def test_buckets_hold_every_sample(lengths, batch_size, max_total, buckets, processes, shuffle):
    assume(batch_size is not None or max_total is not None)
    plan = LengthBuckets(lengths, batch_size=batch_size, max_total=max_total, num_buckets=buckets, shuffle=shuffle)
    parts = [list(plan.batches(3, 1, rank, processes)) for rank in range(processes)]
    batches = [batch for part in parts for batch in part]
    together = [int(index) for batch in batches for index in batch]
    assert set(together) == set(range(len(lengths)))
    assert len(together) - len(lengths) < processes  # batches of one sample are repeated where a process would wait
    assert len(together) == len(lengths) or {len(batch) for batch in batches} == {1}
    assert {len(part) for part in parts} == {plan.count(processes)}
    for batch in batches:
        assert 1 <= len(batch) <= (batch_size or len(lengths))
        padded_total = len(batch) * max(lengths[index] for index in batch)
        assert max_total is None or len(batch) == 1 or padded_total <= max_total * (1 + 1e-6)


@functools.cache
def _subwords():
    return SentencePieceTokenizer(BPE)


@functools.cache
def _characters():
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "vocab.txt"
        path.write_text("\n".join(map(repr, "abcde fgé文🙂'\"\\")))
        return CharTokenizer(str(path))


@thoroughly
@given(st.lists(st.text("abcdefghijklmnopqrstuvwxyz'", min_size=1, max_size=8), max_size=6).map(" ".join),
       st.text("abcde fgé文🙂'\"\\", max_size=30))  # fmt: skip
@example("", " ")
def test_tokenizers_give_back_what_they_took(subwords, characters):
    tokenizer = _subwords()
    ids = tokenizer.text_to_ids(subwords)
    known = set("".join(tokenizer.vocab).replace("\u2581", " ")) - set("<>")
    if set(subwords) <= known:
        assert tokenizer.ids_to_text(ids) == subwords
        assert tokenizer.tokens_to_ids(tokenizer.text_to_tokens(subwords)) == ids
    assert all(0 <= index < tokenizer.vocab_size for index in ids)
    letters = _characters()
    ids = letters.text_to_ids(characters)
    assert len(ids) == len(characters)
    assert letters.ids_to_text(ids) == characters


# ------------------------------------------------------------------------------------------------------------ audio


@thoroughly
@given(
    st.integers(0, 3000),
    st.sampled_from([8000, 11025, 16000, 22050, 44100, 48000]),
    st.sampled_from([8000, 11025, 16000, 22050, 44100, 48000]),
    st.sampled_from([None, 1, 2]),
)
def test_resampled_length_is_the_exact_ratio_rounded_up(length, rate, target, channels):
    samples = np.zeros(length if channels is None else (length, channels), dtype=np.float32)
    assert resample(samples, rate, target, "soxr_qq").shape == (
        math.ceil(Fraction(length * target, rate)),
        *samples.shape[1:],
    )


@thoroughly
@given(
    st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=400),
    st.integers(0, 3),
    st.lists(st.integers(0, 400), min_size=1, max_size=3),
    st.integers(0, 60),
)
def test_segments_put_together_are_the_whole_and_trimming_takes_only_silence(samples, kind, cuts, silence):
    rate = (8000, 16000, 22050, 44100)[kind]
    whole = np.asarray(samples, dtype=np.float32)
    borders = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    parts = []
    for start, end in zip(borders, borders[1:], strict=False):
        part = AudioSegment(whole, rate)
        part.subsegment(start / rate, end / rate)
        parts.append(part.samples)
    assert np.array_equal(np.concatenate(parts), whole)
    quiet = np.zeros(silence * 8, dtype=np.float32)
    padded = np.concatenate([quiet, whole, quiet])
    trimmed = trim_silence(padded, frame_length=64, hop_length=16)
    assert len(trimmed) <= len(padded)
    loud = np.flatnonzero(np.abs(padded) > 0.999 * np.abs(padded).max()) if np.abs(whole).max() > 1e-3 else []
    if len(loud):
        start = (trimmed.__array_interface__["data"][0] - padded.__array_interface__["data"][0]) // 4
        assert start <= loud[0] and loud[-1] < start + len(trimmed)


# ------------------------------------------------------------------------------------------------------ recognition


def _distance(first, second):
    """Levenshtein's distance by its definition."""

    @functools.cache
    def of(i, j):
        if not i or not j:
            return i + j
        return min(of(i - 1, j) + 1, of(i, j - 1) + 1, of(i - 1, j - 1) + (first[i - 1] != second[j - 1]))

    return of(len(first), len(second))


@thoroughly
@given(
    st.lists(st.tuples(st.lists(words, max_size=5), st.lists(words, max_size=5)), min_size=1, max_size=3), st.booleans()
)
def test_error_rates_are_edit_distances(pairs, by_characters):
    hypotheses, references = ([" ".join(part) for part in side] for side in zip(*pairs, strict=True))
    units = (lambda text: text) if by_characters else str.split
    errors = sum(_distance(units(a), units(b)) for a, b in zip(hypotheses, references, strict=True))
    count = sum(len(units(text)) for text in references)
    expected = errors / count if count else float("inf")
    assert word_error_rate(hypotheses, references, by_characters) == expected
    rate, total, insertions, deletions, substitutions = word_error_rate_detail(hypotheses, references, by_characters)
    assert (rate, total) == (expected, count)
    if count:
        assert insertions + deletions + substitutions == pytest.approx(rate)


@thoroughly
@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=4),
    st.integers(0, 5),
    st.integers(1, 5),
    st.integers(1, 3),
    st.integers(1, 3),
)
def test_lengths_after_a_convolution_are_its_outputs_that_see_whole_windows(lengths, more, kernel, stride, dilation):
    total = max(lengths) + more
    padding = dilation * (kernel - 1) // 2 * 2
    reach = dilation * (kernel - 1) + 1
    assume(total + padding >= reach)
    frames = ValidFrames(torch.tensor(lengths), total)
    is_padding = frames.is_padding
    expected = torch.arange(total) >= torch.tensor(lengths)[:, None]
    assert (not expected.any()) if is_padding is None else torch.equal(is_padding[:, 0], expected)
    assert torch.equal(frames.masked(torch.ones(len(lengths), 2, total)).sum((1, 2)), 2.0 * torch.tensor(lengths))
    after = frames.after_convolution((total + padding - reach) // stride + 1, kernel, stride, padding, dilation)
    for length, left in zip(lengths, after.lengths.tolist(), strict=True):
        outputs = len(range(0, length + padding - reach + 1, stride))
        assert max(left, 0) == outputs


@thoroughly
@given(
    st.lists(st.integers(0, 5), max_size=40),
    st.booleans(),
    st.sampled_from([(), (".",), (".", "b")]),
    st.one_of(st.none(), st.integers(0, 4)),
    st.floats(0.005, 0.1),
)
def test_timestamps_never_go_back(labels, fold, separators, gap, frame_seconds):
    vocabulary = LabelVocabulary([" ", "a", "b", ".", "c"])
    (path,) = fold_paths(torch.tensor([[*labels, 1]]), torch.tensor([len(labels)]), blank=5, fold_consecutive=fold)
    stamps = compute_timestamps(path, vocabulary, "all", separators, gap)
    add_seconds(stamps, frame_seconds, duration_seconds=len(labels) * frame_seconds)
    for kind in ("char", "word", "segment"):
        ends = [0, *(entry["end_offset"] for entry in stamps[kind])]
        for end_before, entry in zip(ends, stamps[kind], strict=False):
            assert end_before <= entry["start_offset"] < entry["end_offset"] <= len(labels)
            assert 0 <= entry["start"] <= entry["end"] <= round(len(labels) * frame_seconds, 4) + 1e-9
    text = vocabulary.ids_to_text(path.tokens)
    assert [entry["word"] for entry in stamps["word"]] == text.split()
    assert " ".join(entry["segment"] for entry in stamps["segment"]).split() == text.split()
    assert unicodedata.is_normalized("NFC", text)
