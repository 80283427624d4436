"""Network parts that several collections build, and the activations that configs name."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "activations": ["ACTIVATIONS", "make_activation"],
        "classifier": ["Classifier"],
        "multi_layer_perceptron": ["MultiLayerPerceptron"],
        "token_classifier": ["TokenClassifier"],
        "transformer_init": ["transformer_weights_init"],
    },
)
