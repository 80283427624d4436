"""Class names of all releases: each leads to a class of ours, or to an error that says what to use instead."""

import copy

import pytest
import torch
from omegaconf import OmegaConf

from nemo.collections.tts.models import FastPitchModel, HifiGanModel, Tacotron2Model, WaveGlowModel
from nemo.core.classes.serialization import Serialization, locate
from nemo.utils.exceptions import AbsentNameError, ConfigError
from tests.collections.tts.models.test_fastpitch import CONFIG as FASTPITCH
from tests.collections.tts.models.test_hifigan import CONFIG as HIFIGAN
from tests.collections.tts.models.test_tacotron2 import CONFIG as TACOTRON2

TOKENIZERS = (
    "EnglishPhonemesTokenizer EnglishCharsTokenizer IPATokenizer GermanPhonemesTokenizer GermanCharsTokenizer "
    "SpanishCharsTokenizer ChinesePhonemesTokenizer"
)
CURRENT = {
    "nemo.collections.tts.modules": "fastpitch.TemporalPredictor transformer.FFTransformerEncoder "
    "transformer.FFTransformerDecoder aligner.AlignmentEncoder hifigan_modules.Generator univnet_modules.Generator "
    "tacotron2.Encoder tacotron2.Decoder tacotron2.Postnet waveglow.WaveGlowModule vits_modules.SynthesizerTrn "
    "mixer_tts.MixerTTSModule mixer_tts.SelfAttentionModule spectrogram_enhancer.Generator "
    "spectrogram_enhancer.Discriminator submodules.SpeakerLookupTable submodules.SpeakerEncoder "
    "submodules.ReferenceEncoder submodules.GlobalStyleToken encodec_modules.ResidualVectorQuantizer "
    "encodec_modules.MultiResolutionDiscriminatorSTFT audio_codec_modules.HiFiGANEncoder "
    "audio_codec_modules.HiFiGANDecoder audio_codec_modules.GroupFiniteScalarQuantizer "
    "audio_codec_modules.Discriminator",
    "nemo.collections.tts.data": "dataset.TTSDataset dataset.VocoderDataset dataset.MixerTTSXDataset "
    "dataset.PairedRealFakeSpectrogramsDataset "
    "text_to_speech_dataset.TextToSpeechDataset vocoder_dataset.VocoderDataset",
    "nemo.collections.tts.g2p": "models.en_us_arpabet.EnglishG2p models.i18n_ipa.IpaG2p models.zh_cn_pinyin.ChineseG2p "
    "modules.EnglishG2p modules.IPAG2P data.ctc.CTCG2PBPEDataset data.t5.T5G2PDataset "
    "data.heteronym_classification.HeteronymClassificationDataset",
    "nemo.collections.common.tokenizers.text_to_speech.tts_tokenizers": TOKENIZERS,
    "nemo.collections.tts.parts.preprocessing": "features.MelSpectrogramFeaturizer features.PitchFeaturizer "
    "features.EnergyFeaturizer feature_processors.MeanVarianceSpeakerNormalization audio_trimming.EnergyAudioTrimmer "
    "audio_trimming.VadAudioTrimmer",
}
LEGACY = {
    "nemo.collections.tts.torch": "data.TTSDataset data.VocoderDataset data.MixerTTSXDataset "
    "g2ps.EnglishG2p g2ps.IPAG2P",
    "nemo.collections.tts.torch.tts_tokenizers": TOKENIZERS,
    "nemo.collections.tts.data.datalayers": "AudioDataset MelAudioDataset FastSpeech2Dataset",
    "nemo_text_processing.g2p.modules": "EnglishG2p IPAG2P ChineseG2p",
    "nemo.collections.asr": "parts.features.FilterbankFeatures parts.preprocessing.features.FilterbankFeatures "
    "modules.AudioToMelSpectrogramPreprocessor",
}
DROPPED = {
    "nemo.collections.tts.modules": "glow_tts.GlowTTSModule fastspeech2.Encoder melgan_modules.MelGANGenerator "
    "squeezewave.SqueezeWaveModule degli.DegliModule ed_mel2spec.EDMel2SpecModule",
    "nemo.collections.tts.models": "glow_tts.GlowTTSModel fastspeech2.FastSpeech2Model talknet.TalkNetSpectModel "
    "melgan.MelGanModel squeezewave.SqueezeWaveModel uniglow.UniGlowModel",
    "nemo.collections.tts.data.datalayers": "NoisySpecsDataset",
    "nemo.collections.asr.data.audio_to_text": "AudioToCharWithDursF0Dataset AudioToCharWithPriorAndPitchDataset "
    "FastPitchDataset",
}
ABSENT = {
    "nemo.collections.tts.modules": "radtts.RadTTSModule",
    "nemo.collections.tts.data.dataset": "FastPitchSSLDataset",
    "nemo.collections.tts.torch.data": "FastPitchSSLDataset",
}


