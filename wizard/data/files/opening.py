"""Opening a file by its path, also one inside an archive; its size and its digest."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from wizard.data.files.lines import BLOCK, SourceUnreadable, unreadable
from wizard.locale import _


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The regular file at ``path``, open for reading bytes; ``ARCHIVE.zip/MEMBER`` is a file inside an archive (zip or tar).

    Raises SourceUnreadable.
    """
    try:
        # Looked at before it is opened: opening a pipe would wait for somebody to write.
        plain = path.open("rb") if stat.S_ISREG(path.stat().st_mode) else None
    except (FileNotFoundError, NotADirectoryError) as error:
        from wizard.data.files import archives  # zipfile and tarfile: only where a path leads into one

        inside = archives.divided(path)
        if inside is None:
            raise SourceUnreadable(
                _("There is no file {path}.").format(path=path),
                _("Check the name, and in which folder you are."),
            ) from error
        with archives.member(*inside) as member:
            yield member
        return
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise unreadable(path, error) from error
    if plain is None:
        raise SourceUnreadable(
            _("{path} is not a file.").format(path=path), _("Give the name of a file with one row a line.")
        )
    with plain:
        yield plain


def size_of(path: Path) -> int:
    """The file's size in bytes; 0 for one inside an archive, and for one that opening will refuse."""
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return 0


def sha256_of(path: Path) -> str:
    """The digest of the file's bytes, hexadecimal. Raises SourceUnreadable."""
    with opened(path) as stream:
        digest = hashlib.sha256()
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
