"""The language that the user reads: one gettext catalogue a language, chosen once at start.

English sentences are the keys (msgid) and need no catalogue; Chinese lives in ``zh_CN/LC_MESSAGES/wizard.po`` and its
compiled ``wizard.mo``. Call ``_`` when a sentence is needed, never at import: the language is not known then.
"""

from __future__ import annotations

import gettext as _gettext
import re
import sys
from collections.abc import Iterable
from pathlib import Path

ENGLISH = "en"
CHINESE = "zh_CN"
LANGUAGES = (CHINESE, ENGLISH)
_LANG_CHINESE = 0x04
_CLOSED, _OPEN = (
    "\u3002\uff01\uff1f\uff1b\uff1a\uff0c\uff09",
    "\uff08",
)  # what fills a whole cell in Chinese, and has its blank in it

_OF_A_FOLDER = re.compile(
    r"\bbailian-wizard (?=(?:run|plan|approve|status|sessions|jobs|files|mcp)\b)(?![^\n.。]*--sandbox)"
)
"""Where a sentence names a command that works with what is kept in the folder, of the sandbox or not."""

_translations: _gettext.NullTranslations = _gettext.NullTranslations()
_language = ENGLISH
_practising = False


def choose(environ: dict[str, str], wanted: str | None = None) -> str:
    """The language to speak, from (first wins) ``wanted`` (``--lang``), ``BAILIAN_WIZARD_LANG``, then the locale.

    A locale that names no language (``C``, ``POSIX``) gives English; any ``zh`` gives Chinese. Where none is set at all, as is
    usual on Windows, it is the language in which the system itself speaks to this user.
    """
    spoken = wanted or environ.get("BAILIAN_WIZARD_LANG")
    if not spoken:
        names = (environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
        spoken = next((name for name in names if name), "") or _of_the_system()
        if spoken.partition(".")[0] not in ("C", "POSIX", ""):
            spoken = environ.get("LANGUAGE", "").partition(":")[0] or spoken
    return CHINESE if spoken.lower().startswith("zh") else ENGLISH


def _of_the_system() -> str:
    """The language of Windows' own screens, as far as we speak it; elsewhere the environment says it all."""
    if sys.platform != "win32":
        return ""
    import ctypes

    primary = ctypes.windll.kernel32.GetUserDefaultUILanguage() & 0x3FF
    return CHINESE if primary == _LANG_CHINESE else ENGLISH


def use(language: str) -> None:
    """Speak ``language`` (one of LANGUAGES) from now on, in this process."""
    global _translations, _language  # noqa: PLW0603 - the one process-wide choice that gettext is
    _language = language
    _translations = (
        _gettext.NullTranslations()
        if language == ENGLISH
        else _gettext.translation("wizard", str(Path(__file__).parent), [language])
    )


def language() -> str:
    """The language in use, one of LANGUAGES."""
    return _language


def _(sentence: str) -> str:
    """``sentence`` (English, the catalogue's key) in the language in use."""
    return _named(_translations.gettext(sentence))


def N_(sentence: str) -> str:  # noqa: N802 - gettext's own name for it
    """``sentence`` as it is, but known to the catalogue: for what is declared at import; ``said`` says it."""
    return sentence


def said(sentence: str) -> str:
    """A ``sentence`` that was declared with ``N_``, in the language in use."""
    return _named(_translations.gettext(sentence))


def practise() -> None:
    """From now on, in this process, the commands that sentences name are those of the sandbox."""
    global _practising  # noqa: PLW0603 - as the language
    _practising = True


def _named(sentence: str) -> str:
    if not _practising or "bailian-wizard" not in sentence:
        return sentence
    return _OF_A_FOLDER.sub("bailian-wizard --sandbox ", sentence)


def enumerated(names: Iterable[str]) -> str:
    """Names one after the other, separated as the language in use does it."""
    return ("、" if _language == CHINESE else ", ").join(names)


def joined(*sentences: str) -> str:
    """Sentences one after the other, the empty left out: with a blank between two, but none at a full-width stop or bracket."""
    text = ""
    for sentence in filter(None, sentences):
        text += sentence if not text or text[-1] in _CLOSED or sentence[0] in _OPEN else f" {sentence}"
    return text


def ngettext(one: str, many: str, count: int) -> str:
    """``one`` or ``many`` as ``count`` asks, in the language in use; the caller fills ``{count}``."""
    return _named(_translations.ngettext(one, many, count))
