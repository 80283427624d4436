"""Base classes: modules with typed ports, losses, datasets, models, export."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "access": ["AccessMixin"],
        "dataset": ["Dataset", "DatasetConfig", "IterableDataset"],
        "exportable": ["ExportFormat", "Exportable"],
        "file_io": ["FileIO"],
        "intermediate_tensors": ["IntermediateTensors"],
        "loss": ["Loss"],
        "model": ["Model"],
        "model_pt": ["ModelPT"],
        "neural_module": ["NeuralModule"],
        "pretrained": ["PretrainedModelInfo"],
        "serialization": ["Serialization"],
        "type_checking": ["Typing", "is_semantic_typecheck_enabled", "is_typecheck_enabled", "typecheck"],
    },
    submodules=["access_mixins", "adapter_mixins"],  # of the original's layout, served by nemo.aliases
)
