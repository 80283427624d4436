"""Speech recognition models: what is trained, saved and restored."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "asr_model": ["ASRModel"],
        "classification": ["EncDecClassificationModel"],
        "ctc": ["EncDecCTCModel"],
        "ctc_bpe": ["EncDecCTCModelBPE"],
        "frame_classification": ["EncDecFrameClassificationModel"],
        "multitask": ["EncDecMultiTaskModel"],
        "hybrid_rnnt_ctc": ["EncDecHybridRNNTCTCModel"],
        "hybrid_rnnt_ctc_bpe": ["EncDecHybridRNNTCTCBPEModel"],
        "regression": ["EncDecRegressionModel"],
        "rnnt": ["EncDecRNNTModel"],
        "rnnt_bpe": ["EncDecRNNTBPEModel"],
        "speaker_label": ["EncDecSpeakerLabelModel"],
        "transf_bpe": ["EncDecTransfModelBPE"],
    },
    submodules=[
        "asr_model",
        "catalogue",
        "classification",
        "configs",  # of the original's layout, served by nemo.aliases
        "ctc",
        "ctc_bpe",
        "ctc_config",
        "frame_classification",
        "hybrid_rnnt_ctc",
        "hybrid_rnnt_ctc_bpe",
        "multitask",
        "quartznet_config",
        "regression",
        "rnnt",
        "rnnt_bpe",
        "speaker_label",
        "transf_bpe",
    ],
    absent={
        "AudioToAudioModel": "Enhancement of audio is not in this release.",
        "ClusteringDiarizer": "Diarization is not in this release; nemo.collections.asr.inference finds speech.",
        "EncDecDiarLabelModel": "Diarization is not in this release; nemo.collections.asr.inference finds speech.",
        "EncDecK2RnntSeqModelBPE": "Losses of k2 are not in this release; EncDecRNNTBPEModel has its own exact ones.",
        "EncDecK2SeqModel": "Losses of k2 are not in this release; EncDecCTCModel trains with CTC.",
        "EncDecK2SeqModelBPE": "Losses of k2 are not in this release; EncDecCTCModelBPE trains with CTC.",
        "EncMaskDecAudioToAudioModel": "Enhancement of audio is not in this release.",
        "NeuralDiarizer": "Diarization is not in this release; nemo.collections.asr.inference finds speech.",
        "SLUIntentSlotBPEModel": "For intents of texts there is IntentSlotClassificationModel of nlp.",
        "SpeechEncDecSelfSupervisedModel": "Training without texts is not in this release; begin with a trained model.",
        "ASRWithTTSModel": "Training on texts alone is not in this release.",
    },
)
