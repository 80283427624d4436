"""What every model needs: typed modules, configuration, archives, optimizers, export. Knows no collection."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "nemo.core.classes": [
            "Dataset",
            "ExportFormat",
            "Exportable",
            "FileIO",
            "IterableDataset",
            "Loss",
            "Model",
            "ModelPT",
            "NeuralModule",
            "PretrainedModelInfo",
            "Serialization",
            "Typing",
            "is_typecheck_enabled",
            "typecheck",
        ],
    },
    submodules=[
        "access_mixins",
        "adapter_mixins",
        "adapters",
        "classes",
        "config",
        "connectors",
        "neural_types",
        "optim",
    ],
)
