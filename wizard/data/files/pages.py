"""JSON Lines by the page: lines in UTF-8, with what is odd about the file as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

from wizard.data.files.text import Text
from wizard.data.findings import Finding, Rule
from wizard.data.record import Where
from wizard.locale import N_

EMPTY_FILE = Rule(
    "EMPTY_FILE",
    "error",
    N_("The file has no rows."),
    N_("Choose another file, or check how this one was saved."),
    why=N_(
        "Without rows there is nothing to learn, and the platform's own command line refuses such a file."
    ),
    bad="\n",
    good='{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}',
)


def pages(
    stream: BinaryIO, file: str, on_bytes: Callable[[bytes], None] | None = None
) -> Iterator[tuple[int, list[bytes], tuple[Finding, ...]]]:
    """(number of the first line, lines in UTF-8, findings about the file) for one block of JSON Lines after another.

    Any encoding that is known, packed with gzip or not; ``on_bytes`` is handed the file's own bytes. A text that can't
    be read gives one error and no lines, not an error for every line; a byte order mark is taken off; a file without
    rows gives EMPTY_FILE at its end. Lines that can't be decoded come as a kind of bytes that
    is no JSON, and that ``shapes`` knows what to say about.
    """
    text = Text(stream, file, on_bytes)
    about = tuple(text.about)
    begun = any(one.severity == "error" for one in about)
    if begun:
        yield 1, [], about
        return
    for first, lines in text.pages():
        begun = begun or any(line and not line.isspace() for line in lines)
        yield first, lines, about
        about = ()
    if not begun:
        yield 1, [], (*about, EMPTY_FILE.at(Where(file, 0)))
