"""Questions about contexts as windows of tokens: what a model that marks answers reads and is trained on.

JSON file -> questions -> tokens -> windows -> [CLS] question [SEP] part of the context [SEP] -> batch [B, T]
B batch, T tokens of the longest window of a batch.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nemo.collections.common.tokenizers.tokenizer_spec import TokenizerSpec
from nemo.collections.nlp.data.context_windows import Window, best_windows, context_windows
from nemo.collections.nlp.data.squad_file import Question, read_squad
from nemo.collections.nlp.data.token_offsets import PlacingTokenizer
from nemo.core.classes.dataset import Dataset
from nemo.core.neural_types import ChannelType, MaskType, NeuralType
from nemo.utils.exceptions import ConfigError

MODES = ("train", "eval", "infer")
KEPT = ("all", "only_positive")
CHECKED = ("only_train", "all", "none")
SPECIAL_TOKENS = 3


@dataclass(frozen=True)
class QuestionTokens:
    """A question and its context as tokens; arrays, which many workers share without copies."""

    question: np.ndarray
    """[Q] ids, cut to `max_query_length`."""
    context: np.ndarray
    """[C] ids."""
    starts: np.ndarray
    """[C] first character of each token in the context."""
    ends: np.ndarray
    """[C] the character behind its last."""
    answer: tuple[int, int] | None
    """First and last token of the first answer."""


@dataclass(frozen=True)
class QuestionWindow:
    """One window: the number of its question, the tokens of the context, and where the answer is in the input."""

    question: int
    window: Window
    context_start: int
    """Place of the window's first token in the input."""
    start_position: int
    """Place of the answer's first token in the input; 0, that of [CLS], where the window has no answer."""
    end_position: int
    best: np.ndarray
    """[window.length] True where this window shows more around the token than the question's others."""


