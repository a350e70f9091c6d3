"""Under which name a source's rows are written: a plain one as long as no other source has that, else one of its own."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from wizard.data.converting import manifest as manifests
from wizard.data.converting.manifest import Manifest
from wizard.data.files.catalog import NAME_LIMIT, output_name
from wizard.data.files.lines import SourceUnreadable
from wizard.data.files.opening import sha256_of, size_of


def output_of(folder: Path, source: Path, plain: str) -> Path:
    """Where in ``folder`` the rows of ``source`` go, whose name would be ``plain``.

    Whose rows lie there is told by the manifest beside them: the same file, or one with the same bytes, as when it was
    moved, keeps its name; the rows of another one are never replaced.
    """
    names = _names(source, plain)
    there = {name: manifests.read(manifests.path_beside(folder / name)) for name in names}
    own = next((name for name, found in there.items() if found and _is_of(found, source)), None)
    if own is None:
        free = (name for name, found in there.items() if found is None or _is_as(found, source))
        own = next(free, names[-1])
    return folder / own


def _names(source: Path, plain: str) -> tuple[str, ...]:
    """Names for ``source``, each plainer than the next: as it is called, with its folder, with a digest of where it is."""
    digest = hashlib.sha256(os.fsencode(os.path.realpath(source))).hexdigest()[:8]
    stem, ending = os.path.splitext(plain)  # noqa: PTH122 - a name, not a path
    last = f"{stem[: NAME_LIMIT - 9]}-{digest}{ending}"
    if plain != output_name(source):  # of a known set: its folders are in its name
        return plain, last
    return plain, output_name(source.with_name(f"{source.parent.name}_{source.name}")), last


def _is_of(manifest: Manifest, source: Path) -> bool:
    return os.path.realpath(manifest.source.path) == os.path.realpath(source)


def _is_as(manifest: Manifest, source: Path) -> bool:
    """Whether ``source`` has the bytes that the manifest's had."""
    size = size_of(source)
    if size and size != manifest.source.size:
        return False
    try:
        return sha256_of(source) == manifest.source.sha256
    except (OSError, SourceUnreadable):
        return False  # its own conversion says what is wrong
