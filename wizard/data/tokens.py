"""Token counts with Qwen's own vocabulary, and what the lengths of rows mean."""

from __future__ import annotations

import base64
import importlib.util
import math
import random
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from wizard.data.record import Message
from wizard.errors import WizardError
from wizard.interrupts import held
from wizard.locale import _

if TYPE_CHECKING:
    import tiktoken

# How Qwen cuts a text before its vocabulary is applied, and its special tokens: dashscope/tokenizers/qwen_tokenizer.py
# of dashscope 2.0.2, the same as in Qwen2.5's and Qwen3's tokenizer.json.
_PATTERN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_FIRST_SPECIAL = 151_643
_SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", *(f"<|extra_{number}|>" for number in range(205)))
AROUND = 3  # <|im_start|>, <|im_end|> and the line end behind it
# tiktoken's regular expressions recurse, and overflow the stack on a very long text without a break.
_CHUNK = 100_000
_THREADS = 2
_AT_ONCE = 50  # texts
_COVERED = re.compile(r"qwen-?(2|2\.5|3)(?![.\d])", re.IGNORECASE)


EXACT = 24_000_000
SAMPLE = 5_000
CHECKED = 2_000


def sample_for(size: int, *, ratio: bool = False) -> int | None:
    """In how many rows of a file of ``size`` bytes tokens are counted; None: in every one.

    Up to EXACT bytes (any MedQA set; some seconds) each row counts, beyond SAMPLE rows drawn at random stand for all, and what is
    shown says so; where lengths spread by half their mean, they give it to 1.4 %. For the ``ratio`` of tokens to characters, as a
    check estimates it, CHECKED rows give far more.
    """
    if size <= EXACT:
        return None
    return CHECKED if ratio else SAMPLE


class VocabularyMissing(WizardError):
    """The vocabulary that dashscope ships isn't where it should be; tokens can't be counted."""


class _Line(msgspec.Struct, gc=False):
    messages: list[Message] = []
    chosen: Message | None = None
    rejected: Message | None = None
    text: str | None = None


_decode_line = msgspec.json.Decoder(_Line).decode


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
        return sum(self.count(f"{message.role}\n{message.content}") + AROUND for message in messages)

    def count_lines(self, lines: Sequence[bytes]) -> list[int]:
        """The tokens of each line of a file in Bailian's own form, on both cores: what is counted is what is sent.

        Of a preference the messages with the chosen answer and the messages with the rejected one count, of a plain
        text the text.
        """
        chats: list[Sequence[Message]] = []
        owners: list[int] = []
        plain = [0] * len(lines)
        for place, line in enumerate(lines):
            row = _decode_line(line)
            if row.text is not None:
                plain[place] = self.count(row.text)
            for last in (row.chosen, row.rejected) if row.chosen and row.rejected else (None,):
                chats.append([*row.messages, last] if last else row.messages)
                owners.append(place)
        for place, tokens in zip(owners, self.count_chats(chats), strict=True):
            plain[place] += tokens
        return plain

    def count_chats(self, chats: Sequence[Sequence[Message]]) -> list[int]:
        """``count_chat`` of each, on both cores."""
        texts: dict[str, int] = {}
        for chat in chats:
            for message in chat:
                text = f"{message.role}\n{message.content}"
                texts[text] = 0
        plain = [text for text in texts if len(text) <= _CHUNK and "<|" not in text]
        # tiktoken's own batches are one future a text, which costs as much as counting it.
        with held(), ThreadPoolExecutor(_THREADS) as threads:
            parts = [plain[start : start + _AT_ONCE] for start in range(0, len(plain), _AT_ONCE)]
            counted = chain.from_iterable(threads.map(self._ordinary, parts))
            known = {text: self.count(text) for text in texts if len(text) > _CHUNK or "<|" in text}
            known.update(zip(plain, counted, strict=True))
        return [sum([known[f"{turn.role}\n{turn.content}"] + AROUND for turn in chat]) for chat in chats]

    def _ordinary(self, texts: Sequence[str]) -> list[int]:
        return [len(self._encoding.encode_ordinary(unicodedata.normalize("NFC", text))) for text in texts]


@dataclass(frozen=True, slots=True)
class Sampled:
    """Tokens of a part of the rows, drawn at random; what it says of all rows holds at 95 %."""

    rows: int
    """Rows that were counted."""
    of: int
    """Rows that there are."""
    seed: int
    mean: float
    """Tokens a row, in the sample."""
    low: float
    high: float
    """The 95 % interval of the mean of all rows."""

    @property
    def total(self) -> tuple[float, float, float]:
        """The tokens of all rows: lowest, likeliest, highest."""
        return self.low * self.of, self.mean * self.of, self.high * self.of


class Counting:
    """Counts the lines that are written: all, or about ``wanted`` rows of them drawn at random."""

    def __init__(self, tokenizer: Tokenizer, *, wanted: int | None = None, seed: int = 0) -> None:
        self.counts: Counter[int] = Counter()
        self._tokenizer = tokenizer
        self._wanted = wanted
        self._seed = seed
        # The same rows whenever the same file is converted; nothing is to be kept secret.
        self._random = random.Random(seed)  # noqa: S311 - a sample
        self._skip: int | None = None
        self._rate = 1.0
        self._of = 0

    @property
    def all(self) -> bool:
        """Whether every line is counted."""
        return self._wanted is None

    def expect(self, rows: float) -> None:
        """About how many rows there will be, told before the first."""
        if self._wanted is not None:
            self._rate = min(1.0, self._wanted / max(rows, 1.0))

    def add(self, data: bytes, rows: int) -> None:
        """The next ``rows`` lines that are written."""
        self._of += rows
        if self._wanted is None:
            chosen = data.split(b"\n")[:rows]
        else:
            places = self._drawn(rows)
            lines = data.split(b"\n") if places else []
            chosen = [lines[place] for place in places]
        if chosen:
            self.counts.update(self._tokenizer.count_lines(chosen))

    def _drawn(self, rows: int) -> list[int]:
        """The places of the next rows drawn: each row with the same chance, by the gaps between those drawn."""
        places: list[int] = []
        at = self._gap() if self._skip is None else self._skip
        while at < rows:
            places.append(at)
            at += 1 + self._gap()
        self._skip = at - rows
        return places

    def _gap(self) -> int:
        if self._rate >= 1.0:
            return 0
        return int(math.log(1.0 - self._random.random()) / math.log1p(-self._rate))

    def sampled(self) -> Sampled | None:
        """What the sample says; None where every row was counted."""
        counted = self.counts.total()
        if self._wanted is None or counted == self._of:
            return None
        mean = sum(length * rows for length, rows in self.counts.items()) / max(counted, 1)
        spread = sum((length - mean) ** 2 * rows for length, rows in self.counts.items()) / max(
            counted - 1, 1
        )
        half = _Z * math.sqrt(spread / max(counted, 1) * (1 - counted / self._of))
        return Sampled(counted, self._of, self._seed, mean, mean - half, mean + half)


_Z = 1.959964  # 95 %


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

    def quantile(self, share: float) -> int:
        """The shortest length that at least ``share`` (0 to 1) of the rows don't exceed; 0 where there is none."""
        wanted, seen = share * self.rows, 0
        for length, rows in self.counts:
            seen += rows
            if seen >= wanted:
                return length
        return self.longest


def _parts(text: str) -> list[str]:
    text = unicodedata.normalize("NFC", text)
    return [text[at : at + _CHUNK] for at in range(0, len(text), _CHUNK)]
