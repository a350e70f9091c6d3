"""Bytes of a source that are no text, or no whole value: the finding for each kind."""

from __future__ import annotations

from wizard.data.files.arrays import MOST_OTHERS, AnotherList, NoObjects, TooDeep, Trailing, Unfinished
from wizard.data.files.encodings import Undecodable
from wizard.data.files.lines import LINE_LIMIT, TooLong
from wizard.data.findings import Finding, Rule, quoted
from wizard.data.record import Where
from wizard.locale import N_

INVALID_UTF8 = Rule(
    "INVALID_UTF8",
    "error",
    N_("Byte {offset} of the line ({byte}) is not UTF-8."),
    N_("Save the file as UTF-8; the text may be GBK or Big5 now."),
    why=N_(
        "The platform takes UTF-8. A byte that is none stands for no character, and what was meant can only be guessed."
    ),
    bad='{"text": "café"}'.encode("latin-1"),
    good='{"text": "café"}',
)
LINE_TOO_LONG = Rule(
    "LINE_TOO_LONG",
    "error",
    N_("The line is longer than {limit} MB."),
    N_("Check whether line ends are missing; a row is one line."),
    why=N_(
        "No model that can be tuned takes a row of this length. Most often the line ends were lost, and many rows stand on one line."
    ),
    bad='{"text": "⟦long ⟧×2000001"}',
    good='{"text": "long"}',
)
JSON_TOO_DEEP = Rule(
    "JSON_TOO_DEEP",
    "error",
    N_("The JSON on this line is nested too deeply, or holds a number too large to read."),
    N_("Correct the row, or leave it out."),
    why=N_(
        "A question or a chat needs two or three levels. What goes far deeper was most likely damaged, and what it should have been can't be told."
    ),
    bad='{"question": ⟦[⟧×100000',
    good='{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}',
)
NO_OBJECTS = Rule(
    "NO_OBJECTS",
    "error",
    N_("{count} values one after the other are no objects in braces; nothing behind them was read."),
    N_("Rows are objects: look whether this is the list that you mean."),
    why=N_(
        "A row is an object with named fields. So many values without names mean that this is another list than the one that holds your rows."
    ),
    bad='[⟦№, ⟧×100{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}]',
    good='[{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}]',
    name="rows.json",
)
INVALID_BYTES = Rule(
    "INVALID_BYTES",
    "error",
    N_("Byte {offset} of the line ({byte}) is not {encoding}."),
    N_("Save the file again as UTF-8."),
    why=N_(
        "A damaged byte stands for no character. What was meant is lost in this file, and the wizard doesn't guess."
    ),
    bad='{"text": "x\ud800"}\n'.encode("utf-16", "surrogatepass"),
    good='{"text": "x"}',
)
ARRAY_OPEN = Rule(
    "ARRAY_OPEN",
    "error",
    N_("What begins here has no end, so nothing after it could be read."),
    N_("Check whether the file was cut off, or a quote or bracket is missing."),
    why=N_(
        "Where something has no end, nobody can tell where the next row begins. Rows behind it would be missing without anyone noticing."
    ),
    bad=(
        "[\n"
        '{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"},\n'
        '{"question": "3 + 4 = ?'
    ),
    good=('[\n{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}\n]'),
    name="rows.json",
)
AFTER_ARRAY = Rule(
    "AFTER_ARRAY",
    "error",
    N_("Something follows the end of the JSON array, and was not read."),
    N_("Keep one array, or write one object a line."),
    why=N_(
        "A file holds one list. What stands behind it would be missing from the training without anyone noticing."
    ),
    bad=(
        "[\n"
        '{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}\n'
        "]\n"
        '{"question": "1 + 4 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}'
    ),
    good=(
        "[\n"
        '{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"},\n'
        '{"question": "1 + 4 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}\n'
        "]"
    ),
    name="rows.json",
)


TWO_LISTS = Rule(
    "TWO_LISTS",
    "error",
    N_("The object holds another list of rows, “{name}”, which was not read."),
    N_("Write each list as a file of its own, and say which is for training and which for validation."),
    why=N_(
        "Lists with names of their own, such as train and test, are for different things. Which is to be trained is for you to say."
    ),
    bad=(
        '{"train": [{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}],\n'
        '"test": [{"question": "1 + 4 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}]}'
    ),
    good='{"train": [{"question": "2 + 3 = ?", "options": {"A": "5", "B": "6"}, "answer_idx": "A"}]}',
    name="rows.json",
)


BESIDE_ROWS = Rule(
    "BESIDE_ROWS",
    "warning",
    N_("“{field}” stands beside the list of rows, and is not sent: “{text}”."),
    N_("Nothing to do; if the rows need it, write it into each of them."),
    why=N_(
        "Only the rows of the list are trained. What is said once for all of them reaches the model only where each row says it."
    ),
    bad='{"note": "All in grams.", "data": [{"instruction": "2 + 3 = ?", "output": "5"}]}',
    good='{"note": "", "data": [{"instruction": "2 + 3 = ?", "output": "5"}]}',
    name="rows.json",
)
CUT = frozenset({TWO_LISTS.code})
"""What says that rows were not read: whoever leaves out what has it trains with a part of them."""


def why_not_decoded(raw: bytes, where: Where) -> Finding:  # noqa: PLR0911 - one return a kind
    """The finding for bytes that begin at ``where``, may go over several lines, and are not all of their encoding."""
    match raw:
        case TooLong():
            return LINE_TOO_LONG.at(where, limit=LINE_LIMIT // 1_000_000)
        case TooDeep():
            return JSON_TOO_DEEP.at(where)
        case NoObjects():
            return NO_OBJECTS.at(where, count=MOST_OTHERS)
        case Unfinished():
            return ARRAY_OPEN.at(where)
        case AnotherList():
            return TWO_LISTS.at(where, name=quoted(raw[:-1].decode("utf-8", "replace")))
        case Trailing():
            return AFTER_ARRAY.at(where)
        case Undecodable():
            byte = f"0x{raw.byte:02x}"
            return INVALID_BYTES.at(where, offset=raw.offset, byte=byte, encoding=raw.encoding)
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        at = error.start
        there = Where(where.file, where.line + raw.count(b"\n", 0, at))
        offset = at - raw.rfind(b"\n", 0, at)
        return INVALID_UTF8.at(there, offset=offset, byte=f"0x{raw[at]:02x}")
    raise AssertionError("these bytes can be decoded")
