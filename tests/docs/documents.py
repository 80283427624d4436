"""The documents, and the fenced blocks in them."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block of a document."""

    document: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document.relative_to(ROOT).as_posix()}:{self.line}"


def blocks(*languages: str) -> list[Block]:
    """Every block in one of the languages, of every document."""
    found = []
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for match in FENCE.finditer(text):
            if match.group(1) in languages:
                line = text.count("\n", 0, match.start()) + 1
                found.append(Block(document, line, match.group(1), match.group(2)))
    return found


def commands(block: Block) -> list[list[str]]:
    """The commands of a shell block, split into words; lines ended by a backslash are joined, comments dropped."""
    joined = block.text.replace("\\\n", " ")
    words = [shlex.split(part, comments=True) for line in joined.splitlines() for part in line.split("&&")]
    return [command for command in words if command]
