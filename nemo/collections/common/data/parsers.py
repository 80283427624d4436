"""Text -> ids of characters, for models whose tokens are letters."""

from __future__ import annotations

import logging
import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence

from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

_TITLES = {
    "mr": "mister",
    "mrs": "missus",
    "dr": "doctor",
    "prof": "professor",
    "st": "saint",
    "jr": "junior",
    "sr": "senior",
    "capt": "captain",
    "gen": "general",
    "col": "colonel",
    "lt": "lieutenant",
    "sgt": "sergeant",
    "gov": "governor",
    "sen": "senator",
    "rep": "representative",
    "rev": "reverend",
    "hon": "honorable",
    "mt": "mount",
    "ft": "fort",
    "co": "company",
    "inc": "incorporated",
    "ltd": "limited",
}
_TITLE = re.compile(rf"\b({'|'.join(_TITLES)})\.", re.IGNORECASE)
_ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_ONES += ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_TENS = ["zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_POWERS = (10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (10**3, "thousand"), (100, "hundred")
_LARGEST_SPOKEN_NUMBER = 10**15


class CharParser:
    """Maps text to the ids of its characters.

    Text is stripped, normalised to lower case, and split into characters. What is not a label becomes `unk_id`, or is
    left out where `unk_id` is -1; each character not met before is reported once, with a warning.

    Args:
        labels: the model's characters; the id of each is its position.
        unk_id: id of an unknown character; -1 leaves them out.
        blank_id: id that never stands for a character, dropped from what is parsed; -1 for none.
        do_normalize: strip and lower-case.
        do_lowercase: lower-case while normalising.
        raise_on_unknown: make a character that is not a label an error instead.
    """

    def __init__(
        self,
        labels: Sequence[str],
        *,
        unk_id: int = -1,
        blank_id: int = -1,
        do_normalize: bool = True,
        do_lowercase: bool = True,
        raise_on_unknown: bool = False,
    ) -> None:
        self._labels = list(labels)
        self._ids = {label: index for index, label in enumerate(self._labels)}
        self._unk_id = unk_id
        self._blank_id = blank_id
        self._do_normalize = do_normalize
        self._do_lowercase = do_lowercase
        self._raise_on_unknown = raise_on_unknown
        words = "|".join(re.escape(label) for label in self._labels if len(label) > 1)
        # labels of several letters ("<noise>") count only where they stand as a word
        self._pieces = re.compile(rf"(?<!\S)(?:{words})(?!\S)|.", re.DOTALL) if words else None
        self._reported: set[str] = set()

    def __call__(self, text: str) -> list[int] | None:
        """The ids of `text`; None where it cannot be normalised.

        Raises:
            ConfigError: a character is not a label, and `raise_on_unknown` is set.
        """
        if self._do_normalize:
            normal = self._normalize(text)
            if normal is None:
                return None
            text = normal
        return self._tokenize(text)

    def _normalize(self, text: str) -> str | None:
        text = text.strip()
        return text.lower() if self._do_lowercase else text

    def _tokenize(self, text: str) -> list[int]:
        pieces: Sequence[str] = self._pieces.findall(text) if self._pieces else text
        unknown = Counter(piece for piece in pieces if piece not in self._ids)
        joins_words = unknown.pop(" ", 0)  # a model without a space label joins words on purpose
        if unknown:
            self._report(unknown, text)
        if unknown or joins_words:
            known_or_unk = (self._ids.get(piece, -1 if piece == " " else self._unk_id) for piece in pieces)
            return [index for index in known_or_unk if index not in (-1, self._blank_id)]
        return [index for piece in pieces if (index := self._ids[piece]) != self._blank_id]

    def _report(self, unknown: Counter[str], text: str) -> None:
        if self._raise_on_unknown:
            raise ConfigError(
                f"{sum(unknown.values())} characters of {text[:80]!r} are not among the {len(self._labels)} labels: "
                f"{_named(unknown)}. Add them to `labels`, clean the text, or set raise_on_unknown_characters to false "
                "to leave them out."
            )
        new = [character for character in unknown if character not in self._reported]
        if new:
            self._reported.update(new)
            logger.warning(
                "%d characters of %r are not among the %d labels and are %s: %s. Further texts with them are not "
                "reported. Add them to `labels`, or clean the text.",
                sum(unknown[character] for character in new),
                text[:80],
                len(self._labels),
                "left out" if self._unk_id == -1 else f"read as label {self._unk_id}",
                _named(Counter({character: unknown[character] for character in new})),
            )


class ENCharParser(CharParser):
    """Maps English text: accents are removed, abbreviations and numbers are spelt out, other punctuation is dropped.

    Args:
        labels: the model's characters; the id of each is its position.
        unk_id: id of an unknown character; -1 leaves them out.
        blank_id: id that never stands for a character, dropped from what is parsed; -1 for none.
        do_normalize: whether to do all this.
        do_lowercase: lower-case while normalising.
        raise_on_unknown: make a character that is not a label an error instead.
    """

    def __init__(
        self,
        labels: Sequence[str],
        *,
        unk_id: int = -1,
        blank_id: int = -1,
        do_normalize: bool = True,
        do_lowercase: bool = True,
        raise_on_unknown: bool = False,
    ) -> None:
        super().__init__(
            labels,
            unk_id=unk_id,
            blank_id=blank_id,
            do_normalize=do_normalize,
            do_lowercase=do_lowercase,
            raise_on_unknown=raise_on_unknown,
        )
        dropped = [mark for mark in string.punctuation if mark not in self._ids]
        words = {"+": " plus ", "&": " and ", "%": " percent ", "@": " at "}
        self._punctuation = str.maketrans({mark: words.get(mark, " ") for mark in dropped})

    def _normalize(self, text: str) -> str | None:
        text = unicodedata.normalize("NFKD", text)
        text = "".join(character for character in text if not unicodedata.combining(character))
        if self._do_lowercase:
            text = text.lower()
        text = _TITLE.sub(lambda match: _TITLES[match[1].lower()], text)
        if not any(digit in self._ids for digit in string.digits):
            text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
            text = re.sub(r"\d+", lambda match: f" {spoken_number(match[0])} ", text)
        text = text.translate(self._punctuation)
        return re.sub(r"\s+", " ", text).strip()


PARSERS: dict[str, type[CharParser]] = {"base": CharParser, "en": ENCharParser}


def make_parser(
    labels: Sequence[str] | None = None,
    name: str = "base",
    unk_id: int = -1,
    blank_id: int = -1,
    do_normalize: bool = True,
    do_lowercase: bool = True,
    raise_on_unknown: bool = False,
) -> CharParser:
    """Builds the parser called `name`: ``base`` or ``en``.

    Args:
        labels: the model's characters; None for printable ASCII.
        name: kind of parser.
        unk_id: id of an unknown character; -1 leaves them out.
        blank_id: id that never stands for a character.
        do_normalize: clean the text first.
        do_lowercase: lower-case while cleaning.
        raise_on_unknown: make a character that is not a label an error.

    Raises:
        ConfigError: there is no parser of that name.
    """
    if name not in PARSERS:
        raise ConfigError(
            f"There is no text parser {name!r}. Expected one of {', '.join(PARSERS)}; set `parser` to one."
        )
    return PARSERS[name](
        list(string.printable) if labels is None else labels,
        unk_id=unk_id,
        blank_id=blank_id,
        do_normalize=do_normalize,
        do_lowercase=do_lowercase,
        raise_on_unknown=raise_on_unknown,
    )


def spoken_number(digits: str) -> str:
    """How a whole number is said in English; digit by digit where it begins with 0 or is very large."""
    value = int(digits) if len(digits) < 20 else _LARGEST_SPOKEN_NUMBER
    if (len(digits) > 1 and digits[0] == "0") or value >= _LARGEST_SPOKEN_NUMBER:
        return " ".join(_ONES[int(digit)] for digit in digits)
    return _cardinal(value)


def _cardinal(value: int) -> str:
    if value < 20:
        return _ONES[value]
    if value < 100:
        return _TENS[value // 10] + (f" {_ONES[value % 10]}" if value % 10 else "")
    power, name = next((power, name) for power, name in _POWERS if value >= power)
    rest = f" {_cardinal(value % power)}" if value % power else ""
    return f"{_cardinal(value // power)} {name}{rest}"


def _named(unknown: Counter[str]) -> str:
    return ", ".join(f"{character!r} (U+{ord(character):04X}, {count} times)" for character, count in unknown.items())
