"""What can be wrong with data: every finding's code, severity and sentences, and the collector of findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeAlias, cast

from wizard.data.codes import checking
from wizard.data.record import Where
from wizard.locale import _, joined, language

Severity: TypeAlias = Literal["error", "warning"]

_QUOTED = 40


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: a stable ``code``, where it is, what it is and what to do about it.

    An error means that the row can't be sent; a warning means that it can, and that a person should know.
    """

    code: str
    severity: Severity
    where: Where
    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: {self.code}: {joined(self.what, self.fix)}"

    def as_dict(self) -> dict[str, Any]:
        """The finding for programs: code, severity, file, line (0: the whole file), what, fix."""
        return {
            "code": self.code,
            "severity": self.severity,
            "file": self.where.file,
            "line": self.where.line,
            "what": self.what,
            "fix": self.fix,
        }


def finding(code: str, where: Where, **values: object) -> Finding:
    """The finding called ``code`` (see ``_catalogue``) at ``where``, its sentences in the language in use."""
    severity, what, fix = _catalogue(language())[code]
    return Finding(code, severity, where, what.format(**values), fix.format(**values))


def codes() -> dict[str, Severity]:
    """Every code there is, with its severity."""
    return {code: severity for code, (severity, _what, _fix) in _catalogue(language()).items()}


def quoted(text: object) -> str:
    """A piece of the user's data made fit for a sentence: one line, at most 40 characters, nothing invisible."""
    shown = text if isinstance(text, str) else repr(text)
    shown = "".join(char if char.isprintable() else "·" for char in shown[: _QUOTED + 1])
    return shown if len(shown) <= _QUOTED else shown[: _QUOTED - 1] + "…"


