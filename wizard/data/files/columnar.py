"""Parquet: rows by row groups in bounded memory, counted from 1; needs the extra ``parquet``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from wizard.data.files.lines import SourceUnreadable
from wizard.errors import UsageError
from wizard.locale import _

MAGIC = b"PAR1"
_AT_A_TIME = 500


def rows(stream: IO[bytes], file: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """(number, row) for each row. Fields of a structure that are null count as missing, at whatever depth.

    Raises UsageError without pyarrow, and SourceUnreadable.
    """
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise UsageError(
            _("Reading Parquet files needs a library that is not installed."),
            _("Install it with: pip install 'bailian-wizard[parquet]'"),
        ) from error
    number = 0
    with _guarded(file):
        whole = parquet.ParquetFile(stream, memory_map=False, pre_buffer=False)
        batches = whole.iter_batches(batch_size=_AT_A_TIME, use_threads=False)
    while True:
        with _guarded(file):
            batch = next(batches, None)
            if batch is None:
                return
            page = batch.to_pylist()
        for row in page:
            number += 1
            yield number, {key: _without_nulls(value) for key, value in row.items()}


def _without_nulls(value: Any) -> Any:
    if type(value) is dict:
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    if type(value) is list:
        return [_without_nulls(inner) for inner in value]
    return value


@contextmanager
def _guarded(file: str) -> Iterator[None]:
    """The block's errors, of whatever kind the library lets through, become SourceUnreadable."""
    try:
        yield
    except Exception as error:
        raise SourceUnreadable(
            _("{path} can't be read as a Parquet file: {reason}.").format(
                path=file, reason=str(error).partition("\n")[0] or type(error).__name__
            ),
            _("Write it once more, or save it as JSON Lines."),
        ) from error
