"""Owns what is written in the place of a key, and knows every key seen in this run in all the forms that a text may hold it in."""

from __future__ import annotations

import re

SHORTEST = 8  # characters: hiding a shorter secret would make every text unreadable
_ENOUGH = 16  # characters from which on the last four don't give a key away

_KEYLIKE = re.compile(r"\b(sk|st)-[A-Za-z0-9._*-]{6,}")
_hidden: dict[str, str] = {}  # a form of a key -> what is written in its place


def masked(key: str) -> str:
    """``sk-…`` and the last four characters (``…`` and four where the key begins otherwise)."""
    return ("sk-…" if key.startswith("sk-") else "…") + (key[-4:] if len(key) >= _ENOUGH else "")


def hide(key: str) -> None:
    """From now on ``hidden`` leaves no form of ``key`` in a text: plain, as Python or JSON quote it, in base64, in a URL."""
    key = key.strip()
    if len(key) < SHORTEST or key in _hidden:
        return
    mask = masked(key)
    mask = mask if key[-4:].isascii() and key.isprintable() else "sk-…"
    _hidden.update(dict.fromkeys(_forms(key), mask))


def hidden(text: str) -> str:
    """``text`` without the keys seen in this run."""
    for form in sorted(_hidden, key=len, reverse=True):
        if form in text:
            text = text.replace(form, _hidden[form])
    return text


def redacted(text: str) -> str:
    """``text`` without the keys seen in this run and without whatever else looks like one."""
    return _KEYLIKE.sub(_mask_of_match, hidden(text))


def _mask_of_match(found: re.Match[str]) -> str:
    return f"{found[1]}-…" + (found[0][-4:] if len(found[0]) >= _ENOUGH else "")


def _forms(key: str) -> set[str]:
    import base64
    import json
    from urllib.parse import quote, quote_plus

    raw = key.encode("utf-8", "surrogatepass")
    forms = {key, repr(key)[1:-1], json.dumps(key)[1:-1], json.dumps(key, ensure_ascii=False)[1:-1]}
    forms |= {quote(raw, safe=""), quote(raw), quote_plus(raw), raw.hex()}
    for before in range(3):  # a longer text in base64 may hold it at any of three alignments
        whole = base64.b64encode(b"\0" * before + raw)
        # Without the characters that also depend on what stands before and after it.
        inner = whole.rstrip(b"=")[(before * 8 + 5) // 6 : (before + len(raw)) * 8 // 6].decode()
        forms |= {inner, inner.translate(str.maketrans("+/", "-_"))}
    return forms
