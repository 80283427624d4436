"""What the elements of a tensor mean: a hierarchy of plain classes, Python's inheritance is the relation.

Derive a class from :class:`ElementType`, or from a kind below, to add a meaning of your own. An input of type X accepts
X and everything derived from it.
"""

from __future__ import annotations

from typing import Any

from nemo.core.neural_types.comparison import NeuralTypeComparisonResult


class ElementType:
    """Base of all element types: the meaning of one element of a tensor."""

    @property
    def type_parameters(self) -> dict[str, Any]:
        """Numbers that belong to the type, such as a sample rate; a value of None accepts every value."""
        return {}

    @property
    def fields(self) -> tuple[str, ...] | None:
        """Names of the parts, when an element has several; None when it is one value."""
        return None

    def compare(self, second: ElementType) -> NeuralTypeComparisonResult:
        """How this type relates to `second`: LESS when it is a kind of it, GREATER when `second` is a kind of this."""
        mine, other = type(self), type(second)
        if mine is not other:
            if issubclass(mine, other):
                return NeuralTypeComparisonResult.LESS
            if issubclass(other, mine):
                return NeuralTypeComparisonResult.GREATER
            return NeuralTypeComparisonResult.INCOMPATIBLE
        if not _parameters_agree(self.type_parameters, second.type_parameters):
            return NeuralTypeComparisonResult.SAME_TYPE_INCOMPATIBLE_PARAMS
        if self.fields != second.fields:
            return NeuralTypeComparisonResult.INCOMPATIBLE
        return NeuralTypeComparisonResult.SAME

    def __str__(self) -> str:
        return self.__doc__ or type(self).__name__

    def __repr__(self) -> str:
        return type(self).__name__


def _parameters_agree(mine: dict[str, Any], other: dict[str, Any]) -> bool:
    if mine.keys() != other.keys():
        return False
    return all(value is None or other[name] is None or value == other[name] for name, value in mine.items())


class VoidType(ElementType):
    """Anything: it compares as the same with every element type."""

    def compare(self, second: ElementType) -> NeuralTypeComparisonResult:
        """SAME, whatever `second` is."""
        return NeuralTypeComparisonResult.SAME


# Channels and encoded representations


class ChannelType(ElementType):
    """Activations of a layer: channels going into or coming out of it."""


class EmbeddedTextType(ChannelType):
    """Embeddings of words, tokens or texts."""


class EncodedRepresentation(ChannelType):
    """What an encoder gives out."""


class AcousticEncodedRepresentation(EncodedRepresentation):
    """What an acoustic encoder gives out."""


class SpectrogramType(ChannelType):
    """A spectrogram of any kind."""


class MelSpectrogramType(SpectrogramType):
    """A spectrogram on the mel scale."""


class MFCCSpectrogramType(SpectrogramType):
    """Mel-frequency cepstral coefficients."""


# Scores and distributions


class LogitsType(ElementType):
    """Scores before any normalization."""


class ProbsType(ElementType):
    """Probabilities."""


class LogprobsType(ElementType):
    """Natural logarithms of probabilities."""


class ProbabilityDistributionSamplesType(ElementType):
    """Samples drawn from a probability distribution."""


class NormalDistributionSamplesType(ProbabilityDistributionSamplesType):
    """Samples drawn from a normal distribution."""


class NormalDistributionMeanType(ElementType):
    """Means of normal distributions."""


class NormalDistributionLogVarianceType(ElementType):
    """Logarithms of the variances of normal distributions."""


class LogDeterminantType(ElementType):
    """Logarithms of Jacobian determinants, as normalizing flows have them."""


class LossType(ElementType):
    """A loss."""


# Labels, predictions and targets


class LabelsType(ElementType):
    """Labels of any kind."""


class HypothesisType(LabelsType):
    """A decoded hypothesis, from which a label can still be made."""


class PredictionsType(LabelsType):
    """Predictions of a model."""


class RegressionValuesType(PredictionsType):
    """Numbers that a regression predicts."""


class CategoricalValuesType(PredictionsType):
    """Categories that a classifier predicts."""


class MaskType(PredictionsType):
    """A mask over elements."""


class Target(ElementType):
    """Something that a model is to predict."""


class ClassificationTarget(Target):
    """The class that a classifier is to predict."""


class SequenceToSequenceAlignmentType(ElementType):
    """An alignment of one sequence with another: for each output, weights over inputs."""


# Signals and images


class AudioSignal(ElementType):
    """Samples of audio.

    Args:
        freq: sample rate in Hz; None accepts every rate, two different rates do not fit.
    """

    def __init__(self, freq: int | None = None) -> None:
        self._parameters = {"freq": freq}

    @property
    def type_parameters(self) -> dict[str, Any]:
        """The sample rate, `freq`, in Hz."""
        return self._parameters


class VideoSignal(ElementType):
    """Frames of video.

    Args:
        fps: frames per second; None accepts every rate, two different rates do not fit.
    """

    def __init__(self, fps: int | None = None) -> None:
        self._parameters = {"fps": fps}

    @property
    def type_parameters(self) -> dict[str, Any]:
        """The frame rate, `fps`, in frames per second."""
        return self._parameters


class ImageValue(ElementType):
    """One channel of one pixel."""


class NormalizedImageValue(ImageValue):
    """One channel of one pixel, scaled to 0..1."""


class ImageFeatureValue(ImageValue):
    """One value of a feature map of an image."""


# Numbers, lengths, text


class LengthsType(ElementType):
    """How many elements of each row of a batch are valid."""


class Index(ElementType):
    """The number of a sample."""


class BoolType(ElementType):
    """True or false."""


class IntType(ElementType):
    """An integer."""


class TokenIndex(IntType):
    """The number of a token in a vocabulary."""


class Length(IntType):
    """The length of one thing, such as a list."""


class FloatType(ElementType):
    """A floating-point number."""


class TokenDurationType(ElementType):
    """How long a token lasts."""


class TokenLogDurationType(ElementType):
    """Logarithm of how long a token lasts."""


class StringType(ElementType):
    """Text."""


class StringLabel(StringType):
    """A label given as text."""
