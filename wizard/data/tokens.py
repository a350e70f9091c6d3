"""Token counts with Qwen's own vocabulary, and what the lengths of rows mean."""

from __future__ import annotations

import base64
import importlib.util
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.data.record import Message
from wizard.errors import WizardError
from wizard.locale import _

if TYPE_CHECKING:
    import tiktoken

# How Qwen cuts a text before its vocabulary is applied, and its special tokens: dashscope/tokenizers/qwen_tokenizer.py
# of dashscope 2.0.2, the same as in Qwen2.5's and Qwen3's tokenizer.json.
_PATTERN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_FIRST_SPECIAL = 151_643
_SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", *(f"<|extra_{number}|>" for number in range(205)))
_AROUND = 3  # <|im_start|>, <|im_end|> and the line end behind it
# tiktoken's regular expressions recurse, and overflow the stack on a very long text without a break.
_CHUNK = 100_000
_THREADS = 2
_COVERED = re.compile(r"qwen-?(2|2\.5|3)(?![.\d])", re.IGNORECASE)


class VocabularyMissing(WizardError):
    """The vocabulary that dashscope ships isn't where it should be; tokens can't be counted."""

    code = "vocabulary-missing"


class Tokenizer:
    """Counts tokens as Qwen 2, 2.5 and 3 do (see ``covers``); later models share the method, not the vocabulary."""

    __slots__ = ("_encoding",)

    def __init__(self, encoding: tiktoken.Encoding) -> None:
        self._encoding = encoding

    @classmethod
    def load(cls) -> Tokenizer:
        """The tokenizer over ``resources/qwen.tiktoken`` in dashscope's package, which is found and not imported.

        Takes about 0.3 s; touches no network and no cache. Raises VocabularyMissing.
        """
        import tiktoken

        spec = importlib.util.find_spec("dashscope")
        folders = spec.submodule_search_locations if spec is not None else None
        try:
            data = Path((folders or [""])[0], "resources", "qwen.tiktoken").read_bytes()
        except OSError as error:
            raise VocabularyMissing(
                _("dashscope's vocabulary file for Qwen is missing, so tokens can't be counted."),
                _("Install dashscope again: pip install --force-reinstall dashscope"),
            ) from error
        ranks = {
            base64.b64decode(token): int(rank)
            for token, rank in (entry.split() for entry in data.splitlines() if entry)
        }
        special = {token: number for number, token in enumerate(_SPECIAL, _FIRST_SPECIAL)}
        return cls(
            tiktoken.Encoding(
                "Qwen",
                pat_str=_PATTERN,
                mergeable_ranks=ranks,
                special_tokens=special,
                explicit_n_vocab=len(ranks) + len(special),
            )
        )

    @staticmethod
    def covers(model: str) -> bool:
        """Whether ``model`` uses this vocabulary: Qwen 2, 2.5 and 3 do, 3.5 and later don't.

        Where it doesn't (or the name doesn't tell) a count is an approximation, and must be called one.
        """
        return _COVERED.match(model) is not None

    def count(self, text: str) -> int:
        """The tokens of ``text``; special tokens written out in it count as one each."""
        return sum(len(self._encoding.encode(part, allowed_special="all")) for part in _parts(text))

    def count_chat(self, messages: Iterable[Message]) -> int:
        r"""The tokens of a chat in Qwen's template: ``<|im_start|>role\ncontent<|im_end|>\n`` for each message."""
        return sum(self.count(f"{message.role}\n{message.content}") + _AROUND for message in messages)

    def count_chats(self, chats: Sequence[Sequence[Message]]) -> list[int]:
        """``count_chat`` of each, on both cores."""
        texts: dict[str, int] = {}
        for chat in chats:
            for message in chat:
                text = f"{message.role}\n{message.content}"
                texts[text] = 0
        plain = [text for text in texts if len(text) <= _CHUNK and "<|" not in text]
        encoded = self._encoding.encode_ordinary_batch(
            [unicodedata.normalize("NFC", text) for text in plain], num_threads=_THREADS
        )
        known = {text: self.count(text) for text in texts if len(text) > _CHUNK or "<|" in text}
        known.update(zip(plain, map(len, encoded), strict=True))
        return [sum([known[f"{turn.role}\n{turn.content}"] + _AROUND for turn in chat]) for chat in chats]


@dataclass(frozen=True, slots=True)
class Lengths:
    """How many tokens the rows of a file have: (tokens of a row, how many such rows), by length."""

    counts: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, counts: Iterable[int]) -> Lengths:
        """From each row's length."""
        return cls(tuple(sorted(Counter(counts).items())))

    @property
    def rows(self) -> int:
        """How many rows."""
        return sum(rows for _length, rows in self.counts)

    @property
    def total(self) -> int:
        """The tokens of all rows together."""
        return sum(length * rows for length, rows in self.counts)

    @property
    def longest(self) -> int:
        """The tokens of the longest row; 0 where there is none."""
        return self.counts[-1][0] if self.counts else 0

    def above(self, max_length: int) -> int:
        """How many rows are longer than ``max_length`` tokens: the platform drops them without a word."""
        return sum(rows for length, rows in self.counts if length > max_length)

    def fitting(self, max_length: int) -> int:
        """The tokens of the rows of at most ``max_length`` tokens, which are those that are trained and paid for."""
        return sum(length * rows for length, rows in self.counts if length <= max_length)

    def quantile(self, share: float) -> int:
        """The shortest length that at least ``share`` (0 to 1) of the rows don't exceed; 0 where there is none."""
        wanted, seen = share * self.rows, 0
        for length, rows in self.counts:
            seen += rows
            if seen >= wanted:
                return length
        return self.longest

    def merged(self, other: Lengths) -> Lengths:
        """The lengths of both."""
        counts = Counter(dict(self.counts))
        counts.update(dict(other.counts))
        return Lengths(tuple(sorted(counts.items())))


def _parts(text: str) -> list[str]:
    text = unicodedata.normalize("NFC", text)
    return [text[at : at + _CHUNK] for at in range(0, len(text), _CHUNK)]
