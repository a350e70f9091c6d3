"""Moodle's GIFT: a question and, in braces, its answers: = before a right one, ~ before a wrong one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from wizard.data.record import trim
from wizard.data.shapes.plan import LABELS

_TITLE = re.compile(r"\s*::(.*?)(?<!\\)::\s*", re.DOTALL)
_FORMAT = re.compile(r"\[(?:html|markdown|plain|moodle)\]")
_BRACES = re.compile(r"(?<!\\)\{(.*?)(?<!\\)\}", re.DOTALL)
_CHOICES = re.compile(r"(?<!\\)([=~])")
_NOTE = re.compile(r"(?<!\\)#")
_WEIGHT = re.compile(r"%(-?\d+(?:\.\d+)?)%")
_TRUTH = {"T": "True", "TRUE": "True", "F": "False", "FALSE": "False"}
_TRUE_OR_FALSE = re.compile(
    r"^[^{}\n]*[^{}\s][^{}\n]*\{\s*(?:T|F|TRUE|FALSE)\s*(?:#[^{}\n]*)?\}\s*$", re.MULTILINE
)
_NUMBER = re.compile(r"=?\s*[+-]?\d+(?:\.\d+)?")


def begins(lines: Sequence[str]) -> bool:
    """Whether the first ``lines`` of a text are such questions."""
    first = next((line for line in lines if not line.startswith("//")), "")
    if first.startswith("$CATEGORY:"):
        return True
    text = "\n".join(lines)
    found = _BRACES.search(text)
    inside = trim(found[1]) if found else ""
    return bool(found) and (
        bool(_TITLE.match(first) or _TRUE_OR_FALSE.search(text))
        or (inside.startswith(("=", "~")) and "~" in inside)
    )


def questions(lines: Iterator[tuple[int, str]], _file: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """(first line, the question and its parts) of each; a blank line parts them."""
    begun = 0
    block: list[str] = []
    category = ""
    for number, line in lines:
        if line.startswith("$CATEGORY:"):
            category = trim(line.removeprefix("$CATEGORY:"))
        elif line.strip() and not line.startswith("//"):
            begun = begun if block else number
            block.append(line)
        elif not line.strip() and block:
            yield begun, _question("\n".join(block), category)
            block = []
    if block:
        yield begun, _question("\n".join(block), category)


def _question(text: str, category: str) -> dict[str, Any]:
    row: dict[str, Any] = {}
    if title := _TITLE.match(text):
        row["name"] = _words(title[1])
        text = text[title.end() :]
    found = _BRACES.search(text)
    before, after = (text[: found.start()], text[found.end() :]) if found else (text, "")
    stem = f"{before.rstrip()} _____ {after.lstrip()}" if after.strip() else before
    row["question"] = _words(_FORMAT.sub("", stem, count=1))
    row |= _answers(trim(found[1])) if found else {"answer": ""}
    return row | ({"category": category} if category else {})


def _answers(inside: str) -> dict[str, Any]:
    """What the braces say: options and the letters of the right ones, or an answer in words; "" for none that is one text."""
    truth, *about = _NOTE.split(inside)
    if trim(truth).upper() in _TRUTH:
        return {"answer": _TRUTH[trim(truth).upper()]} | _noted([_words(note) for note in about])
    if inside.startswith("#"):
        number = trim(inside[1:])
        return {"answer": number.lstrip("= ") if _NUMBER.fullmatch(number) else ""} | _noted([number])
    signs = _CHOICES.split(inside)[1:]
    options: list[tuple[str, bool]] = []
    notes: list[str] = []
    for sign, words in zip(signs[::2], signs[1::2], strict=True):
        said, *more = _NOTE.split(words)
        weight = _WEIGHT.match(trim(said))
        if weight is not None:
            said = trim(said)[weight.end() :]
        notes += more
        options.append((_words(said), float(weight[1]) > 0 if weight else sign == "="))
    told = _noted([_words(note) for note in notes])
    if "~" in signs[::2]:
        row = {label: words for label, (words, _right) in zip(LABELS, options, strict=False)}
        right = "".join(label for label, (_words, right) in zip(LABELS, options, strict=False) if right)
        return {**row, "answer": right, **told}
    if not options or any("->" in words for words, _right in options):
        return {"answer": "", "matching": inside, **told}
    also = [words for words, _right in options[1:]]
    return {"answer": options[0][0], **({"also accepted": "; ".join(also)} if also else {}), **told}


def _noted(notes: list[str]) -> dict[str, str]:
    said = [note for note in notes if note]
    return {"feedback": "\n".join(said)} if said else {}


def _words(text: str) -> str:
    return trim(re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], text))
