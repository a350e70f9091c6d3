"""The API key: cleaned once, where it comes in, and printed by nothing after that."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import NoReturn, final

from wizard.bailian import endpoints
from wizard.errors import UsageError
from wizard.local import redaction
from wizard.local.harmless import copied_along
from wizard.locale import _

SHORTEST, LONGEST = 16, 256

# Full-width ASCII (U+FF01 to U+FF5E) and the ideographic and no-break spaces, as an input method or a web page leaves them.
_FOLDED = {0xFF01 + offset: 0x21 + offset for offset in range(0x5E)} | {0x3000: " ", 0x00A0: " ", 0x202F: " "}
_QUOTES = ("''", '""', "``", "“”", "‘’", "”“", "””", "““", "’‘", "’’", "‘‘", "「」", "『』", "«»")
_BEFORE = re.compile(
    r"""
      (?: export | set | setx ) \s+ (?= \S )                # a shell's or CMD's word before the assignment
    | [$] env: [A-Za-z_]\w* \s* = \s*                       # PowerShell
    | [A-Za-z_]\w*? (?: KEY | TOKEN ) \s* [=:] \s*         # DASHSCOPE_API_KEY=
    | Authorization \s* : \s*
    | Bearer \s+
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_NAMED = re.compile(r"[A-Za-z_]\w*(?:\s*=\s*|\s+(?=\S))", re.ASCII)
_ASSIGNING = re.compile(r"(?:export|setx?)\s", re.IGNORECASE)
_FORBIDDEN = frozenset("$'\"\\#=")


@final
class ApiKey:
    """A key for the platform. ``str`` and ``repr`` give ``sk-…last4``; only ``reveal`` gives the text.

    It can't be changed, pickled or serialised, and has no ``__dict__``; two are equal when their texts are.
    """

    __slots__ = ("__text",)
    __text: str

    def __init__(self, text: str) -> None:
        object.__setattr__(self, "_ApiKey__text", text)

    @classmethod
    def clean(cls, text: str) -> ApiKey:
        """The key in what a person pasted: a whole ``export NAME=...`` line, quotes, spaces, full-width letters.

        Raises UsageError, which never holds any of ``text``, for what can't be a key, and for ``sk-sp-`` keys
        (Coding Plan and Token Plan: get-api-key, 2026-05-25), which can't fine-tune.
        """
        cleaned = _unwrapped(text)
        redaction.hide(text)
        redaction.hide(cleaned)
        problem = _problem(cleaned)
        if problem:
            raise UsageError(
                problem,
                _("Copy the key again from the console ({url}) and paste it alone.").format(
                    url=endpoints.console_keys()
                ),
            )
        if cleaned.lower().startswith("sk-sp-"):
            raise UsageError(
                _("This is a Coding Plan or Token Plan key (sk-sp-...): it can't fine-tune models."),
                _("Create an ordinary key in the console: {url}").format(url=endpoints.console_keys()),
            )
        return cls(cleaned)

    def reveal(self) -> str:
        """The key itself: for the request's header and for saving it where the user asked, nothing else."""
        return self.__text

    @property
    def masked(self) -> str:
        """``sk-…`` and the last four characters (``…`` and four where the key begins otherwise)."""
        return redaction.masked(self.__text)

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that tell two keys apart and don't give either away; safe to store."""
        return hashlib.blake2b(self.__text.encode(), digest_size=32, person=b"wizard-api-key").hexdigest()[
            :12
        ]

    def __repr__(self) -> str:
        return f"ApiKey({self.masked})"

    def __str__(self) -> str:
        return self.masked

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ApiKey):
            return NotImplemented
        return hmac.compare_digest(self.__text.encode(), other.__text.encode())

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("an ApiKey can't be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("an ApiKey can't be changed")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("an ApiKey can't be pickled or copied out")

    def __copy__(self) -> ApiKey:
        return self

    def __deepcopy__(self, memo: object) -> ApiKey:
        return self


def _unwrapped(text: str) -> str:
    """``text`` without everything that people paste around a key."""
    text = text.translate(_FOLDED).translate(copied_along())
    while True:
        before = text
        text = text.strip()
        if len(text) > 1 and text[0] + text[-1] in _QUOTES:
            text = text[1:-1]
        elif match := _BEFORE.match(text):
            text = text[match.end() :]
            if _ASSIGNING.match(match.group()) and (named := _NAMED.match(text)):
                text = text[named.end() :]
            text = text.rstrip().removesuffix(";")
        if text == before:
            return text


def _problem(text: str) -> str | None:
    """Why ``text`` can't be a key, without a word of it."""
    if not text:
        return _("There is no key in what was given.")
    if any(character.isspace() for character in text):
        return _("There is a space or a line break inside the key: more than the key was copied.")
    if foreign := next((c for c in text if not "\x21" <= c <= "\x7e"), None):
        return _("The key holds a character that no key can have (U+{code}).").format(
            code=f"{ord(foreign):04X}"
        )
    if any(character in _FORBIDDEN for character in text):
        return _("The key holds a quote, backslash, dollar, number or equals sign, which no key can have.")
    if not SHORTEST <= len(text) <= LONGEST:
        return _("A key has {shortest} to {longest} characters; this has {length}.").format(
            shortest=SHORTEST, longest=LONGEST, length=len(text)
        )
    return None
