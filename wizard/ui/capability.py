"""What this terminal can do, decided once."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The marks that this stream's encoding can write."""

    done: str
    warn: str
    bad: str
    pointer: str
    back: str
    dash: str
    braille: bool


_RICH = Glyphs("✓", "!", "✗", "❯", "←", "·", braille=True)
_GBK = Glyphs("√", "!", "×", "→", "←", "·", braille=False)
_ASCII = Glyphs("*", "!", "x", ">", "<", "-", braille=False)


@dataclass(frozen=True, slots=True)
class Capability:
    """What the conversation's streams can do.

    ``attended``: a person can be asked. ``plain``: one line at a time, without cursor codes. ``colour``: tones may be
    coloured. ``glyphs``: marks that can be written.
    """

    attended: bool
    plain: bool
    colour: bool
    glyphs: Glyphs

    @property
    def width(self) -> int:
        """Columns of the terminal now."""
        return shutil.get_terminal_size().columns


def of(
    environ: Mapping[str, str],
    stdin: TextIO | None = None,
    stream: TextIO | None = None,
    *,
    plain: bool = False,
) -> Capability:
    """What standard input and standard error can do; plain if so wanted, by ``ACCESSIBLE``, or on a dumb terminal."""
    stdin = stdin or sys.stdin
    stream = stream or sys.stderr
    tty = bool(stdin and stream and stdin.isatty() and stream.isatty())
    dumb = environ.get("TERM", "") in ("dumb", "unknown")
    plain = plain or dumb or environ.get("ACCESSIBLE", "0") not in ("", "0")
    colour = tty and not plain and not environ.get("NO_COLOR")
    return Capability(attended=tty, plain=plain, colour=colour, glyphs=_glyphs(stream))


def _glyphs(stream: TextIO) -> Glyphs:
    encoding = getattr(stream, "encoding", None) or "ascii"
    for glyphs in (_RICH, _GBK):
        try:
            f"{glyphs.done}{glyphs.bad}{glyphs.pointer}{glyphs.back}".encode(encoding)
        except (UnicodeEncodeError, LookupError):
            continue
        return glyphs
    return _ASCII
