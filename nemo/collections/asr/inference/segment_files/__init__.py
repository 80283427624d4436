"""Files of segments: SRT, WebVTT, ASS, CTM, TextGrid, RTTM, JSON lines, plain text. One file a format."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {"by_format": ["FORMATS", "Recording", "SegmentFormat", "read_segments", "write_segments"]},
    submodules=["ass", "by_format", "ctm", "json_lines", "rttm", "srt", "textgrid", "vtt"],
)
