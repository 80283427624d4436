"""Base classes: modules with typed ports, losses, datasets, models, export."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "dataset": ["Dataset", "DatasetConfig", "IterableDataset"],
        "exportable": ["ExportFormat", "Exportable"],
        "file_io": ["FileIO"],
        "loss": ["Loss"],
        "model": ["Model"],
        "model_pt": ["ModelPT"],
        "neural_module": ["NeuralModule"],
        "pretrained": ["PretrainedModelInfo"],
        "serialization": ["Serialization"],
        "type_checking": ["Typing", "is_semantic_typecheck_enabled", "is_typecheck_enabled", "typecheck"],
    },
)