def names(table):
    return [f"{module}.{name}" for module, rest in table.items() for name in rest.split()]


@pytest.mark.parametrize("path", [*names(CURRENT), *names(LEGACY)])
def test_a_name_leads_to_a_class_of_ours(path):
    found = locate(path)
    assert isinstance(found, type) and found.__module__.startswith("nemo.collections.")


@pytest.mark.parametrize("path", names(DROPPED))
def test_what_the_original_dropped_says_when_and_what_is_instead(path):
    with pytest.raises(AbsentNameError, match=r"The original dropped it.* after release 1\.7\. .*(Model|Dataset)"):
        locate(path)


@pytest.mark.parametrize("path", names(ABSENT))
def test_what_is_not_here_says_what_is_instead(path):
    with pytest.raises(AbsentNameError, match=r"is not in this release\. For .* there is (FastPitchModel|TTSDataset)"):
        locate(path)


def test_a_config_of_a_dropped_class_is_refused_with_these_words():
    with pytest.raises(ConfigError, match=r"glow_tts.*dropped it after release 1\.7.*FastPitchModel"):
        Serialization.from_config_dict({"_target_": "nemo.collections.tts.modules.glow_tts.GlowTTSModule", "a": 1})


@pytest.mark.parametrize("path", [*names({"nemo.collections.tts.torch.data": "TTSDataset"}), *names(DROPPED)[-3:]])
def test_archives_with_any_of_the_old_datasets_speak(path, tmp_path):
    model = FastPitchModel(copy.deepcopy(FASTPITCH)).eval()
    model.cfg.train_ds = OmegaConf.create({"dataset": {"_target_": path, "manifest_filepath": "old.json", "vocab": {}}})
    model.save_to(str(tmp_path / "old.nemo"))
    restored = FastPitchModel.restore_from(str(tmp_path / "old.nemo")).eval()
    tokens = restored.parse("abc")
    assert torch.equal(restored.generate_spectrogram(tokens), model.generate_spectrogram(tokens))


@pytest.mark.parametrize("name", ["AudioDataset", "MelAudioDataset", "NoisySpecsDataset"])
def test_archives_of_vocoders_with_old_data_layers_restore(name, tmp_path):
    model = HifiGanModel(copy.deepcopy(HIFIGAN)).eval()
    model.cfg.train_ds = OmegaConf.create({"dataset": {"_target_": f"nemo.collections.tts.data.datalayers.{name}"}})
    model.save_to(str(tmp_path / "old.nemo"))
    restored = HifiGanModel.restore_from(str(tmp_path / "old.nemo")).eval()
    mel = torch.randn(1, 16, 5)
    assert torch.equal(restored.convert_spectrogram_to_audio(mel), model.convert_spectrogram_to_audio(mel))
    if name == "NoisySpecsDataset":
        with pytest.raises((AbsentNameError, ConfigError), match=r"dropped it.* after release 1\.7"):
            restored.setup_training_data(restored.cfg.train_ds)


def test_tacotron_models_with_labels_and_no_tokenizer_speak(tmp_path):
    config = {**copy.deepcopy(TACOTRON2), "labels": [" ", *"abcdefghijklmnopqrstuvwxyz!'"]}
    del config["text_tokenizer"]
    model = Tacotron2Model(config).eval()
    assert model.text_embedding.weight.shape[0] == len(config["labels"]) + 3
    assert model.parse("Ab!").tolist() == [[29, 1, 2, 27, 30]]
    model.save_to(str(tmp_path / "old.nemo"))
    assert Tacotron2Model.restore_from(str(tmp_path / "old.nemo")).parse("2 c").tolist() == [[29, 20, 23, 15, 0, 3, 30]]
    with pytest.raises(ConfigError, match="nothing that can be spoken"):
        model.parse("日")
    with pytest.raises(ConfigError, match="model.text_tokenizer is missing"):
        Tacotron2Model({key: value for key, value in config.items() if key != "labels"})


def test_models_of_the_catalogue_name_their_classes_by_the_originals_paths():
    for cls, module in ((FastPitchModel, "fastpitch"), (HifiGanModel, "hifigan"), (WaveGlowModel, "waveglow")):
        assert locate(f"nemo.collections.tts.models.{module}.{cls.__name__}") is cls
