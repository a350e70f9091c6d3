"""Writing to a terminal whose encoding lacks some characters: it never fails, they become question marks."""

from __future__ import annotations

from typing import Any, TextIO, cast

from wizard.ui import base


def writable(stream: TextIO) -> TextIO:
    """``stream`` itself where it can write everything, else one over it that never fails for a character.

    From then on ``safe`` gives the marks of our own sentences as that encoding has them.
    """
    encoding = getattr(stream, "encoding", None) or "ascii"
    base.write_as(encoding)
    return stream if encoding.lower().startswith("utf") else cast("TextIO", _Writing(stream, encoding))


class _Writing:
    def __init__(self, stream: TextIO, encoding: str) -> None:
        self._stream = stream
        self.encoding = encoding

    def write(self, text: str) -> int:
        self._stream.write(text.encode(self.encoding, "replace").decode(self.encoding))
        return len(text)

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":  # whoever finds one writes there, past ``write``
            raise AttributeError(name)
        return getattr(self._stream, name)
