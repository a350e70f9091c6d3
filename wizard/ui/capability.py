"""What this terminal can do, decided once."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from wizard.ui.console import draws_marks_wide, is_old, is_terminal, obeys


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
    frames: bool = True
    """Lines and corners."""


_RICH = Glyphs("✓", "!", "✗", "❯", "←", "·", braille=True)
_FEW = Glyphs("√", "!", "×", "→", "←", "·", braille=False)
_ASCII = Glyphs("*", "!", "x", ">", "<", "-", braille=False, frames=False)


@dataclass(frozen=True, slots=True)
class Capability:
    """What the conversation's streams can do.

    ``attended``: a person can be asked. ``plain``: one line at a time, without cursor codes. ``colour``: tones may be
    coloured. ``redraws``: what stands there can be drawn over. ``glyphs``: marks that can be written.
    """

    attended: bool
    plain: bool
    colour: bool
    glyphs: Glyphs
    redraws: bool = True

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
    # On Windows prompts are drawn on the console that standard output is, whatever they are written to.
    streams = (stdin, stream, sys.stdout) if os.name == "nt" else (stdin, stream)
    tty = all(is_terminal(one) for one in streams)
    redraws = tty and obeys(stream)
    dumb = environ.get("TERM", "") in ("dumb", "unknown")
    plain = plain or dumb or environ.get("ACCESSIBLE", "0") not in ("", "0")
    colour = redraws and not plain and not environ.get("NO_COLOR")
    glyphs = glyphs_of(stream, environ)
    return Capability(attended=tty, plain=plain, colour=colour, glyphs=glyphs, redraws=redraws)


def glyphs_of(stream: TextIO, environ: Mapping[str, str]) -> Glyphs:
    """The marks that can be written to ``stream``, and look there as they should."""
    if is_old(environ) and is_terminal(stream):
        return _ASCII if draws_marks_wide(environ) else _FEW
    encoding = getattr(stream, "encoding", None) or "ascii"
    for glyphs in (_RICH, _FEW):
        try:
            f"{glyphs.done}{glyphs.bad}{glyphs.pointer}{glyphs.back}".encode(encoding)
        except (UnicodeEncodeError, LookupError):
            continue
        return glyphs
    return _ASCII
