"""The original toolkit's import paths, and where each lives here.

Scripts, YAML files and archives name classes by the original's paths. Where our layout differs, one row below says so,
and a finder at the end of ``sys.meta_path`` serves the old module. It looks a name up on first use, so an alias costs
nothing until somebody needs it. Read backwards, the same rows give the path that is written into archives
(:func:`public_path`), so that the original opens ours and we open the original's.

Our own code never imports through an alias.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

MOVED_MODULES: dict[str, str] = {
    # original module -> ours: every public name of ours is offered there
    "nemo.collections.common.parts.preprocessing.collections": "nemo.collections.common.data.collections",
    "nemo.collections.asr.model": "nemo.collections.asr.models",  # the singular, which the first documents wrote
    "nemo.core.access_mixins": "nemo.core.classes.access",
    "nemo.core.adapter_mixins": "nemo.core.adapters",
    "nemo.core.classes.access_mixins": "nemo.core.classes.access",
    "nemo.core.classes.adapter_mixins": "nemo.core.adapters",
}

MOVED_NAMES: dict[str, str] = {
    # original module.Name -> ours; where one of ours has several rows, the first is what archives get as `target`
    # data: audio, manifests, parsers
    "nemo.collections.asr.parts.preprocessing.segment.AudioSegment": (
        "nemo.collections.common.audio.segment.AudioSegment"
    ),
    "nemo.collections.asr.parts.preprocessing.features.WaveformFeaturizer": (
        "nemo.collections.common.audio.waveform_featurizer.WaveformFeaturizer"
    ),
    "nemo.collections.asr.parts.preprocessing.perturb.AudioAugmentor": (
        "nemo.collections.common.audio.perturb.augmentor.AudioAugmentor"
    ),
    "nemo.collections.asr.parts.preprocessing.perturb.process_augmentations": (
        "nemo.collections.common.audio.perturb.augmentor.process_augmentations"
    ),
    "nemo.collections.asr.parts.preprocessing.perturb.register_perturbation": (
        "nemo.collections.common.audio.perturb.augmentor.register_perturbation"
    ),
    "nemo.collections.asr.parts.preprocessing.perturb.Perturbation": (
        "nemo.collections.common.audio.perturb.base.Perturbation"
    ),
    "nemo.collections.asr.parts.preprocessing.perturb.GainPerturbation": (
        "nemo.collections.common.audio.perturb.gain.GainPerturbation"
    ),
    "nemo.collections.asr.parts.preprocessing.perturb.NoisePerturbation": (
        "nemo.collections.common.audio.perturb.noise.NoisePerturbation"
    ),
    "nemo.collections.asr.parts.preprocessing.perturb.ShiftPerturbation": (
        "nemo.collections.common.audio.perturb.shift.ShiftPerturbation"
    ),
    "nemo.collections.asr.parts.preprocessing.perturb.SilencePerturbation": (
        "nemo.collections.common.audio.perturb.silence.SilencePerturbation"
    ),
    "nemo.collections.asr.parts.preprocessing.perturb.SpeedPerturbation": (
        "nemo.collections.common.audio.perturb.speed.SpeedPerturbation"
    ),
    "nemo.collections.asr.parts.preprocessing.perturb.WhiteNoisePerturbation": (
        "nemo.collections.common.audio.perturb.white_noise.WhiteNoisePerturbation"
    ),
    "nemo.collections.asr.parts.utils.manifest_utils.read_manifest": (
        "nemo.collections.common.data.manifest.read_manifest_objects"
    ),
    "nemo.collections.asr.parts.utils.manifest_utils.write_manifest": (
        "nemo.collections.common.data.manifest.write_manifest"
    ),
    "nemo.collections.common.parts.preprocessing.manifest.get_full_path": (
        "nemo.collections.common.data.manifest.get_full_path"
    ),
    "nemo.collections.common.parts.preprocessing.manifest.is_tarred_dataset": (
        "nemo.collections.common.data.manifest.is_tarred_dataset"
    ),
    "nemo.collections.common.parts.preprocessing.parsers.CharParser": (
        "nemo.collections.common.data.parsers.CharParser"
    ),
    "nemo.collections.common.parts.preprocessing.parsers.ENCharParser": (
        "nemo.collections.common.data.parsers.ENCharParser"
    ),
    "nemo.collections.common.parts.preprocessing.parsers.make_parser": (
        "nemo.collections.common.data.parsers.make_parser"
    ),
    # data: loaders
    "nemo.collections.common.data.dataset.ConcatDataset": "nemo.collections.common.data.concat.ConcatDataset",
    "nemo.collections.common.data.dataset.ConcatMapDataset": "nemo.collections.common.data.concat.ConcatMapDataset",
    "nemo.collections.common.data.dataset.CodeSwitchedDataset": (
        "nemo.collections.common.audio.code_switched.CodeSwitchedDataset"
    ),
    "nemo.collections.asr.data.audio_to_text_lhotse.LhotseSpeechToTextBpeDataset": (
        "nemo.collections.asr.data.lhotse_audio_to_text.LhotseSpeechToTextBpeDataset"
    ),
    # core: models, saving and restoring
    "nemo.core.classes.modelPT.ModelPT": "nemo.core.classes.model_pt.ModelPT",
    "nemo.core.classes.common.FileIO": "nemo.core.classes.file_io.FileIO",
    "nemo.core.classes.common.Model": "nemo.core.classes.model.Model",
    "nemo.core.classes.common.PretrainedModelInfo": "nemo.core.classes.pretrained.PretrainedModelInfo",
    "nemo.core.classes.common.Serialization": "nemo.core.classes.serialization.Serialization",
    # core: intermediate tensors
    "nemo.core.classes.mixins.access_mixins.AccessMixin": "nemo.core.classes.access.AccessMixin",
    "nemo.core.classes.mixins.AccessMixin": "nemo.core.classes.access.AccessMixin",
    # core: typed modules
    "nemo.core.classes.common.Typing": "nemo.core.classes.type_checking.Typing",
    "nemo.core.classes.common.is_semantic_typecheck_enabled": (
        "nemo.core.classes.type_checking.is_semantic_typecheck_enabled"
    ),
    "nemo.core.classes.common.is_typecheck_enabled": "nemo.core.classes.type_checking.is_typecheck_enabled",
    "nemo.core.classes.common.typecheck": "nemo.core.classes.type_checking.typecheck",
    "nemo.core.classes.module.NeuralModule": "nemo.core.classes.neural_module.NeuralModule",
    # adapters: modules, strategies, registry; blocks that collections share
    "nemo.core.classes.mixins.adapter_mixins.AdapterModuleMixin": (
        "nemo.core.adapters.module_adapters.AdapterModuleMixin"
    ),
    "nemo.core.classes.mixins.adapter_mixins.AdapterModelPTMixin": (
        "nemo.core.adapters.model_adapters.AdapterModelPTMixin"
    ),
    "nemo.core.classes.mixins.adapter_mixins.ADAPTER_REGISTRY": "nemo.core.adapters.registry.ADAPTER_REGISTRY",
    "nemo.core.classes.mixins.adapter_mixins.AdapterRegistryInfo": "nemo.core.adapters.registry.AdapterRegistryInfo",
    "nemo.core.classes.mixins.adapter_mixins.get_registered_adapter": (
        "nemo.core.adapters.registry.get_registered_adapter"
    ),
    "nemo.core.classes.mixins.adapter_mixins.register_adapter": "nemo.core.adapters.registry.register_adapter",
    "nemo.core.classes.mixins.AdapterModuleMixin": "nemo.core.adapters.module_adapters.AdapterModuleMixin",
    "nemo.core.classes.mixins.AdapterModelPTMixin": "nemo.core.adapters.model_adapters.AdapterModelPTMixin",
    "nemo.core.classes.mixins.get_registered_adapter": "nemo.core.adapters.registry.get_registered_adapter",
    "nemo.core.classes.mixins.register_adapter": "nemo.core.adapters.registry.register_adapter",
    "nemo.core.classes.mixins.adapter_mixin_strategies.AbstractAdapterStrategy": (
        "nemo.core.adapters.strategies.base.AbstractAdapterStrategy"
    ),
    "nemo.core.classes.mixins.adapter_mixin_strategies.ReturnResultAdapterStrategy": (
        "nemo.core.adapters.strategies.return_result.ReturnResultAdapterStrategy"
    ),
    "nemo.core.classes.mixins.adapter_mixin_strategies.ReturnResultAdapterStrategyConfig": (
        "nemo.core.adapters.strategies.return_result.ReturnResultAdapterStrategyConfig"
    ),
    "nemo.core.classes.mixins.adapter_mixin_strategies.ResidualAddAdapterStrategy": (
        "nemo.core.adapters.strategies.residual_add.ResidualAddAdapterStrategy"
    ),
    "nemo.core.classes.mixins.adapter_mixin_strategies.ResidualAddAdapterStrategyConfig": (
        "nemo.core.adapters.strategies.residual_add.ResidualAddAdapterStrategyConfig"
    ),
    "nemo.collections.common.parts.adapter_modules.AdapterModuleUtil": (
        "nemo.collections.common.adapters.adapter_module.AdapterModuleUtil"
    ),
    "nemo.collections.common.parts.adapter_modules.LinearAdapter": (
        "nemo.collections.common.adapters.linear.LinearAdapter"
    ),
    "nemo.collections.common.parts.adapter_modules.LinearAdapterConfig": (
        "nemo.collections.common.adapters.linear.LinearAdapterConfig"
    ),
    "nemo.collections.common.parts.LinearAdapter": "nemo.collections.common.adapters.linear.LinearAdapter",
    "nemo.collections.common.parts.LinearAdapterConfig": "nemo.collections.common.adapters.linear.LinearAdapterConfig",
    "nemo.collections.common.parts.multi_layer_perceptron.MultiLayerPerceptron": (
        "nemo.collections.common.modules.multi_layer_perceptron.MultiLayerPerceptron"
    ),
    "nemo.collections.common.parts.MultiLayerPerceptron": (
        "nemo.collections.common.modules.multi_layer_perceptron.MultiLayerPerceptron"
    ),
    "nemo.collections.common.parts.utils.activation_registry": (
        "nemo.collections.common.modules.activations.ACTIVATIONS"
    ),
    "nemo.collections.common.parts.utils.flatten": "nemo.collections.common.data.nested_lists.flatten",
    "nemo.collections.asr.modules.conv_asr.ConvASREncoderAdapter": (
        "nemo.collections.asr.modules.conv_encoder.ConvASREncoderAdapter"
    ),
    "nemo.collections.asr.parts.mixins.asr_adapter_mixins.ASRAdapterModelMixin": (
        "nemo.collections.asr.models.adapter_model.ASRAdapterModelMixin"
    ),
    "nemo.collections.asr.parts.mixins.ASRAdapterModelMixin": (
        "nemo.collections.asr.models.adapter_model.ASRAdapterModelMixin"
    ),
    # tokenizers
    "nemo.collections.common.tokenizers.huggingface.auto_tokenizer.AutoTokenizer": (
        "nemo.collections.common.tokenizers.auto_tokenizer.AutoTokenizer"
    ),
    "nemo.collections.common.tokenizers.huggingface.AutoTokenizer": (
        "nemo.collections.common.tokenizers.auto_tokenizer.AutoTokenizer"
    ),
    # utils: experiment manager, logging, tools
    "nemo.utils.callbacks.PreemptionCallback": "nemo.utils.exp_manager.preemption.PreemptionCallback",
    "nemo.utils.callbacks.preemption.PreemptionCallback": "nemo.utils.exp_manager.preemption.PreemptionCallback",
    "nemo.utils.callbacks.NeMoModelCheckpoint": "nemo.utils.exp_manager.checkpoint.NeMoModelCheckpoint",
    "nemo.utils.callbacks.nemo_model_checkpoint.NeMoModelCheckpoint": (
        "nemo.utils.exp_manager.checkpoint.NeMoModelCheckpoint"
    ),
    "nemo.utils.lightning_logger_patch.add_filehandlers_to_pl_logger": (
        "nemo.utils.exp_manager.log_files.add_filehandlers_to_pl_logger"
    ),
    # experiment manager: loggers
    "nemo.utils.loggers.ClearMLLogger": "nemo.utils.exp_manager.loggers.clearml.ClearMLLogger",
    "nemo.utils.loggers.ClearMLParams": "nemo.utils.exp_manager.loggers.params.ClearMLParams",
    "nemo.utils.loggers.DLLogger": "nemo.utils.exp_manager.loggers.dllogger.DLLogger",
    "nemo.utils.loggers.DLLoggerParams": "nemo.utils.exp_manager.loggers.params.DLLoggerParams",
    "nemo.utils.loggers.MLFlowParams": "nemo.utils.exp_manager.loggers.params.MLFlowParams",
    "nemo.utils.loggers.clearml_logger.ClearMLLogger": "nemo.utils.exp_manager.loggers.clearml.ClearMLLogger",
    "nemo.utils.loggers.clearml_logger.ClearMLParams": "nemo.utils.exp_manager.loggers.params.ClearMLParams",
    "nemo.utils.loggers.dllogger.DLLogger": "nemo.utils.exp_manager.loggers.dllogger.DLLogger",
    "nemo.utils.loggers.dllogger.DLLoggerParams": "nemo.utils.exp_manager.loggers.params.DLLoggerParams",
    "nemo.utils.loggers.mlflow_logger.MLFlowParams": "nemo.utils.exp_manager.loggers.params.MLFlowParams",
    # experiment manager: moving average of the weights, times of epochs
    "nemo.collections.common.callbacks.EMA": "nemo.utils.exp_manager.ema.EMA",
    "nemo.collections.common.callbacks.ema.EMA": "nemo.utils.exp_manager.ema.EMA",
    "nemo.collections.common.callbacks.ema.EMAOptimizer": "nemo.utils.exp_manager.ema_optimizer.EMAOptimizer",
    "nemo.collections.common.callbacks.LogEpochTimeCallback": (
        "nemo.utils.exp_manager.epoch_time.LogEpochTimeCallback"
    ),
    "nemo.collections.common.callbacks.callbacks.LogEpochTimeCallback": (
        "nemo.utils.exp_manager.epoch_time.LogEpochTimeCallback"
    ),
    "nemo.utils.notebook_utils.download_an4": "nemo.collections.asr.data.an4.download_an4",
    "nemo.utils.export_utils.ExportFormat": "nemo.core.classes.exportable.ExportFormat",
    "nemo.utils.model_utils.ArtifactItem": "nemo.core.connectors.artifacts.ArtifactItem",
    "nemo.utils.model_utils.ArtifactPathType": "nemo.core.connectors.artifacts.ArtifactPathType",
    "nemo.utils.model_utils.check_lib_version": "nemo.utils.versions.check_lib_version",
    "nemo.utils.model_utils.ckpt_to_dir": "nemo.utils.parallel_paths.ckpt_to_dir",
    "nemo.utils.model_utils.convert_model_config_to_dict_config": "nemo.core.classes.serialization.plain_config",
    "nemo.utils.model_utils.import_class_by_path": "nemo.core.classes.serialization.locate",
    "nemo.utils.model_utils.inject_model_parallel_rank": "nemo.utils.parallel_paths.inject_model_parallel_rank",
    "nemo.utils.model_utils.maybe_update_config_version": "nemo.core.config.legacy.maybe_update_config_version",
    "nemo.utils.model_utils.parse_dataset_as_name": "nemo.core.classes.evaluation_sets.parse_dataset_as_name",
    "nemo.utils.model_utils.resolve_dataset_name_from_cfg": (
        "nemo.core.classes.evaluation_sets.resolve_dataset_name_from_cfg"
    ),
    "nemo.utils.model_utils.resolve_subclass_pretrained_model_info": (
        "nemo.core.classes.pretrained.resolve_subclass_pretrained_model_info"
    ),
    "nemo.utils.model_utils.resolve_test_dataloaders": "nemo.core.classes.evaluation_sets.resolve_test_dataloaders",
    "nemo.utils.model_utils.resolve_validation_dataloaders": (
        "nemo.core.classes.evaluation_sets.resolve_validation_dataloaders"
    ),
    "nemo.utils.model_utils.uninject_model_parallel_rank": "nemo.utils.parallel_paths.uninject_model_parallel_rank",
    # speech synthesis: text
    "nemo.collections.common.tokenizers.text_to_speech.tts_tokenizers.BaseTokenizer": (
        "nemo.collections.tts.text.tokenizer.BaseTokenizer"
    ),
    "nemo.collections.common.tokenizers.text_to_speech.tts_tokenizers.BaseCharsTokenizer": (
        "nemo.collections.tts.text.chars_tokenizers.BaseCharsTokenizer"
    ),
    "nemo.collections.common.tokenizers.text_to_speech.tts_tokenizers.EnglishCharsTokenizer": (
        "nemo.collections.tts.text.chars_tokenizers.EnglishCharsTokenizer"
    ),
    "nemo.collections.common.tokenizers.text_to_speech.tts_tokenizers.FrenchCharsTokenizer": (
        "nemo.collections.tts.text.chars_tokenizers.FrenchCharsTokenizer"
    ),
    "nemo.collections.common.tokenizers.text_to_speech.tts_tokenizers.GermanCharsTokenizer": (
        "nemo.collections.tts.text.chars_tokenizers.GermanCharsTokenizer"
    ),
    "nemo.collections.common.tokenizers.text_to_speech.tts_tokenizers.ItalianCharsTokenizer": (
        "nemo.collections.tts.text.chars_tokenizers.ItalianCharsTokenizer"
    ),
    "nemo.collections.common.tokenizers.text_to_speech.tts_tokenizers.SpanishCharsTokenizer": (
        "nemo.collections.tts.text.chars_tokenizers.SpanishCharsTokenizer"
    ),
    "nemo.collections.common.tokenizers.text_to_speech.tts_tokenizers.EnglishPhonemesTokenizer": (
        "nemo.collections.tts.text.english_phonemes_tokenizer.EnglishPhonemesTokenizer"
    ),
    "nemo.collections.common.tokenizers.text_to_speech.tts_tokenizers.IPATokenizer": (
        "nemo.collections.tts.text.ipa_tokenizer.IPATokenizer"
    ),
    "nemo.collections.common.tokenizers.text_to_speech.tokenizer_utils.any_locale_word_tokenize": (
        "nemo.collections.tts.text.words.any_locale_word_tokenize"
    ),
    "nemo.collections.common.tokenizers.text_to_speech.tokenizer_utils.english_word_tokenize": (
        "nemo.collections.tts.text.words.english_word_tokenize"
    ),
    "nemo.collections.common.tokenizers.text_to_speech.tokenizer_utils.any_locale_text_preprocessing": (
        "nemo.collections.tts.text.spelling.any_locale_text_preprocessing"
    ),
    "nemo.collections.common.tokenizers.text_to_speech.tokenizer_utils.english_text_preprocessing": (
        "nemo.collections.tts.text.spelling.english_text_preprocessing"
    ),
    "nemo.collections.common.tokenizers.text_to_speech.tokenizer_utils.french_text_preprocessing": (
        "nemo.collections.tts.text.spelling.french_text_preprocessing"
    ),
    "nemo.collections.common.tokenizers.text_to_speech.tokenizer_utils.german_text_preprocessing": (
        "nemo.collections.tts.text.spelling.german_text_preprocessing"
    ),
    "nemo.collections.common.tokenizers.text_to_speech.tokenizer_utils.italian_text_preprocessing": (
        "nemo.collections.tts.text.spelling.italian_text_preprocessing"
    ),
    "nemo.collections.common.tokenizers.text_to_speech.tokenizer_utils.spanish_text_preprocessing": (
        "nemo.collections.tts.text.spelling.spanish_text_preprocessing"
    ),
    "nemo.collections.tts.torch.tts_tokenizers.BaseTokenizer": ("nemo.collections.tts.text.tokenizer.BaseTokenizer"),
    "nemo.collections.tts.torch.tts_tokenizers.BaseCharsTokenizer": (
        "nemo.collections.tts.text.chars_tokenizers.BaseCharsTokenizer"
    ),
    "nemo.collections.tts.torch.tts_tokenizers.EnglishCharsTokenizer": (
        "nemo.collections.tts.text.chars_tokenizers.EnglishCharsTokenizer"
    ),
    "nemo.collections.tts.torch.tts_tokenizers.FrenchCharsTokenizer": (
        "nemo.collections.tts.text.chars_tokenizers.FrenchCharsTokenizer"
    ),
    "nemo.collections.tts.torch.tts_tokenizers.GermanCharsTokenizer": (
        "nemo.collections.tts.text.chars_tokenizers.GermanCharsTokenizer"
    ),
    "nemo.collections.tts.torch.tts_tokenizers.ItalianCharsTokenizer": (
        "nemo.collections.tts.text.chars_tokenizers.ItalianCharsTokenizer"
    ),
    "nemo.collections.tts.torch.tts_tokenizers.SpanishCharsTokenizer": (
        "nemo.collections.tts.text.chars_tokenizers.SpanishCharsTokenizer"
    ),
    "nemo.collections.tts.torch.tts_tokenizers.EnglishPhonemesTokenizer": (
        "nemo.collections.tts.text.english_phonemes_tokenizer.EnglishPhonemesTokenizer"
    ),
    "nemo.collections.tts.torch.tts_tokenizers.IPATokenizer": ("nemo.collections.tts.text.ipa_tokenizer.IPATokenizer"),
    # speech recognition: Conformer, transducers
    "nemo.collections.asr.modules.rnnt.RNNTDecoder": "nemo.collections.asr.modules.rnnt_decoder.RNNTDecoder",
    "nemo.collections.asr.modules.rnnt.StatelessTransducerDecoder": (
        "nemo.collections.asr.modules.rnnt_decoder.StatelessTransducerDecoder"
    ),
    "nemo.collections.asr.modules.rnnt.RNNTJoint": "nemo.collections.asr.modules.rnnt_joint.RNNTJoint",
    # speech recognition: features, masks, convolutional networks
    "nemo.collections.asr.modules.audio_preprocessing.AudioPreprocessor": (
        "nemo.collections.asr.modules.audio_preprocessor.AudioPreprocessor"
    ),
    "nemo.collections.asr.modules.audio_preprocessing.AudioToMelSpectrogramPreprocessor": (
        "nemo.collections.asr.modules.mel_preprocessor.AudioToMelSpectrogramPreprocessor"
    ),
    "nemo.collections.asr.modules.audio_preprocessing.AudioToMelSpectrogramPreprocessorConfig": (
        "nemo.collections.asr.modules.mel_preprocessor.AudioToMelSpectrogramPreprocessorConfig"
    ),
    "nemo.collections.asr.modules.audio_preprocessing.AudioToMFCCPreprocessor": (
        "nemo.collections.asr.modules.mfcc_preprocessor.AudioToMFCCPreprocessor"
    ),
    "nemo.collections.asr.modules.audio_preprocessing.AudioToMFCCPreprocessorConfig": (
        "nemo.collections.asr.modules.mfcc_preprocessor.AudioToMFCCPreprocessorConfig"
    ),
    "nemo.collections.asr.modules.audio_preprocessing.SpectrogramAugmentation": (
        "nemo.collections.asr.modules.spectrogram_augmentation.SpectrogramAugmentation"
    ),
    "nemo.collections.asr.modules.audio_preprocessing.SpectrogramAugmentationConfig": (
        "nemo.collections.asr.modules.spectrogram_augmentation.SpectrogramAugmentationConfig"
    ),
    "nemo.collections.asr.modules.audio_preprocessing.MaskedPatchAugmentation": (
        "nemo.collections.asr.modules.masked_patch.MaskedPatchAugmentation"
    ),
    "nemo.collections.asr.modules.audio_preprocessing.MaskedPatchAugmentationConfig": (
        "nemo.collections.asr.modules.masked_patch.MaskedPatchAugmentationConfig"
    ),
    "nemo.collections.asr.modules.audio_preprocessing.CropOrPadSpectrogramAugmentation": (
        "nemo.collections.asr.modules.crop_or_pad.CropOrPadSpectrogramAugmentation"
    ),
    "nemo.collections.asr.modules.audio_preprocessing.CropOrPadSpectrogramAugmentationConfig": (
        "nemo.collections.asr.modules.crop_or_pad.CropOrPadSpectrogramAugmentationConfig"
    ),
    "nemo.collections.asr.modules.conv_asr.ConvASREncoder": "nemo.collections.asr.modules.conv_encoder.ConvASREncoder",
    "nemo.collections.asr.modules.conv_asr.ConvASREncoderConfig": (
        "nemo.collections.asr.modules.conv_encoder.ConvASREncoderConfig"
    ),
    "nemo.collections.asr.modules.conv_asr.JasperEncoderConfig": (
        "nemo.collections.asr.modules.conv_encoder.JasperEncoderConfig"
    ),
    "nemo.collections.asr.modules.conv_asr.ConvASRDecoder": "nemo.collections.asr.modules.conv_decoder.ConvASRDecoder",
    "nemo.collections.asr.modules.conv_asr.ConvASRDecoderConfig": (
        "nemo.collections.asr.modules.conv_decoder.ConvASRDecoderConfig"
    ),
    "nemo.collections.asr.modules.conv_asr.ConvASRDecoderClassification": (
        "nemo.collections.asr.modules.conv_classification.ConvASRDecoderClassification"
    ),
    "nemo.collections.asr.modules.conv_asr.ConvASRDecoderClassificationConfig": (
        "nemo.collections.asr.modules.conv_classification.ConvASRDecoderClassificationConfig"
    ),
    "nemo.collections.asr.parts.submodules.jasper.MaskedConv1d": (
        "nemo.collections.asr.modules.masked_conv.MaskedConv1d"
    ),
    "nemo.collections.asr.parts.submodules.jasper.SqueezeExcite": (
        "nemo.collections.asr.modules.squeeze_excite.SqueezeExcite"
    ),
    "nemo.collections.asr.parts.submodules.jasper.JasperBlock": "nemo.collections.asr.modules.jasper.JasperBlock",
    "nemo.collections.asr.parts.submodules.jasper.GroupShuffle": "nemo.collections.asr.modules.jasper.GroupShuffle",
    "nemo.collections.asr.parts.submodules.jasper.init_weights": "nemo.collections.asr.modules.jasper.init_weights",
    "nemo.collections.asr.parts.submodules.spectr_augment.SpecAugment": (
        "nemo.collections.asr.modules.spec_augment.SpecAugment"
    ),
    "nemo.collections.asr.parts.submodules.spectr_augment.SpecCutout": (
        "nemo.collections.asr.modules.spec_augment.SpecCutout"
    ),
    "nemo.collections.asr.parts.preprocessing.features.FilterbankFeatures": (
        "nemo.collections.common.audio.mel.FilterbankFeatures"
    ),
    "nemo.collections.asr.parts.features.FilterbankFeatures": "nemo.collections.common.audio.mel.FilterbankFeatures",
    # speech recognition: models, decoding, error rates
    "nemo.collections.asr.models.ctc_models.EncDecCTCModel": "nemo.collections.asr.models.ctc.EncDecCTCModel",
    "nemo.collections.asr.models.ctc_bpe_models.EncDecCTCModelBPE": (
        "nemo.collections.asr.models.ctc_bpe.EncDecCTCModelBPE"
    ),
    "nemo.collections.asr.parts.submodules.ctc_decoding.CTCDecoding": "nemo.collections.asr.decoding.ctc.CTCDecoding",
    "nemo.collections.asr.parts.submodules.ctc_decoding.CTCDecodingConfig": (
        "nemo.collections.asr.decoding.ctc.CTCDecodingConfig"
    ),
    "nemo.collections.asr.parts.submodules.ctc_decoding.CTCBPEDecoding": (
        "nemo.collections.asr.decoding.ctc.CTCBPEDecoding"
    ),
    "nemo.collections.asr.parts.submodules.ctc_decoding.CTCBPEDecodingConfig": (
        "nemo.collections.asr.decoding.ctc.CTCBPEDecodingConfig"
    ),
    "nemo.collections.asr.parts.submodules.CTCDecodingConfig": "nemo.collections.asr.decoding.ctc.CTCDecodingConfig",
    "nemo.collections.asr.parts.submodules.ctc_greedy_decoding.GreedyCTCInferConfig": (
        "nemo.collections.asr.decoding.ctc_greedy.GreedyCTCInferConfig"
    ),
    "nemo.collections.asr.parts.submodules.ctc_beam_decoding.BeamCTCInferConfig": (
        "nemo.collections.asr.decoding.ctc_beam.BeamCTCInferConfig"
    ),
    "nemo.collections.asr.parts.submodules.ctc_beam_decoding.PyCTCDecodeConfig": (
        "nemo.collections.asr.decoding.ctc_beam.PyCTCDecodeConfig"
    ),
    "nemo.collections.asr.parts.submodules.ctc_beam_decoding.FlashlightConfig": (
        "nemo.collections.asr.decoding.ctc_beam.FlashlightConfig"
    ),
    "nemo.collections.asr.parts.utils.asr_confidence_utils.ConfidenceConfig": (
        "nemo.collections.asr.decoding.confidence.ConfidenceConfig"
    ),
    "nemo.collections.asr.parts.utils.asr_confidence_utils.ConfidenceMethodConfig": (
        "nemo.collections.asr.decoding.confidence.ConfidenceMethodConfig"
    ),
    "nemo.collections.asr.parts.utils.rnnt_utils.Hypothesis": "nemo.collections.asr.decoding.hypothesis.Hypothesis",
    "nemo.collections.asr.parts.utils.rnnt_utils.NBestHypotheses": (
        "nemo.collections.asr.decoding.hypothesis.NBestHypotheses"
    ),
    "nemo.collections.asr.models.configs.asr_models_config.EncDecCTCConfig": (
        "nemo.collections.asr.models.ctc_config.EncDecCTCConfig"
    ),
    "nemo.collections.asr.models.configs.asr_models_config.EncDecCTCModelConfig": (
        "nemo.collections.asr.models.ctc_config.EncDecCTCModelConfig"
    ),
    "nemo.collections.asr.models.configs.asr_models_config.ASRDatasetConfig": (
        "nemo.collections.asr.data.loader.AudioToTextDatasetConfig"
    ),
    "nemo.collections.asr.models.configs.asr_models_config.CacheAwareStreamingConfig": (
        "nemo.collections.asr.modules.conformer.streaming_config.CacheAwareStreamingConfig"
    ),
    "nemo.collections.asr.models.configs.quartznet_config.JasperModelConfig": (
        "nemo.collections.asr.models.quartznet_config.JasperModelConfig"
    ),
    "nemo.collections.asr.models.configs.quartznet_config.QuartzNetModelConfig": (
        "nemo.collections.asr.models.quartznet_config.QuartzNetModelConfig"
    ),
    "nemo.collections.asr.models.configs.EncDecCTCConfig": "nemo.collections.asr.models.ctc_config.EncDecCTCConfig",
    "nemo.collections.asr.models.configs.EncDecCTCModelConfig": (
        "nemo.collections.asr.models.ctc_config.EncDecCTCModelConfig"
    ),
    "nemo.collections.asr.models.configs.ASRDatasetConfig": "nemo.collections.asr.data.loader.AudioToTextDatasetConfig",
    "nemo.collections.asr.models.configs.CacheAwareStreamingConfig": (
        "nemo.collections.asr.modules.conformer.streaming_config.CacheAwareStreamingConfig"
    ),
    "nemo.collections.asr.models.configs.JasperModelConfig": (
        "nemo.collections.asr.models.quartznet_config.JasperModelConfig"
    ),
    "nemo.collections.asr.models.configs.QuartzNetModelConfig": (
        "nemo.collections.asr.models.quartznet_config.QuartzNetModelConfig"
    ),
}


def public_path(cls: type) -> str:
    """The path under which the original toolkit knows `cls`; its own path if the original does not know it."""
    own = f"{cls.__module__}.{cls.__qualname__}"
    for original, ours in MOVED_NAMES.items():
        if ours == own:
            return original
    for original, ours in MOVED_MODULES.items():
        if ours == cls.__module__:
            return f"{original}.{cls.__qualname__}"
    return own


def resolve(path: str) -> str:
    """The path of ours that serves `path`; `path` itself when no row moves it. Imports nothing."""
    if path in MOVED_NAMES:
        return MOVED_NAMES[path]
    module, _, name = path.rpartition(".")
    if module in MOVED_MODULES:
        return f"{MOVED_MODULES[module]}.{name}"
    return path


class _AliasModule(ModuleType):
    """A module of the original's layout, empty but for what the table says."""

    def __getattr__(self, name: str) -> Any:
        path = f"{self.__name__}.{name}"
        if path in MOVED_NAMES:
            module, _, attribute = MOVED_NAMES[path].rpartition(".")
            return getattr(importlib.import_module(module), attribute)
        if self.__name__ in MOVED_MODULES:
            home = MOVED_MODULES[self.__name__]
            try:
                return getattr(importlib.import_module(home), name)
            except AttributeError as error:
                raise AttributeError(f"module {self.__name__!r} (here: {home}) has no attribute {name!r}") from error
        if path in _alias_modules():
            return importlib.import_module(path)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}; it offers {', '.join(dir(self))}")

    def __dir__(self) -> list[str]:
        prefix = self.__name__ + "."
        names = {row[len(prefix) :] for row in MOVED_NAMES if row.rpartition(".")[0] == self.__name__}
        names |= {path[len(prefix) :].split(".")[0] for path in _alias_modules() if path.startswith(prefix)}
        if self.__name__ in MOVED_MODULES:
            names |= set(dir(importlib.import_module(MOVED_MODULES[self.__name__])))
        return sorted(name for name in names if not name.startswith("__"))

    @property
    def __all__(self) -> list[str]:
        return [name for name in dir(self) if not name.startswith("_")]


class _AliasFinder:  # not derived from importlib.abc: importing that would cost 25 ms
    """Finds the modules of the original's layout that do not exist here."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not fullname.startswith("nemo.") or fullname not in _alias_modules():
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)  # type: ignore[arg-type]

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _AliasModule(spec.name, f"Alias of the original toolkit's {spec.name}; see nemo.aliases.")

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run: names are looked up on first use."""


_known_modules: set[str] = set()


def _alias_modules() -> set[str]:
    """Every module path that the table implies, parents included."""
    if not _known_modules:
        for module in [*MOVED_MODULES, *(row.rpartition(".")[0] for row in MOVED_NAMES)]:
            parts = module.split(".")
            _known_modules.update(".".join(parts[:count]) for count in range(2, len(parts) + 1))
    return _known_modules


def install_alias_finder() -> None:
    """Puts the finder last on ``sys.meta_path``, once; real modules always win."""
    if not any(isinstance(finder, _AliasFinder) for finder in sys.meta_path):
        sys.meta_path.append(_AliasFinder())