@lru_cache(maxsize=4)
def _catalogue(_language: str) -> dict[str, tuple[Severity, str, str]]:
    """Each code's severity, what is wrong, and what to do; the one place where they are listed."""
    again = _("Correct the row, or leave it out.")
    return {
        # The file
        "EMPTY_FILE": (
            "error",
            _("The file has no rows."),
            _("Choose another file, or check how this one was saved."),
        ),
        "BOM": (
            "warning",
            _("The file begins with a byte order mark."),
            _("Nothing to do: it is passed over and not sent."),
        ),
        "NOT_UTF8_FILE": (
            "error",
            _("The file is {encoding}, not UTF-8 text."),
            _("Save it as UTF-8 JSON Lines, one object a line."),
        ),
        "JSON_OVER_LINES": (
            "error",
            _("The file is one JSON value that goes over several lines, not JSON Lines."),
            _("Save it with one object a line, without the brackets around them."),
        ),
        # The line
        "INVALID_UTF8": (
            "error",
            _("Byte {offset} of the line ({byte}) is not UTF-8."),
            _("Save the file as UTF-8; the text may be GBK or Big5 now."),
        ),
        "LINE_TOO_LONG": (
            "error",
            _("The line is longer than {limit} MB."),
            _("Check whether line ends are missing; a row is one line."),
        ),
        "NOT_JSON": (
            "error",
            _("The line is not JSON: {reason} (at character {column})."),
            _("Write one complete JSON object on each line, with double quotes."),
        ),
        "JSON_TOO_DEEP": (
            "error",
            _("The JSON on this line is nested too deeply, or holds a number too large to read."),
            again,
        ),
        "NOT_AN_OBJECT": (
            "error",
            _("The line is JSON, but not an object in braces."),
            _('Write one object a line, such as {{"question": …, "options": …, "answer_idx": …}}.'),
        ),
        "NO_OBJECTS": (
            "error",
            _("{count} values one after the other are no objects in braces; nothing behind them was read."),
            _("Rows are objects: look whether this is the list that you mean."),
        ),
        "DUPLICATE_KEY": (
            "error",
            _("The key “{key}” is there twice, so one of its values would be lost."),
            _("Keep one of them."),
        ),
        "LONE_SURROGATE": (
            "error",
            _("The line holds half a character ({escape}), which can't be written as UTF-8."),
            _("Replace it with the character that was meant."),
        ),
        "NUL": ("error", _("“{field}” holds a NUL character."), _("Remove it.")),
        "UNKNOWN_SHAPE": (
            "error",
            _("The row is neither a question with options nor a chat; its fields are: {fields}."),
            _(
                "Say which field means what: --columns question=NAME --columns answer=NAME --columns A=NAME … "
                "(in the wizard dataset.columns.question=NAME …). Known without that: “question”, “options” and "
                "“answer_idx” of a question, “messages” of a chat."
            ),
        ),
        # A question with options
        "NO_QUESTION": ("error", _("There is no question."), again),
        "WRONG_TYPE": ("error", _("“{field}” is {found}, but must be {wanted}."), again),
        "TOO_FEW_OPTIONS": (
            "error",
            _("The number of options is {count}."),
            _("A question needs at least two."),
        ),
        "BAD_LABEL": (
            "error",
            _("“{label}” can't label an option."),
            _("Label the options with letters such as A, B, C, each different from the others."),
        ),
        "EMPTY_OPTION": ("error", _("Option {label} is empty."), again),
        "NO_ANSWER": (
            "error",
            _("There is no answer."),
            _("Give the label of the right option, or its text."),
        ),
        "ANSWER_NOT_AN_OPTION": (
            "error",
            _("The answer “{answer}” is not among the options {labels}."),
            again,
        ),
        "ANSWER_AMBIGUOUS": (
            "error",
            _("The answer “{answer}” fits more than one option."),
            _("Give the label of the right one."),
        ),
        "ANSWER_DISAGREES": (
            "error",
            _(
                "The label says {label}, but the answer's text is “{answer}” and option {label} is “{option}”."
            ),
            _("Correct one of the two, or leave the row out."),
        ),
        "NOT_READ_BACK": (
            "error",
            _("The answer that would be sent can't be read back as {label} without doubt."),
            _("Use a plain letter as the label, without a full stop."),
        ),
        # A chat
        "NO_MESSAGES": ("error", _("“messages” is empty."), again),
        "UNKNOWN_ROLE": (
            "error",
            _("The role of message {number} is “{role}”."),
            _("The platform knows system, user and assistant."),
        ),
        "EMPTY_CONTENT": ("error", _("Message {number} ({role}) has no text."), again),
        "LAST_NOT_ASSISTANT": (
            "error",
            _("The last message is from {role}, so there is nothing to learn."),
            _("Let the chat end with the assistant's answer."),
        ),
        # checking
        **cast("dict[str, tuple[Severity, str, str]]", checking()),
        # reading
        "ENCODING": (
            "warning",
            _("The file is {encoding}, and was read as such."),
            _("Nothing to do: what is sent is UTF-8. Look at the preview for garbled characters."),
        ),
        "INVALID_BYTES": (
            "error",
            _("Byte {offset} of the line ({byte}) is not {encoding}."),
            _("Save the file again as UTF-8."),
        ),
        "CARRIAGE_RETURNS": (
            "warning",
            _("The lines end with a carriage return alone, and were read as such."),
            _("Nothing to do; lines are counted by these line ends."),
        ),
        "OPEN_QUOTE": (
            "error",
            _("A quote opens in this row and is not closed, or its cell is beyond {limit} MB."),
            _("Close it; a quote inside a quoted cell is written twice."),
        ),
        "BAD_QUOTE": (
            "error",
            _("Something follows a closing quote in this row, before the next comma."),
            _("Write a quote inside a quoted cell twice; an earlier quote may not be closed."),
        ),
        "LONE_RETURN": (
            "error",
            _("A carriage return stands alone in this row, outside quotes."),
            _("Put the cell in double quotes, or remove the character."),
        ),
        "COLUMN_COUNT": (
            "error",
            _("The row has {count} cells, but there are {wanted} columns."),
            _("Put cells with commas or line ends in double quotes."),
        ),
        "DUPLICATE_COLUMN": (
            "error",
            _("The column “{name}” is there twice, so one of its cells would be lost."),
            _("Rename or remove one of them."),
        ),
        "NO_HEADER": (
            "warning",
            _("The first row was taken for data, not for the columns' names."),
            _("If it holds names, say so: --columns header=yes (in the wizard --set dataset.header=yes)."),
        ),
        "HEADER_UNCLEAR": (
            "error",
            _("The first row may hold the columns' names, or be a row like the others: {cells}"),
            _("Say which: --columns header=yes for names, --columns header=no for a row."),
        ),
        "OTHER_SHEETS": (
            "warning",
            _("Only the sheet “{sheet}” is read; other sheets: {others}."),
            _("Save another sheet as a file of its own to use it."),
        ),
        "ARRAY_OPEN": (
            "error",
            _("What begins here has no end, so nothing after it could be read."),
            _("Check whether the file was cut off, or a quote or bracket is missing."),
        ),
        "AFTER_ARRAY": (
            "error",
            _("Something follows the end of the JSON array, and was not read."),
            _("Keep one array, or write one object a line."),
        ),
        "ANSWER_INDEX": (
            "error",
            _(
                "The answer is the number {number}, and it is not sure whether the options count from 0 or from 1."
            ),
            _("Say it with dataset.columns.counting=0 or dataset.columns.counting=1."),
        ),
        "INDEX_COUNTED": (
            "warning",
            _("The answers are numbers; the options are counted from {base}: {why}."),
            _("If that is wrong, say it with dataset.columns.counting=0 or =1."),
        ),
        "OPTION_LABELS": (
            "error",
            _("Some of the options begin with their label and some don't."),
            _("Label all of them, or none."),
        ),
        "OPTIONS_UNREADABLE": (
            "error",
            _("“{field}” can't be divided into options without doubt."),
            _("Give the options as an object, as a list, or one a line with their labels."),
        ),
        "TOO_MANY_OPTIONS": ("error", _("The number of options is {count}."), _("At most 26 are possible.")),
        "NOTHING_TO_LEARN": ("error", _("“{field}” is empty."), again),
        "TOOL_TURN": (
            "error",
            _("Turn {number} is a call of a tool or its result (“{role}”)."),
            _("Rows with calls of tools can't be converted; leave them out."),
        ),
        "LAST_NOT_USER": (
            "error",
            _("What comes before the two answers does not end with the user's turn."),
            _("Let “messages” end with what the user said."),
        ),
        "PREFERENCE_UNCLEAR": (
            "error",
            _("“{field}” is not one answer of the assistant."),
            _("Give “chosen” and “rejected” as texts, or as messages of the assistant to the same question."),
        ),
        # writing
        "ORDER_KEPT": (
            "warning",
            _("The options were left in their order: one speaks of others, or the question of a letter."),
            _("Nothing to do."),
        ),
    }


