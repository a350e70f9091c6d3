"""Text files of any encoding that is known, packed with gzip or not: physical lines in UTF-8, and what is odd about them."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from io import BufferedReader
from typing import BinaryIO, TypeAlias

from wizard.data.files import encodings, gzipped
from wizard.data.files.damage import INVALID_BYTES
from wizard.data.files.lines import BLOCK, Translated, blocks, head_of
from wizard.data.findings import Finding, Rule
from wizard.data.record import Where
from wizard.locale import N_

BOM = Rule(
    "BOM",
    "warning",
    N_("The file begins with a byte order mark."),
    N_("Nothing to do: it is passed over and not sent."),
    why=N_(
        "The mark is no part of the data, but stands before the first row. The platform's SDK can refuse a file that begins with one, without saying why."
    ),
    bad='\ufeff{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}]}',
    good='{"messages": [{"role": "user", "content": "2 + 3 = ?"}, {"role": "assistant", "content": "5"}]}',
    mends=N_("byte order marks removed"),
)
NOT_UTF8_FILE = Rule(
    "NOT_UTF8_FILE",
    "error",
    N_("The file is {encoding}, not UTF-8 text."),
    N_("Save it as UTF-8 JSON Lines, one object a line."),
    why=N_("The platform takes text in UTF-8. What this file holds can't be read as text without guessing."),
    bad='{"text": "x"}\n'.encode("utf-32"),
    good='{"text": "x"}',
)
ENCODING_UNCLEAR = Rule(
    "ENCODING_UNCLEAR",
    "error",
    N_(
        "The file is not UTF-8, and too short to tell which encoding it is in: it may be Chinese (GBK) or Korean (EUC-KR)."
    ),
    N_("Save it as UTF-8, and look at it before you use it."),
    why=N_(
        "In another encoding the same bytes are other characters. In a few words nothing proves which are meant, and wrong ones would be trained."
    ),
    bad="question,answer\n한국어 질문?,대답\n".encode("euc-kr"),
    good="question,answer\n한국어 질문?,대답\n",
    name="rows.csv",
)
ENCODING = Rule(
    "ENCODING",
    "warning",
    N_("The file is {encoding}, and was read as such."),
    N_("Nothing to do: what is sent is UTF-8. Look at the preview for garbled characters."),
    why=N_(
        "In another encoding the same bytes are other characters. It was told from the bytes themselves; a look at the preview shows whether that was right."
    ),
    bad="题目,A,B,答案\n二加三等于几？,五,六,A\n".encode("gb18030"),
    good=("题目,A,B,答案\n二加三等于几？,五,六,A\n"),
    name="rows.csv",
    mends=N_("lines turned into UTF-8"),
)
CARRIAGE_RETURNS = Rule(
    "CARRIAGE_RETURNS",
    "warning",
    N_("The lines end with a carriage return alone, and were read as such."),
    N_("Nothing to do; lines are counted by these line ends."),
    why=N_(
        "Programs of long ago ended lines so. Other programs take such a file for a single line, and may count its lines otherwise."
    ),
    bad="题目,A,B,答案\r2 + 3 = ?,5,6,A\r",
    good=("题目,A,B,答案\n2 + 3 = ?,5,6,A\n"),
    name="rows.csv",
)


Page: TypeAlias = tuple[int, list[bytes]]
"""The number of the first line, and some lines in UTF-8 without their ends; never none."""

_BOM = b"\xef\xbb\xbf"
_UNREAD = ("utf-32", "unclear")


class Text:
    """A text under the reader: its encoding, its beginning, findings about it; then, once, its lines or its bytes."""

    def __init__(self, stream: BinaryIO, file: str, on_bytes: Callable[[bytes], None] | None = None) -> None:
        """Look at the beginning of ``stream``; ``on_bytes`` is handed every byte of the file as it is, later."""
        head = head_of(stream)
        self.packed = head.startswith(gzipped.MAGIC)
        if self.packed:
            stream, on_bytes = gzipped.unpacked(stream, file, on_bytes), None
            head = head_of(stream)
        self.whole = len(head) < BLOCK
        self.encoding = encodings.sniff(head, whole=self.whole)
        self.head = _beginning(head, self.encoding)
        """The first lines in UTF-8, without a byte order mark."""
        self.about = list(_odd(self.encoding, file))
        if (
            self.encoding in ("utf-8", "utf-8-sig", *encodings.OLDER)
            and b"\n" not in head
            and b"\r" in head.strip()
        ):
            self.about.append(CARRIAGE_RETURNS.at(Where(file, 0)))
            stream, on_bytes = BufferedReader(Translated(stream, on_bytes), BLOCK), None
            self.head = self.head.replace(b"\r", b"\n")
        self.stream = stream
        self._file = file
        self._on_bytes = on_bytes

    def pages(self) -> Iterator[Page]:
        """The lines. Raises SourceUnreadable."""
        if self.encoding in _UNREAD:
            return
        if self.encoding in ("utf-16-le", "utf-16-be"):
            pages = self._wide()
        else:
            pages = blocks(self.stream, self._file, self._on_bytes)
        for first, lines in pages:
            some = encodings.decoded(lines, self.encoding) if self.encoding in encodings.OLDER else lines
            if first == 1 and type(some[0]) is bytes:
                some[0] = some[0].removeprefix(_BOM)
            yield first, some

    def chunks(self, faults: list[Finding]) -> Iterator[bytes]:
        """The bytes in UTF-8, whatever the lines; a wrong byte is added to ``faults`` and ends it, but in UTF-8, where
        it is handed on and is the fault of the value that it stands in.
        """  # noqa: D205 - one sentence
        if self.encoding in _UNREAD:
            return
        plain = self.encoding in ("utf-8", "utf-8-sig")
        decoder = codecs.getincrementaldecoder(self.encoding)()
        line, held = 1, b""  # the bytes of the last line so far
        first = True
        while True:
            block = self.stream.read(BLOCK)
            if self._on_bytes is not None and block:
                self._on_bytes(block)
            if plain:
                done = block
            else:
                try:
                    done = decoder.decode(block, final=not block).encode()
                except UnicodeDecodeError as error:
                    before = error.object[: error.start].decode(self.encoding, "ignore")
                    line += before.count("\n")
                    in_line = len(before.rpartition("\n")[2].encode(self.encoding)) + (
                        0 if "\n" in before else len(held)
                    )
                    faults.append(
                        INVALID_BYTES.at(
                            Where(self._file, line),
                            offset=in_line + 1,
                            byte=f"0x{error.object[error.start]:02x}",
                            encoding=encodings.shown(self.encoding),
                        )
                    )
                    yield before.encode()
                    return
                line += done.count(b"\n")
                last = done.rpartition(b"\n")[2].decode().encode(self.encoding)
                held = last if b"\n" in done else held + last
            if not block and not done:
                return
            yield done.removeprefix(_BOM) if first else done
            first = False

    def _wide(self) -> Iterator[Page]:
        number = 1
        for lines in encodings.wide_lines(self._raw(), self.encoding):
            yield number, lines
            number += len(lines)

    def _raw(self) -> Iterator[bytes]:
        while block := self.stream.read(BLOCK):
            if self._on_bytes is not None:
                self._on_bytes(block)
            yield block


def _odd(encoding: encodings.Encoding, file: str) -> Iterator[Finding]:
    if encoding == "unclear":
        yield ENCODING_UNCLEAR.at(Where(file, 0))
    elif encoding == "utf-32":
        yield NOT_UTF8_FILE.at(Where(file, 0), encoding=encodings.shown(encoding))
    elif encoding == "utf-8-sig":
        yield BOM.at(Where(file, 1))
    elif encoding != "utf-8":
        yield ENCODING.at(Where(file, 0), encoding=encodings.shown(encoding))


def _beginning(head: bytes, encoding: encodings.Encoding) -> bytes:
    if encoding in ("utf-8", "utf-8-sig"):
        return head.removeprefix(_BOM)
    return b"" if encoding in _UNREAD else head.decode(encoding, "ignore").removeprefix("\ufeff").encode()
