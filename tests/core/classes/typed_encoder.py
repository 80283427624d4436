"""Typed things that the tests of typed calls share."""

from nemo.core.classes.type_checking import Typing, typecheck
from nemo.core.neural_types import ChannelType, LengthsType, LogitsType, MelSpectrogramType, NeuralType, SpectrogramType

SPECTROGRAM = NeuralType(("B", "D", "T"), SpectrogramType())
MEL = NeuralType(("B", "D", "T"), MelSpectrogramType())
LENGTHS = NeuralType(tuple("B"), LengthsType())


class Encoder(Typing):
    """Takes a spectrogram, lengths and an optional speaker; gives what it was told to give."""

    def __init__(self, result=None):
        self.result = result

    @property
    def input_types(self):
        return {
            "x": NeuralType(("B", "D", "T"), SpectrogramType()),
            "n": NeuralType(tuple("B"), LengthsType()),
            "speaker": NeuralType(("B", "D"), ChannelType(), optional=True),
        }

    @property
    def output_types(self):
        return {"y": NeuralType(("B", "D", "T"), LogitsType()), "n": NeuralType(tuple("B"), LengthsType())}

    @typecheck()
    def forward(self, x, n, speaker=None):
        """Gives x and n, or the result."""
        return (x + 1, n + 1) if self.result is None else self.result


def typed(declared_in=None, declared_out=None, **options):
    """A function of one argument whose only rule is the given types."""

    class Identity(Typing):
        @typecheck(input_types=declared_in, output_types=declared_out, **options)
        def __call__(self, x):
            return x

    return Identity()


def labelled(tensor, neural_type):
    tensor.neural_type = neural_type
    return tensor
