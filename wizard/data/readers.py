"""Files -> records and findings, each with its physical line; streaming, in constant memory."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from wizard.data.check import Finding, finding
from wizard.data.lines import blocks
from wizard.data.record import Record, Where
from wizard.data.rows import Outcome, decode, understand
from wizard.errors import DataError
from wizard.locale import _

_BOM = b"\xef\xbb\xbf"
# The longer mark first: that of UTF-32 begins with that of UTF-16.
_OTHER_FORMATS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "zip / xlsx"),
    (b"PAR1", "Parquet"),
)


class SourceUnreadable(DataError):
    """The source is missing, no regular file, or this computer refuses to read it."""

    code = "source-unreadable"


def read(path: Path) -> Iterator[Record | Finding]:
    """The records of a JSON Lines file in order of their lines, and a finding for all that is none.

    Rows are MedQA's (question, options by label, answer, answer_idx) or chats (messages). A row gives either one
    record or at least one error; blank lines are passed over, and count as lines. Raises SourceUnreadable.
    """
    with opened(path) as stream:
        for first, _lines, outcomes in outcomes_of(stream, str(path)):
            del first
            for outcome in outcomes:
                if type(outcome) is tuple:
                    yield from outcome
                else:
                    yield outcome
