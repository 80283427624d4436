"""The network parts that configs of speech models name."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "nemo.collections.common.audio.audio_preprocessor": ["AudioPreprocessor"],
        "nemo.collections.common.audio.mel_preprocessor": ["AudioToMelSpectrogramPreprocessor"],
        "conformer_encoder": ["ConformerEncoder", "ConformerEncoderAdapter"],
        "conv_classification": ["ConvASRDecoderClassification"],
        "conv_decoder": ["ConvASRDecoder"],
        "conv_encoder": ["ConvASREncoder", "ConvASREncoderAdapter"],
        "conv_reconstruction": ["ConvASRDecoderReconstruction"],
        "crop_or_pad": ["CropOrPadSpectrogramAugmentation"],
        "ecapa_encoder": ["ECAPAEncoder"],
        "lstm_decoder": ["LSTMDecoder"],
        "masked_patch": ["MaskedPatchAugmentation"],
        "mfcc_preprocessor": ["AudioToMFCCPreprocessor"],
        "parallel_conv_encoder": ["ParallelConvASREncoder"],
        "rnn_encoder": ["RNNEncoder"],
        "rnnt_decoder": ["RNNTDecoder", "StatelessTransducerDecoder"],
        "hat_joint": ["HATJoint"],
        "rnnt_joint": ["RNNTJoint"],
        "sampled_joint": ["SampledRNNTJoint"],
        "speaker_decoder": ["SpeakerDecoder"],
        "spectrogram_augmentation": ["SpectrogramAugmentation"],
        "squeezeformer_encoder": ["SqueezeformerEncoder", "SqueezeformerEncoderAdapter"],
    },
)
