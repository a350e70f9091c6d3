"""What of a row must not be left out in silence: whether its answer is a bad one, its pictures, options beside a bare letter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from wizard.data.findings import Finding, Rule, quoted
from wizard.data.record import Chat, Record, Where, trim
from wizard.data.shapes.guess import is_options
from wizard.data.shapes.names import KTO, is_media, is_picture, is_there, plain_name, says_good_or_bad
from wizard.data.shapes.plan import IGNORE, LABELS, NO_COLUMN, Given, Plan, listed, unread_options
from wizard.data.shapes.roles import approves
from wizard.locale import N_

KTO_ROW = Rule(
    "KTO_ROW",
    "error",
    N_(
        "“{field}” says whether the answer is a good one ({value}), as rows for KTO do, which can't be trained here."
    ),
    N_(
        "Keep only the good answers, or make pairs of a good and a bad one (DPO). If the field says something else: --ignore {field}."
    ),
    why=N_(
        "In fine-tuning each answer is learned as a right one. One that is marked as bad would be taught like all others."
    ),
    bad='{"prompt": "2 + 3 = ?", "completion": "6", "label": false}',
    good='{"prompt": "2 + 3 = ?", "completion": "5"}',
)
PICTURE_FIELD = Rule(
    "PICTURE_FIELD",
    "error",
    N_("“{field}” holds a picture, sound or film, which can't be sent: {value}."),
    N_("Leave the row out; or, if it is understood without it: --ignore {field}."),
    why=N_(
        "Only text is trained here. Without the picture the question can't be answered, and the model learns to guess."
    ),
    bad='{"query": "What is shown?", "response": "A cup.", "images": ["cup.jpg"]}',
    good='{"query": "What is a cup?", "response": "A thing to drink from.", "images": []}',
)
OPTIONS_NOT_READ = Rule(
    "OPTIONS_NOT_READ",
    "error",
    N_("The answer is only “{answer}”, and “{field}” looks like the options, but isn't read as such."),
    N_("Say so: --columns options={field}. If it is something else: --ignore {field}."),
    why=N_("The model would learn a letter as the answer to a question without options."),
    bad='{"question": "2 + 3 = ?", "possible": ["five", "six", "seven"], "answer": "A"}',
    good='{"question": "2 + 3 = ?", "options": ["five", "six", "seven"], "answer": "A"}',
)

_MOST = len(LABELS)
_LETTERS = re.compile(r"[（(\s]*[A-Ja-jＡ-Ｊ](?:[\s,，、;；]*[A-Ja-jＡ-Ｊ]){0,5}[)）\s.．]*")


def refused(row: Mapping[str, Any], names: tuple[str, ...], columns: Given, where: Where) -> list[Finding]:
    """The errors of a row for those of its fields ``names`` that must not be left out in silence."""
    found = []
    for name, marks, media in _each(names, columns):
        value = row.get(name)
        if marks and says_good_or_bad(name, value) and not approves(name, value):
            found.append(KTO_ROW.at(where, field=quoted(name), value=quoted(str(value).casefold())))
        elif (media and is_there(value)) or is_picture(value):
            found.append(PICTURE_FIELD.at(where, field=quoted(name), value=quoted(value)))
    return found


@lru_cache(maxsize=2048)
def _each(names: tuple[str, ...], columns: Given) -> tuple[tuple[str, bool, bool], ...]:
    """Those of ``names`` that nobody left out knowingly, with what they may hold."""
    ignored = listed(dict(columns).get(IGNORE, ""))
    return tuple([(name, *watched(name)) for name in names if name not in ignored])


def watched(name: str) -> tuple[bool, bool]:
    """Whether a field of this name may say that its row is bad, and whether it holds pictures."""
    return plain_name(name) in KTO, is_media(name)


def lost(row: Mapping[str, Any], record: Record, planned: Plan, columns: Given) -> tuple[Finding, ...]:
    """The errors of a row that could be sent but for what it would lose."""
    if not planned.extra:
        return ()
    found = refused(row, planned.extra, columns, record.where)
    if "output" in planned.meanings and isinstance(record, Chat):
        reply = record.messages[-1].content
        if _LETTERS.fullmatch(reply) is not None:
            given = dict(columns)
            ignored = listed(given.get(IGNORE, ""))
            some = [name for name in planned.extra if name not in ignored and is_options(row.get(name))]
            each = [
                name for name in unread_options(planned) if is_there(row.get(name)) and name not in ignored
            ]
            options = some[0] if some else ",".join(each[:_MOST]) if len(each) > 1 else ""
            if options and given.get("options") != NO_COLUMN:
                found.append(
                    OPTIONS_NOT_READ.at(record.where, answer=quoted(trim(reply)), field=quoted(options))
                )
    return tuple(found)
