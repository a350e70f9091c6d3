"""The Chinese catalogue kept in step with the sentences in the code: ``python -m tools.translations``.

Sentences that are new come into ``wizard.po`` without a translation, those no longer used go, and ``wizard.mo`` is
compiled anew. Exits 1 while a sentence has no translation.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "wizard" / "locale" / "zh_CN" / "LC_MESSAGES"
HEADER = "Language: zh_CN\nContent-Type: text/plain; charset=utf-8\nPlural-Forms: nplurals=1; plural=0;\n"
KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2)}


def sentences() -> Catalog:
    """Every sentence in the code, with where it stands."""
    found = Catalog(project="bailian-wizard", charset="utf-8")
    rows = extract_from_dir(
        ROOT / "wizard", method_map=[("**.py", "python")], keywords=KEYWORDS, strip_comment_tags=True
    )
    for file, _line, message, _comments, context in sorted(rows, key=lambda row: (str(row[0]), row[1])):
        found.add(message, locations=[(Path("wizard", file).as_posix(), 0)], context=context)
    return found


def catalogue() -> Catalog:
    """The Chinese translations as they are in ``wizard.po``."""
    with (FOLDER / "wizard.po").open("rb") as stream:
        return read_po(stream, locale="zh_CN")


def compiled(translations: Catalog) -> bytes:
    """What ``wizard.mo`` has to hold; the same translations give the same bytes, whichever version of babel writes them."""
    stream = io.BytesIO()
    headed = [Message("", HEADER), *(message for message in translations if message.id)]
    write_mo(stream, cast("Catalog", _Messages(headed)))
    return stream.getvalue()


@dataclass(frozen=True, slots=True)
class _Messages:
    """What babel asks of a catalogue that it writes, with a header of our own: its own has its version and times."""

    messages: Sequence[Message]
    charset: str = "utf-8"

    def __iter__(self) -> Iterator[Message]:
        return iter(self.messages)


def missing(translations: Catalog) -> Iterator[Message]:
    """Sentences without a translation."""
    for message in translations:
        if not message.id:
            continue
        texts = message.string if isinstance(message.string, tuple | list) else (message.string,)
        if message.fuzzy or not all(texts):
            yield message


def main() -> int:
    """Bring the catalogue up to date; the exit code."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    translations = (
        catalogue() if (FOLDER / "wizard.po").exists() else Catalog(locale="zh_CN", charset="utf-8")
    )
    translations.update(sentences(), no_fuzzy_matching=True)
    translations.obsolete.clear()
    # No times and no authors: the same sentences give the same bytes.
    stream = io.BytesIO()
    write_po(stream, translations, omit_header=True, include_lineno=False, width=100, sort_by_file=True)
    lines = "".join(f'"{line}\\n"\n' for line in HEADER.splitlines())
    header = f'msgid ""\nmsgstr ""\n{lines}\n'
    (FOLDER / "wizard.po").write_bytes(header.encode() + stream.getvalue())
    (FOLDER / "wizard.mo").write_bytes(compiled(catalogue()))
    left = list(missing(catalogue()))
    for message in left:
        sys.stderr.write(f"not translated: {message.id!r}\n")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
