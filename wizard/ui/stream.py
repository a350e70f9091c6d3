"""Writing to a terminal whose encoding lacks some marks: what can't be written becomes what stands for it."""

from __future__ import annotations

from typing import Any, TextIO, cast

# What stands for a mark, the best first; GBK has the full-width yen sign only.
_STANDS_FOR = {
    "¥": "￥", "·": "-", "…": "..", "×": "x", "～": "~", "“": '"', "”": '"', "‘": "'", "’": "'", "—": "-", "–": "-",
}  # fmt: skip
_IN_ASCII = {"￥": "CNY ", "¥": "CNY "}


def writable(stream: TextIO) -> TextIO:
    """``stream`` itself where it can write everything, else one over it that never fails for a character."""
    encoding = getattr(stream, "encoding", None) or "ascii"
    return stream if encoding.lower().startswith("utf") else cast("TextIO", _Writing(stream, encoding))


class _Writing:
    def __init__(self, stream: TextIO, encoding: str) -> None:
        self._stream = stream
        self.encoding = encoding

    def write(self, text: str) -> int:
        self._stream.write(text if self._has(text) else "".join(map(self._instead, text)))
        return len(text)

    def _instead(self, char: str) -> str:
        for one in (char, _STANDS_FOR.get(char, "?"), _IN_ASCII.get(char, "?")):
            if self._has(one) and one != "?":
                return one
        return "?"

    def _has(self, text: str) -> bool:
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            return False
        return True

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":  # prompt_toolkit would write its own question marks there
            raise AttributeError(name)
        return getattr(self._stream, name)
