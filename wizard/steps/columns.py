"""Which column of the user's file means what: asked where the names don't tell, and always open to ``--set``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard.engine.step import Answer, Choice, Facts, Field, Key
from wizard.local.harmless import in_a_line
from wizard.locale import _, enumerated
from wizard.steps.help import COLUMN, about

if TYPE_CHECKING:
    from wizard.data.shapes.reading import Column, Reading
    from wizard.engine.view import View

PREFIX = "dataset.columns."
SHEET = f"{PREFIX}sheet"
HEADER = "dataset.header"
NONE = "-"
SEVERAL = "+"
"""Each option has a column of its own, which is asked for by its letter."""
ROWS = 3  # a page
_ASKED = ("question", "answer", "options")
_TOLD_BY_NAMES = frozenset(("choice", "alpaca", "prompt", "query", "pair"))
"""Shapes in which a column may have been taken for another one."""
SAME = {"instruction": "question", "output": "answer"}
_LETTERS = "ABCDEFGHIJ"
_MOST_SPEAKERS = 20  # to choose from; any other can be written
_ABOUT_ROWS = ("counting", "assistant")
"""What is said of the values of a column, not which it is."""
_WITH_QUESTIONS = frozenset((*_ASKED, "passage", "system", "counting", *_LETTERS))

SHEET_READ = Answer(
    key=SHEET, kind="text", name=lambda: _("Sheet of the workbook"), help=lambda: about(SHEET), optional=True
)

IGNORED = Answer(
    key="dataset.ignore",
    kind="text",
    name=lambda: _("Fields left out"),
    help=lambda: about("dataset.ignore"),
    optional=True,
)


def chosen(facts: Mapping[str, Any]) -> dict[str, str]:
    """Meaning -> column, of those that were answered; and whether there is a header, where somebody said so."""
    found = {
        key.removeprefix(PREFIX): str(value)
        for key, value in facts.items()
        if key.startswith(PREFIX) and value not in (None, "", SEVERAL)
    }
    told = {meaning: column for meaning, column in found.items() if column != NONE or meaning not in _LETTERS}
    told |= {"header": str(facts[HEADER])} if facts.get(HEADER) else {}
    return told | ({"ignore": str(facts[IGNORED.key])} if facts.get(IGNORED.key) else {})


def about_file(facts: Mapping[str, Any]) -> dict[str, str]:
    """What was answered about the file as a whole: which of its sheets is read, and whether it has a header."""
    known = {"header": facts.get(HEADER), "sheet": facts.get(SHEET)}
    return {name: str(value) for name, value in known.items() if value}


def named(meanings: Mapping[str, str]) -> frozenset[str]:
    """The columns that ``meanings`` names."""
    from wizard.data.shapes.plan import listed
    from wizard.data.shapes.plan import named as spoken

    each = listed(meanings.get("options", ""))
    found = spoken(meanings)
    return found - {meanings["options"]} if len(each) > 1 else found


def spoken_of(facts: Facts) -> frozenset[str]:
    """Every column that an answer speaks of, taken or only given so far."""
    from wizard.data.shapes.plan import named as spoken

    given = {key: str(value) for key, value in facts.given.items()}
    return spoken(chosen({**facts, **given}))


def problem(found: Sequence[Column], name: str) -> str | None:
    """Why columns can't be used, whatever they mean: a separator that isn't one made them all into one."""
    if len(found) != 1 or not (sign := next((one for one in "，；、" if one in found[0].name), "")):
        return None
    return _(
        "{path} has one column only, “{name}”: its cells are separated by “{sign}”, which is no separator of CSV. "
        "Save it with commas or tabs."
    ).format(path=name, name=found[0].name, sign=sign)


def undecided(key: str) -> Choice:
    """What the cursor rests on where nothing is recommended: Enter takes no answer that nobody chose."""
    return Choice("", _("Please choose:"), edits=key)


def fields(file: Path, found: Reading, facts: Facts, changeable: Sequence[Field] = ()) -> Sequence[Field]:
    """Question, answer and options are asked where ``found`` knows no shape; every other meaning is quiet, be it one of ``changeable``."""
    from wizard.data.shapes.plan import MEANINGS

    known = (*MEANINGS, *_ABOUT_ROWS)
    told = [name for name in known if f"{PREFIX}{name}" in facts.given or facts.get(f"{PREFIX}{name}")]
    wanted: tuple[str, ...] = ()
    if not found.shape and set(told) <= _WITH_QUESTIONS | ({"text"} if len(found.fields) == 1 else set()):
        wanted = _ASKED if len(found.fields) > 1 else ("text",)
    asked = [_asked(name, file, found, facts, first=name == wanted[0]) for name in wanted]
    if facts.get(f"{PREFIX}options") == SEVERAL:
        asked += _letters(found, facts)
    if found.strangers:
        asked.append(_speakers(found, facts))
    keys = {field.key for field in asked}
    more = [field for field in changeable if field.key not in keys]
    keys |= {field.key for field in more}
    left = [name for name in known if f"{PREFIX}{name}" in facts or f"{PREFIX}{name}" in facts.given]
    quiet = [_quiet(name) for name in left if f"{PREFIX}{name}" not in keys]
    if IGNORED.key in facts or IGNORED.key in facts.given:
        quiet.append(
            IGNORED.ask(
                label=IGNORED.name(),
                needs=("dataset.source", "dataset.file"),
                quiet=True,
                check=lambda value: _unknown(value, found),
            )
        )
    return [*asked, *more, *quiet]


def correctable(found: Reading) -> bool:
    """Whether what the names tell may be wrong, so that a person can say it otherwise."""
    return found.shape in _TOLD_BY_NAMES and len(found.fields) > 1


def _speakers(found: Reading, facts: Facts) -> Field:
    """Whose words are learned, where speakers are called by names that say nothing."""
    key = f"{PREFIX}assistant"
    return answer("assistant").ask(
        kind="choice",
        optional=False,
        label=_(
            "Which of those who speak in “{column}” is the assistant, whose words shall be learned?"
        ).format(column=in_a_line(found.guess["speaker"])),
        choices=(
            undecided(key),
            *(Choice(word, in_a_line(word)) for word in found.strangers[:_MOST_SPEAKERS]),
        ),
        open=True,
        needs=_about_needs(facts),
    )


def _about_needs(facts: Facts) -> tuple[str, ...]:
    """What makes columns other ones; that nothing is said of header and sheet is as good as that nobody was asked."""
    return ("dataset.source", "dataset.file", *(key for key in (HEADER, SHEET) if facts.get(key)))


def answers() -> tuple[Answer, ...]:
    """One for each meaning that a column can have, and from where options are counted."""
    from wizard.data.shapes.plan import MEANINGS

    return (SHEET_READ, IGNORED, *(answer(name) for name in (*MEANINGS, *_ABOUT_ROWS)))


def answer(meaning: str) -> Answer:
    """The answer which column has ``meaning``."""
    return Answer(
        key=PREFIX + meaning,
        kind="text",
        name=lambda: _name(meaning),
        help=lambda: about(COLUMN),
        optional=True,
        schema=lambda: {"enum": ["0", "1"]} if meaning == "counting" else {},
        shown=_shown,
    )


def _name(meaning: str) -> str:
    if meaning == "counting":
        return _("Options counted from")
    if meaning == "assistant":
        return _("Speakers who are the assistant")
    return _("Column: {meaning}").format(meaning=_meaning_shown(meaning))


def _meaning_shown(meaning: str) -> str:
    """What a column means, for a person; those that are fields of a known layout are called as they are there."""
    from wizard.steps.reading import meanings_shown

    if meaning in _LETTERS:
        return _("option {letter}").format(letter=meaning)
    return meanings_shown().get(meaning, meaning)


def sheet(names: Sequence[str]) -> Field:
    """Which sheet of a workbook is read, where its first has no rows."""
    return SHEET_READ.ask(
        kind="choice",
        optional=False,
        label=_("The first sheet has no rows. Which sheet shall be read?"),
        default=names[0],
        choices=tuple(Choice(name, name) for name in names),
        needs=("dataset.source", "dataset.file"),
    )


def other_sheet(names: Sequence[str]) -> Field:
    """Which sheet is read, where the first has rows and a person may want another one."""
    return SHEET_READ.ask(
        kind="choice",
        label=_("Which sheet shall be read?"),
        choices=tuple(Choice(name, in_a_line(name)) for name in names),
        needs=("dataset.source", "dataset.file"),
        quiet=True,
    )


def no_sheet() -> Field:
    """Takes back which sheet is read, where there is nothing to choose from any more."""
    return SHEET_READ.ask(label=SHEET_READ.name(), needs=("dataset.source", "dataset.file"), quiet=True)


def _shown(column: Any) -> str:
    return {NONE: _("none"), SEVERAL: _("one for each option")}.get(column, in_a_line(str(column)))


def _label(name: str) -> str:
    labels = {
        "question": _("Which column has what the user asks (the question)?"),
        "answer": _("Which column has the answer?"),
        "options": _("Which column has the options?"),
        "text": _("Is this plain text, to go on training with?"),
    }
    return labels.get(name) or _("Which column is “{meaning}”?").format(meaning=_meaning_shown(name))


def changed(name: str, found: Reading, choices: tuple[Choice, ...]) -> Field:
    """Which column has a meaning, where it is known and a person may want another one."""
    return answer(name).ask(
        kind="choice",
        label=_label(name),
        choices=choices,
        open=name == "options",
        check=(lambda value: _unfit(value, choices, found, set())) if name == "options" else _fits,
        quiet=True,
        needs=("dataset.source", "dataset.file"),
    )


def _fits(_value: Any) -> None:
    """Any of the choices does."""


def _asked(name: str, file: Path, found: Reading, facts: Facts, *, first: bool) -> Field:
    earlier = (
        [meaning for meaning in _ASKED[: _ASKED.index(name)] if name in _ASKED] if name in _ASKED else []
    )
    taken = {str(facts.get(f"{PREFIX}{meaning}")) for meaning in earlier}
    choices = [
        Choice(column.name, column.name, " | ".join(column.samples))
        for column in found.fields
        if column.name not in taken
    ]
    default, guessed = _guess(name, found, facts, taken)
    if name == "options":
        if default is not None and default not in (NONE, *(choice.value for choice in choices)):
            choices.insert(0, Choice(default, _("{columns}: an option in each").format(columns=default)))
        choices += [
            Choice(NONE, _("There are no options")),
            Choice(SEVERAL, _("Each option has a column of its own (asked next)")),
        ]
    if default is None:
        choices.insert(0, undecided(f"{PREFIX}{name}"))
    return answer(name).ask(
        kind="choice",
        optional=False,
        label=_label(name),
        default=default,
        guessed=guessed,
        choices=tuple(choices),
        open=name == "options",
        check=lambda value: _unfit(value, choices, found, taken),
        needs=(*_about_needs(facts), *(f"{PREFIX}{meaning}" for meaning in earlier)),
        browse=(lambda page: _columns_shown(file, page, facts)) if first else None,
        keys=_about_table(found) if first else (),
    )


def _about_table(found: Reading) -> tuple[Key, ...]:
    """What may be wrong where no name of a column tells anything: another sheet is meant, or the first row holds no names."""
    another = Key("t", _("another sheet"), edits=SHEET)
    header = Key("h", _("the first row"), edits=HEADER)
    return {"xlsx": (another, header), "csv": (header,), "tsv": (header,)}.get(found.container, ())


def _guess(name: str, found: Reading, facts: Facts, taken: set[str]) -> tuple[str | None, bool]:
    """(what to rest on, whether it is only a guess), None where several columns would do."""
    from wizard.data.shapes.guess import is_label
    from wizard.data.shapes.plan import listed

    guess = found.guess.get(name)
    if guess is not None and taken & {guess, *listed(guess)}:
        guess = None
    if guess is not None and name in found.sure:
        return guess, False
    if name == "text":
        return found.fields[0].name, True
    if name == "options" and any(f"{PREFIX}{letter}" in {**facts, **facts.given} for letter in _LETTERS):
        return SEVERAL, False
    if name == "options" and guess is None:
        reply = facts.get(f"{PREFIX}answer") or (
            found.guess.get("answer") if "answer" in found.clear else None
        )
        samples = next((column.samples for column in found.fields if column.name == reply), ())
        if not samples or all(map(is_label, samples)):
            return None, True  # a letter for an answer: there are options somewhere
        return NONE, not {f"{PREFIX}question", f"{PREFIX}answer"} <= facts.keys()
    return (guess if name in found.clear else None), True


def _unfit(value: str, choices: Sequence[Choice], found: Reading, taken: set[str]) -> str | None:
    """Why ``value`` names no column, or columns, that can have this meaning."""
    from wizard.data.shapes.plan import listed

    if value in [choice.value for choice in choices if not choice.edits]:
        return None
    there = [column.name for column in found.fields]
    each = listed(value)
    for one in each:
        if one in taken:
            return _("The column “{name}” has another meaning already.").format(name=in_a_line(one))
        if one not in there:
            return _("There is no column “{name}”; the columns are: {names}").format(
                name=in_a_line(one), names=in_a_line(enumerated(there))
            )
    return None if len(each) > 1 else _("Options need two columns at least, such as first,second.")


def _unknown(value: str, found: Reading) -> str | None:
    """Why ``value`` names no fields that could be left out."""
    from wizard.data.shapes.plan import listed

    there = [column.name for column in found.fields]
    missing = next((one for one in listed(value) if one not in there), None)
    return (
        None
        if missing is None
        else _("There is no column “{name}”; the columns are: {names}").format(
            name=in_a_line(missing), names=in_a_line(enumerated(there))
        )
    )


def _letters(found: Reading, facts: Facts) -> list[Field]:
    """A question for the column of each option, until somebody says that there are no more."""
    made: list[Field] = []
    taken = {str(facts.get(f"{PREFIX}{meaning}")) for meaning in _ASKED}
    for letter in _LETTERS:
        key = f"{PREFIX}{letter}"
        choices = [
            Choice(column.name, column.name, " | ".join(column.samples))
            for column in found.fields
            if column.name not in taken
        ]
        if len(made) > 1:
            choices.insert(0, Choice(NONE, _("There are no more options")))
        else:
            choices.insert(0, undecided(key))
        made.append(
            answer(letter).ask(
                kind="choice",
                optional=False,
                label=_("Which column has option {letter}?").format(letter=letter),
                choices=tuple(choices),
                needs=(f"{PREFIX}options", *(field.key for field in made)),
            )
        )
        chosen_now = facts.get(key)
        if chosen_now in (None, NONE) or len(taken) >= len(found.fields):
            break
        taken.add(str(chosen_now))
    return made


def _quiet(name: str) -> Field:
    letter = name in _LETTERS
    return answer(name).ask(
        label=_label(name),
        needs=("dataset.source", "dataset.file", *((f"{PREFIX}options",) if letter else ())),
        quiet=True,
    )


def _columns_shown(file: Path, page: int, facts: Facts) -> View | None:
    from wizard.data.shapes.source import Source
    from wizard.engine.view import Table, Text, View

    about = about_file(facts)
    columns = Source(file, about).page(skip=page * ROWS, count=ROWS)
    if not columns:
        return None
    rows = tuple((column.name, " | ".join(column.samples)) for column in columns)
    what = _("{name}: what its columns are can't be told from here; please say it.")
    told = file.name
    if "sheet" in about:
        told = _("{name}, sheet “{sheet}”").format(name=told, sheet=about["sheet"])
    return View((Text(what.format(name=told), "warn"), Table((_("Column"), _("Values")), rows)))
