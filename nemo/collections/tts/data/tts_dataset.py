"""Recordings with their texts for synthesis models, and what `sup_data_types` names beside them.

A batch is a dict: `audio` [B, T], `audio_lens` [B], `text` [B, U], `text_lens` [B], and of each kind its tensors,
padded with zeros, those of frames with their lengths: `log_mel` [B, D, F], `align_prior_matrix` [B, F, U], `pitch` and
`energy` [B, F], `voiced_mask` and `p_voiced` [B, F], `durations` [B, U], `speaker_id` [B], `reference_audio` [B, T'].
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from nemo.collections.common.data.manifest import ManifestPaths
from nemo.collections.common.exceptions import ManifestError
from nemo.collections.tts.data.padding import pad_together
from nemo.collections.tts.data.supplements import (
    SAME_SPEAKER,
    WITH_LENGTHS,
    FeatureSettings,
    Sample,
    build_supplements,
    check_fit,
)
from nemo.collections.tts.data.utterances import (
    Trimming,
    Utterance,
    chosen,
    encoded,
    raise_faults,
    read_utterances,
    speaker_number,
)
from nemo.core.classes.dataset import Dataset
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)


class TTSDataset(Dataset):
    """Recordings with texts; see the head of the file for batches.

    Args:
        manifest_filepath: a manifest, several with commas between, or a list.
        sample_rate: Hz; recordings with another rate are resampled.
        text_tokenizer: text -> ids; the model gives its own.
        tokens: not used: the tokenizer has them.
        text_normalizer: writes out numbers and abbreviations of texts without `normalized_text`.
        text_normalizer_call_kwargs: further arguments of its calls.
        text_tokenizer_pad_id: pads texts; the tokenizer's own `pad` where it is not given.
        sup_data_types: see the head of the file.
        sup_data_path: folder where slow features are kept; None computes them each time.
        max_duration: seconds; longer recordings are left out.
        min_duration: seconds; shorter ones are.
        ignore_file: a file with a list of recordings' names without ending, one a line, that are left out.
        trim: cut silence from both ends.
        trim_ref: see :class:`~nemo.collections.tts.data.utterances.Trimming`, as the next three.
        trim_top_db: dB below it where silence begins.
        trim_frame_length: samples.
        trim_hop_length: samples.
        n_fft: length of the Fourier transform in samples.
        win_length: window in samples; `n_fft` where it is not given.
        hop_length: samples between frames; a quarter of the window where it is not given.
        window: hann, hamming, blackman, bartlett, or other for none.
        n_mels: mel bands of `log_mel`.
        lowfreq: Hz, its lower edge.
        highfreq: Hz, its upper edge; half the rate where it is not given.
        use_beta_binomial_interpolator: stretch priors from a few known sizes.
        pitch_fmin: Hz, lowest pitch.
        pitch_fmax: Hz, highest.
        pitch_mean: Hz, for `pitch_norm`.
        pitch_std: Hz.
        pitch_norm: give pitch as distance from the mean in standard deviations.
        pitch_stats_path: JSON with mean and deviation of each speaker.
        durs_file: durations of tokens by recording.
        durs_type: accepted for old configs, without effect.
        segment_max_duration: not supported.
        pitch_augment: not supported.
        cache_pitch_augment: not supported.
        pad_multiple: audio of a batch is padded to a multiple of this.
        reference_audio_type: which recording `reference_audio` is: same-speaker (another one of the same speaker) or
            ground-truth (the one that is spoken).
        pitch_by: yin, or librosa; see :func:`~nemo.collections.tts.data.pitch.estimate_pitch`.

    Raises:
        ManifestError: a line without text, tokens or speaker; names file and line.
        ConfigError: settings that do not fit.
    """

    def __init__(
        self,
        manifest_filepath: ManifestPaths,
        sample_rate: int,
        text_tokenizer: Callable[[str], Sequence[int]],
        tokens: list[str] | None = None,
        text_normalizer: Any = None,
        text_normalizer_call_kwargs: Mapping[str, Any] | None = None,
        text_tokenizer_pad_id: int | None = None,
        sup_data_types: Sequence[str] | None = None,
        sup_data_path: str | None = None,
        max_duration: float | None = None,
        min_duration: float | None = None,
        ignore_file: str | None = None,
        trim: bool = False,
        trim_ref: float | None = None,
        trim_top_db: float | None = None,
        trim_frame_length: int | None = None,
        trim_hop_length: int | None = None,
        n_fft: int = 1024,
        win_length: int | None = None,
        hop_length: int | None = None,
        window: str = "hann",
        n_mels: int = 80,
        lowfreq: float = 0,
        highfreq: float | None = None,
        use_beta_binomial_interpolator: bool = False,
        pitch_fmin: float | None = None,
        pitch_fmax: float | None = None,
        pitch_mean: float | None = None,
        pitch_std: float | None = None,
        pitch_norm: bool = False,
        pitch_stats_path: str | None = None,
        durs_file: str | None = None,
        durs_type: str | None = None,
        segment_max_duration: float | None = None,
        pitch_augment: bool = False,
        cache_pitch_augment: bool = True,
        pad_multiple: int = 1,
        reference_audio_type: str = SAME_SPEAKER,
        pitch_by: str = "yin",
    ) -> None:
        super().__init__()
        if segment_max_duration is not None or pitch_augment:
            raise ConfigError(
                "TTSDataset has no segment_max_duration and no pitch_augment in this release. Unset them."
            )
        win_length = win_length or n_fft
        self.settings = FeatureSettings(
            sample_rate=sample_rate,
            n_fft=n_fft,
            win_length=win_length,
            hop_length=hop_length or win_length // 4,
            window=window,
            n_mels=n_mels,
            lowfreq=lowfreq,
            highfreq=highfreq,
            pitch_fmin=pitch_fmin or FeatureSettings.pitch_fmin,
            pitch_fmax=pitch_fmax or min(FeatureSettings.pitch_fmax, sample_rate / 2),
            pitch_by=pitch_by,
            pitch_mean=pitch_mean,
            pitch_std=pitch_std,
            pitch_norm=pitch_norm,
            pitch_stats_path=pitch_stats_path,
            use_beta_binomial_interpolator=use_beta_binomial_interpolator,
            durs_file=durs_file,
            sup_data_path=sup_data_path,
            trimming=Trimming(trim, trim_ref, trim_top_db, trim_frame_length, trim_hop_length),
            reference_audio_type=reference_audio_type,
        )
        self.text_tokenizer = text_tokenizer
        pad = getattr(text_tokenizer, "pad", 0)
        self.text_tokenizer_pad_id = pad if text_tokenizer_pad_id is None else text_tokenizer_pad_id
        self.pad_multiple = pad_multiple
        self.data = chosen(read_utterances(manifest_filepath), min_duration, max_duration, ignore_file)
        if text_normalizer is not None:
            _normalize(self.data, text_normalizer, text_normalizer_call_kwargs or {})
        self.tokens = _encode_all(self.data, text_tokenizer)
        self.supplements = build_supplements(sup_data_types or (), self.settings, self.data)

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        """The tensors of one utterance.

        Raises:
            AudioFileError: its recording cannot be read, or is too short for its text; names the line.
        """
        utterance = self.data[index]
        audio = self.audio(index)
        tokens = self.tokens[index]
        sample = Sample(index, utterance, audio, tokens, self.settings.frames(len(audio)), self.audio)
        check_fit(sample, self.settings.hop_length)
        found = {"audio": audio, "text": tokens}
        for supplement in self.supplements:
            found.update(supplement(sample))
        return found

    def audio(self, index: int) -> Tensor:
        """The audio [T] of an utterance, without silence at its ends if `trim` is on."""
        utterance = self.data[index]
        samples = utterance.samples(self.settings.sample_rate)
        return torch.from_numpy(self.settings.trimming(samples, utterance.place).copy())

    def _collate_fn(self, batch: list[dict[str, Tensor]]) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        for name in batch[0]:
            items = [sample[name] for sample in batch]
            found[name] = pad_together(items, self.text_tokenizer_pad_id if name == "text" else 0)
            if name in WITH_LENGTHS or name in ("audio", "text"):
                found[f"{name}_lens"] = torch.tensor([item.shape[-1] for item in items])
        missing = -found["audio"].shape[1] % self.pad_multiple
        found["audio"] = torch.nn.functional.pad(found["audio"], (0, missing))
        return found

    def prepared(self, verbose: bool = True) -> Iterator[dict[str, Tensor]]:
        """Every sample in order, with a progress bar; what is not yet in `sup_data_path` is computed."""
        for index in tqdm(range(len(self)), desc="Features", unit="file", disable=not verbose):
            yield self[index]

    def check_speakers(self, n_speakers: int) -> None:
        """Refuses voices that a model does not have.

        Raises:
            ManifestError: names the line.
        """
        raise_faults(
            [
                f'{utterance.place}: "speaker" is {utterance.speaker}, and the model has {n_speakers} voices. Expected '
                f"0 to {n_speakers - 1}; mend it, or raise model.n_speakers."
                for utterance in self.data
                if speaker_number(utterance) >= n_speakers
            ]
        )

    def describe_sample(self, sample_id: int) -> str:
        """The recording of a sample and its line in the manifest, for messages."""
        return f"{self.data[sample_id].audio_file} ({self.data[sample_id].place})"


def _normalize(utterances: Sequence[Utterance], normalizer: Any, arguments: Mapping[str, Any]) -> None:
    call = normalizer.normalize if hasattr(normalizer, "normalize") else normalizer
    for utterance in utterances:
        if not utterance.is_normalized:
            utterance.text = call(utterance.text, **arguments)


def _encode_all(utterances: Sequence[Utterance], tokenizer: Callable[[str], Sequence[int]]) -> list[Tensor]:
    tokens, faults = [], []
    for utterance in utterances:
        try:
            tokens.append(torch.tensor(encoded(tokenizer, utterance), dtype=torch.long))
        except ManifestError as fault:
            faults.append(str(fault))
    raise_faults(faults)
    return tokens