class QADataset(Dataset):
    """Windows of the questions of a SQuAD file.

    A sample is (input_ids, token_type_ids, number of the window, start position, end position). With the mode infer,
    batches have no positions.

    Args:
        data_file: JSON in SQuAD format.
        tokenizer: with `cls_id`, `sep_id` and `pad_id`.
        keep_doc_spans: all, or only_positive: windows without the answer are left out of training.
        doc_stride: tokens from the start of a window to that of the next.
        max_query_length: longer questions are cut to so many tokens.
        max_seq_length: tokens of a window with its question and the three special ones.
        version_2_with_negative: there are questions without an answer.
        num_samples: read only so many questions; -1 reads all.
        mode: train, eval (questions have answers, for the metrics) or infer.
        check_if_answer_in_context: only_train, all (also for eval), or none: an answer that its context lacks is not
            an error, and the question is left out of training.
        use_cache: accepted for old configs, without effect: tokens are made anew, nothing is pickled.

    Raises:
        TextFileError: the file cannot be read or used.
        ConfigError: an option that cannot be.
    """

    def __init__(
        self,
        data_file: str | os.PathLike[str],
        tokenizer: TokenizerSpec,
        keep_doc_spans: str = "all",
        doc_stride: int = 128,
        max_query_length: int = 64,
        max_seq_length: int = 512,
        version_2_with_negative: bool = False,
        num_samples: int = -1,
        mode: str = "eval",
        check_if_answer_in_context: str = "only_train",
        use_cache: bool = False,
    ) -> None:
        super().__init__()
        _check("mode", mode, MODES)
        _check("dataset.keep_doc_spans", keep_doc_spans, KEPT)
        _check("dataset.check_if_answer_in_context", check_if_answer_in_context, CHECKED)
        if max_query_length < 1:
            raise ConfigError(f"dataset.max_query_length is {max_query_length}. Expected 1 at least; raise it.")
        self.mode = mode
        self.max_seq_length, self.doc_stride, self.max_query_length = max_seq_length, doc_stride, max_query_length
        self._cls, self._sep = int(tokenizer.cls_id), int(tokenizer.sep_id)  # type: ignore[attr-defined]
        self._pad = int(tokenizer.pad_id)  # type: ignore[attr-defined]
        is_strict = check_if_answer_in_context == "all" and mode != "infer"
        self.questions = read_squad(
            data_file,
            with_answers=mode == "train" or is_strict,
            version_2_with_negative=version_2_with_negative,
            leave_out_unfound=check_if_answer_in_context == "none",
            num_samples=num_samples,
        )
        self._place = PlacingTokenizer(tokenizer)
        self.tokens = [self._tokens(question) for question in self.questions]
        self.windows = [window for number in range(len(self.questions)) for window in self._windows(number)]
        if mode == "train" and keep_doc_spans == "only_positive":
            self.windows = [window for window in self.windows if window.end_position > 0]
        if not self.windows:
            raise ConfigError(
                f"{data_file}: no window has an answer, and dataset.keep_doc_spans is only_positive. Set it to all."
            )

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Types of a batch."""
        tokens, numbers = ("B", "T"), ("B",)
        types = {
            "input_ids": NeuralType(tokens, ChannelType()),
            "token_type_ids": NeuralType(tokens, ChannelType()),
            "attention_mask": NeuralType(tokens, MaskType()),
            "unique_ids": NeuralType(numbers, ChannelType()),
        }
        if self.mode != "infer":
            types["start_positions"] = types["end_positions"] = NeuralType(numbers, ChannelType())
        return types

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray, int, int, int]:
        window = self.windows[int(index)]
        tokens = self.tokens[window.question]
        shown = tokens.context[window.window.first : window.window.end]
        input_ids = np.concatenate(([self._cls], tokens.question, [self._sep], shown, [self._sep]))
        token_types = np.zeros(len(input_ids), dtype=np.int64)
        token_types[window.context_start :] = 1
        return input_ids, token_types, int(index), window.start_position, window.end_position

    def length_of(self, index: int) -> int:
        """Tokens of a sample."""
        window = self.windows[index]
        return window.context_start + window.window.length + 1

    def _collate_fn(self, batch: list[Any]) -> tuple[Tensor, ...]:
        longest = max(len(sample[0]) for sample in batch)
        shape = (len(batch), longest)
        input_ids = np.full(shape, self._pad, dtype=np.int64)
        token_types, mask = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        for row, (ids, types, *_) in enumerate(batch):
            input_ids[row, : len(ids)], token_types[row, : len(ids)], mask[row, : len(ids)] = ids, types, 1
        numbers = torch.tensor([sample[2:] for sample in batch], dtype=torch.long)
        tensors = (torch.from_numpy(input_ids), torch.from_numpy(token_types), torch.from_numpy(mask))
        if self.mode == "infer":
            return (*tensors, numbers[:, 0])
        return (*tensors, numbers[:, 0], numbers[:, 1], numbers[:, 2])

    # ------------------------------------------------------------------------------------------------ making windows

    def _tokens(self, question: Question) -> QuestionTokens:
        context = self._place(question.context)
        answer = None
        if question.answers:
            first = question.answers[0]
            answer = context.covering(first.start, first.start + len(first.text))
        return QuestionTokens(
            np.asarray(self._place(question.question).ids[: self.max_query_length], dtype=np.int32),
            np.asarray(context.ids, dtype=np.int32),
            np.asarray(context.starts, dtype=np.int32),
            np.asarray(context.ends, dtype=np.int32),
            answer,
        )

    def _windows(self, number: int) -> list[QuestionWindow]:
        tokens = self.tokens[number]
        room = self.max_seq_length - len(tokens.question) - SPECIAL_TOKENS
        windows = context_windows(len(tokens.context), room, self.doc_stride)
        best = np.asarray(best_windows(windows, len(tokens.context)))
        context_start = len(tokens.question) + 2
        made = []
        for index, window in enumerate(windows):
            start, end = _positions(tokens.answer, window, context_start)
            made.append(
                QuestionWindow(number, window, context_start, start, end, best[window.first : window.end] == index)
            )
        return made

    # --------------------------------------------------------------------------------------------------- the answers

    def answer_text(self, index: int, start: int, end: int) -> str:
        """The part of the context, as written there, that places `start` to `end` (included) of a window's input mark.

        Raises:
            ValueError: a place is not in the window's part of the context.
        """
        window = self.windows[index]
        tokens = self.tokens[window.question]
        first, last = (window.window.first + place - window.context_start for place in (start, end))
        if not window.window.first <= first <= last < window.window.end:
            raise ValueError(
                f"Places {start} to {end} are not in the context of window {index}, which has places "
                f"{window.context_start} to {window.context_start + window.window.length - 1}."
            )
        return self.questions[window.question].context[tokens.starts[first] : tokens.ends[last]]

    def windows_of_questions(self) -> list[list[int]]:
        """For each question the numbers of its windows."""
        numbers: list[list[int]] = [[] for _ in self.questions]
        for index, window in enumerate(self.windows):
            numbers[window.question].append(index)
        return numbers


def _positions(answer: tuple[int, int] | None, window: Window, context_start: int) -> tuple[int, int]:
    """Places of the answer in a window's input; [CLS] where it is not, or not whole, in the window."""
    if answer is None or answer[0] < window.first or answer[1] >= window.end:
        return 0, 0
    shift = context_start - window.first
    return answer[0] + shift, answer[1] + shift


def _check(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise ConfigError(f"{name} is {value!r}. Expected one of {', '.join(choices)}; set one of these.")