class Findings:
    """Findings counted by code, with the first ``keep`` of each kept: 100,000 faults cost what a few cost."""

    __slots__ = ("_counts", "_kept", "_severities", "keep")

    def __init__(self, found: Iterable[Finding] = (), *, keep: int = 20) -> None:
        self.keep = keep
        self._counts: Counter[str] = Counter()
        self._kept: dict[str, list[Finding]] = {}
        self._severities: dict[str, Severity] = {}
        for one in found:
            self.add(one)

    def add(self, found: Finding) -> None:
        """Count ``found``, and keep it while it is one of the first of its code."""
        self._counts[found.code] += 1
        self._severities[found.code] = found.severity
        kept = self._kept.setdefault(found.code, [])
        if len(kept) < self.keep:
            kept.append(found)

    def merge(self, other: Findings) -> None:
        """Add all that ``other`` counted; what it kept must come after what is kept here."""
        for code, count in other._counts.items():
            self._counts[code] += count
            self._severities[code] = other._severities[code]
            kept = self._kept.setdefault(code, [])
            kept.extend(other._kept[code][: self.keep - len(kept)])

    def moved(self, move: Callable[[Finding], Finding]) -> Findings:
        """The same counts, with each finding that is kept as ``move`` gives it."""
        other = Findings(keep=self.keep)
        other._counts.update(self._counts)
        other._severities.update(self._severities)
        other._kept = {code: [move(found) for found in kept] for code, kept in self._kept.items()}
        return other

    @property
    def counts(self) -> dict[str, int]:
        """How many of each code, in the order in which each was first met."""
        return dict(self._counts)

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return self._count("error")

    @property
    def warnings(self) -> int:
        """How many findings are warnings."""
        return self._count("warning")

    def first(self, code: str) -> tuple[Finding, ...]:
        """The first findings of ``code``, in order of the rows."""
        return tuple(self._kept.get(code, ()))

    def severity(self, code: str) -> Severity:
        """The severity of a ``code`` that was met."""
        return self._severities[code]

    def as_dict(self) -> dict[str, Any]:
        """For programs: errors, warnings, counts by code, and the findings kept."""
        return {
            "errors": self.errors,
            "warnings": self.warnings,
            "counts": self.counts,
            "findings": [found.as_dict() for found in self],
        }

    def _count(self, severity: Severity) -> int:
        return sum(count for code, count in self._counts.items() if self._severities[code] == severity)

    def __iter__(self) -> Iterator[Finding]:
        """The findings kept, in order of their lines."""
        kept = [found for some in self._kept.values() for found in some]
        return iter(sorted(kept, key=lambda found: found.where.line))

    def __len__(self) -> int:
        return self._counts.total()

    def __bool__(self) -> bool:
        return bool(self._counts)
