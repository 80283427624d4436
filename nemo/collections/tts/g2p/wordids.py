"""Tables of heteronyms: which words there are, the ids of their readings, and how each reading is spoken."""

from __future__ import annotations

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.tts.g2p.dictionaries import PathLike, lines_of

_TABLE = "a table of heteronyms, homograph<TAB>wordid, with a header"
_EXAMPLE = "read<TAB>read_present"


def read_wordids(path: PathLike) -> tuple[dict[str, list[str]], dict[str, int]]:
    """The heteronyms of a table, in UTF-8: `homograph`, `wordid` and further columns, with tabs between and a header.

    Returns:
        Word in small letters -> the ids of its readings, and id -> its number, in the order of the table.

    Raises:
        TextFileError: the file is missing, a line lacks an id, an id comes twice, or there are fewer than two.
    """
    heteronyms: dict[str, list[str]] = {}
    numbers: dict[str, int] = {}
    header = True
    for place, line in lines_of(path, "utf-8", _TABLE):
        word, wordid = (*(part.strip() for part in line.split("\t")), "", "")[:2]
        if header and wordid == "wordid":
            header = False
            continue
        header = False
        if not word or not wordid:
            raise TextFileError(f"{place} is {line!r}: no word id. Expected {_EXAMPLE}; mend the line.")
        if wordid in numbers:
            raise TextFileError(
                f"{place} has the id {wordid!r} for the second time. Each reading needs its own; mend it."
            )
        numbers[wordid] = len(numbers)
        heteronyms.setdefault(word.lower(), []).append(wordid)
    if len(numbers) < 2:
        raise TextFileError(f"{path} has {len(numbers)} word ids. Expected {_TABLE}; check the path.")
    return heteronyms, numbers


def read_wordid_phonemes(path: PathLike) -> dict[str, str]:
    """How each reading is spoken: an id, then its phonemes, on each line; a header `word_id ...` does not count.

    Raises:
        TextFileError: the file is missing or has no entry, or a line has no phonemes.
    """
    found: dict[str, str] = {}
    for place, line in lines_of(path, "utf-8", "a file with a word id and its phonemes on each line"):
        wordid, _, phonemes = line.replace("\t", " ").partition(" ")
        if wordid in ("word_id", "wordid"):
            continue
        if not phonemes.strip():
            raise TextFileError(
                f"{place} is {line!r}: no phonemes. Expected a line such as 'read_past  ɹˈɛd'; mend it."
            )
        found[wordid] = phonemes.strip()
    if not found:
        raise TextFileError(f"{path} has no entries. Expected lines such as 'read_past  ɹˈɛd'; check the path.")
    return found
