"""Owns the rules of the languages: a complete Chinese catalogue, no Chinese outside of it, and which one is chosen."""

from __future__ import annotations

import ast
import io
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

from wizard import locale
from wizard.arguments import commands

PACKAGE = Path(locale.__file__).parents[1]
FOLDER = Path(locale.__file__).parent / locale.CHINESE / "LC_MESSAGES"
CJK = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
# Words of the data's format, words to recognise in users' data, and the platform's own: the same in every language.
NOT_OURS = ("data/", "sandbox/")

Sentence = tuple[str, ...]
"""A sentence of the code; singular and plural where it has both."""


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text("utf-8"))


def texts(nodes: list[ast.expr], where: str) -> Sentence:
    found = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    assert len(nodes) == len(found), f"{where}: only a literal sentence can be translated"
    return tuple(found)


def sentences_in_code() -> dict[Sentence, str]:
    """Every sentence given to gettext, inside f-strings too, and where it stands."""
    found: dict[Sentence, str] = {}
    for name, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                where = f"wizard/{name}:{node.lineno}"
                if node.func.id in ("_", "N_"):
                    found[texts(node.args, where)] = where
                elif node.func.id == "ngettext":
                    found[texts(node.args[:2], where)] = where
    return found


def sentence(found: object) -> Sentence:
    """A msgid or msgstr of babel's: one text, or several where there is a plural."""
    return tuple(map(str, found)) if isinstance(found, tuple | list) else (str(found),)


def chinese() -> Catalog:
    with (FOLDER / "wizard.po").open("rb") as stream:
        return read_po(stream, locale=locale.CHINESE)


def messages(catalogue: Catalog) -> dict[Sentence, Sentence]:
    """All translations in a catalogue by their sentence, without its header."""
    return {sentence(message.id): sentence(message.string) for message in catalogue if message.id}


def translations() -> dict[Sentence, Sentence]:
    """What ``wizard.po`` says for each sentence."""
    return messages(chinese())


def placeholders(text: str) -> set[tuple[str, str, str]]:
    """Name, format and conversion of all that is filled into ``text``."""
    parsed = string.Formatter().parse(text)
    return {
        (name, spec or "", conversion or "") for _text, name, spec, conversion in parsed if name is not None
    }


def test_every_sentence_is_translated() -> None:
    """Whatever the code says, the catalogue has in Chinese: ``python -m tools.translations`` tells what is missing."""
    known = translations()
    untranslated = {
        said: where for said, where in sentences_in_code().items() if not all(known.get(said, ("",)))
    }
    assert {} == untranslated


def test_no_translation_is_left_over() -> None:
    """The catalogue has no sentence that the code no longer says, none that is only guessed, and none put aside."""
    assert [] == sorted(set(translations()) - set(sentences_in_code()))
    assert [] == [message.id for message in chinese() if message.id and message.fuzzy]
    assert {} == dict(chinese().obsolete)


def test_the_compiled_catalogue_is_up_to_date() -> None:
    """Users get ``wizard.mo``; it is what ``wizard.po`` compiles to, but for the time that a compiler writes into it."""
    stream = io.BytesIO()
    write_mo(stream, chinese())
    stream.seek(0)
    with (FOLDER / "wizard.mo").open("rb") as shipped:
        assert messages(read_mo(stream)) == messages(read_mo(shipped))


def test_translations_keep_the_placeholders() -> None:
    """A translation fills in what its sentence fills in, formatted alike; else a Chinese user would meet a KeyError."""
    differing = [
        (said, translated)
        for said, translated in translations().items()
        for text in translated
        if placeholders(said[-1]) != placeholders(text)
    ]
    assert [] == differing


def test_a_chinese_sentence_has_no_blank_behind_it() -> None:
    """No translation has a blank after a full-width stop, or half-width punctuation where Chinese meets it."""
    half = re.compile(
        r"\u3002 |[\u4e00-\u9fff\uff09\u201d][,;!?(]|[\u4e00-\u9fff]:(?!\u884c\u53f7)|[,;!?)][\u4e00-\u9fff]"
    )
    found = [text for texts in translations().values() for text in texts if half.search(text)]
    assert [] == [text for text in found if "\u7532,\u4e59" not in text]  # columns, as they are typed


