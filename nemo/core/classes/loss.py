"""The base of all losses."""

from torch.nn.modules.loss import _Loss

from nemo.core.classes.serialization import Serialization
from nemo.core.classes.type_checking import Typing


class Loss(_Loss, Typing, Serialization):
    """A PyTorch loss with typed inputs and outputs, built from a configuration.

    Args of the constructor are those of PyTorch's losses, `reduction` among them.
    """
