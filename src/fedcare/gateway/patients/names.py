"""Names as they are searched: without case, accents and punctuation."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

LONGEST = 200  # characters of a folded name that are kept: one letter may fold into eighteen.
MOST_WORDS = 6

# Letters that Unicode does not take apart into a plain one and its accent.
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "\u0131": "i", "þ": "th", "æ": "ae", "œ": "oe"}
)
_JOINED = str.maketrans("", "", "'`.\u2019\u02bc\u00b4")


@lru_cache(maxsize=4096)
def fold(name: str) -> str:
    """The name for comparing: ``Müller-Łuk O'Neil`` becomes ``muller luk oneil``."""
    if name.isascii() and name.isalpha():
        return name.lower()[:LONGEST]
    apart = unicodedata.normalize("NFKD", name.translate(_JOINED).casefold())
    letters = "".join(letter for letter in apart if not unicodedata.combining(letter)).translate(_PLAIN)
    words = "".join(letter if letter.isalnum() else " " for letter in letters).split()
    # A name of signs alone stays findable as it is written.
    return (" ".join(words) or name.casefold().strip())[:LONGEST]


def search_words(text: str) -> Sequence[str]:
    """What is looked for, word by word; more than six words tell no two people apart."""
    return fold(text).split()[:MOST_WORDS]