def test_sentences_are_joined_in_one_way() -> None:
    """Two sentences get a blank between them, none at a full-width stop or bracket, and never by hand."""
    assert "One. Two." == locale.joined("One.", "", "Two.")
    assert "\u4e00\u3002\u4e8c\u3002" == locale.joined("\u4e00\u3002", "\u4e8c\u3002")
    assert "\u4e00\uff08\u4e8c\uff09" == locale.joined("\u4e00", "\uff08\u4e8c\uff09")
    by_hand = re.compile(r'" " \+ _\(|\} \{_\(|message\} \{\w+\.hint|what\} \{\w+\.fix')
    assert [] == [
        path.name for path in sorted(PACKAGE.rglob("*.py")) if by_hand.search(path.read_text("utf-8"))
    ]


def test_chinese_stands_in_the_catalogue_only() -> None:
    """No sentence for Chinese users is written into the code, where nobody could translate or proof-read it."""
    found = []
    for name, tree in trees():
        prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
        found += [
            f"wizard/{name}:{node.lineno}: {node.value}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and CJK.search(node.value)
            if id(node) not in prose and not name.startswith(NOT_OURS)
        ]
    assert [] == found


@pytest.mark.parametrize(
    ("spoken", "wanted", "environ"),
    [
        ("zh_CN", "zh", {"BAILIAN_WIZARD_LANG": "en", "LC_ALL": "en_US.UTF-8"}),
        ("en", "en", {"BAILIAN_WIZARD_LANG": "zh", "LC_ALL": "zh_CN.UTF-8"}),
        ("zh_CN", None, {"BAILIAN_WIZARD_LANG": "zh", "LC_ALL": "en_US.UTF-8"}),
        ("en", None, {"BAILIAN_WIZARD_LANG": "en", "LANG": "zh_CN.UTF-8"}),
        ("zh_CN", None, {"LC_ALL": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8", "LANG": "en_US.UTF-8"}),
        ("zh_CN", None, {"LC_MESSAGES": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}),
        ("en", None, {"LC_MESSAGES": "en_US.UTF-8", "LANG": "zh_CN.UTF-8"}),
        ("zh_CN", None, {"LC_ALL": "", "LC_MESSAGES": "", "LANG": "zh_CN.UTF-8"}),
        ("zh_CN", None, {"LANG": "zh_TW.Big5"}),
        ("en", None, {"LANG": "de_DE.UTF-8"}),
        ("zh_CN", None, {"LANG": "en_US.UTF-8", "LANGUAGE": "zh_CN:en"}),
        ("en", None, {"LANG": "C", "LANGUAGE": "zh_CN"}),
        ("en", None, {"LC_ALL": "C.UTF-8", "LANG": "zh_CN.UTF-8"}),
        ("en", None, {"LC_ALL": "POSIX", "LANG": "zh_CN.UTF-8"}),
        ("en", None, {}),
    ],
)
def test_the_language_is_chosen(spoken: str, wanted: str | None, environ: dict[str, str]) -> None:
    """``--lang`` beats BAILIAN_WIZARD_LANG, which beats LC_ALL, LC_MESSAGES and LANG; C and POSIX name no language."""
    assert spoken == locale.choose(environ, wanted)


def test_speaking_chinese_and_english() -> None:
    """A language that is used says its own words, and English needs no catalogue."""
    before = locale.language()
    try:
        locale.use(locale.CHINESE)
        assert ("zh_CN", "模型") == (locale.language(), locale._("Model"))
        assert "{count} 个" in locale.ngettext("{count} was there already", "{count} were there already", 1)
        locale.use(locale.ENGLISH)
        assert ("en", "Model") == (locale.language(), locale._("Model"))
    finally:
        locale.use(before)


def test_sentences_name_the_commands_of_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """Practising, a sentence that names a command which works with the folder's state says --sandbox, once; others stay as they are."""
    monkeypatch.setattr(locale, "_practising", True)
    of_a_folder = {one.name for one in commands() if one.state} - {"sandbox", "from-command"}
    for one in commands():
        said = locale._(f"Look: bailian-wizard {one.name} ID, or the console.")
        assert (one.name in of_a_folder) == ("bailian-wizard --sandbox " in said), said
    kept = "Without one: bailian-wizard run --sandbox --yes"
    assert kept == locale._(kept)
    two = locale.ngettext(
        "bailian-wizard jobs list", "bailian-wizard jobs list, bailian-wizard files list", 2
    )
    assert "bailian-wizard --sandbox jobs list, bailian-wizard --sandbox files list" == two
