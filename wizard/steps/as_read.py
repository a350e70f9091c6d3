"""The one screen that says how a file is read: what each column is and how that is known, a row of it as it is sent, sheet and header.

Its lines are the answers that ``--set`` takes, each to be changed from here; it is asked where a person wants it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.engine.step import Answer, Choice, Facts, Field
from wizard.errors import WizardError
from wizard.local.harmless import in_a_line
from wizard.locale import _, enumerated, joined, ngettext
from wizard.steps import columns
from wizard.steps.help import about
from wizard.steps.wording import first_few

if TYPE_CHECKING:
    from wizard.data.shapes.reading import Reading
    from wizard.engine.view import View

AS_READ = Answer(
    key="dataset.as_read",
    kind="choice",
    name=lambda: _("How the file is read"),
    help=lambda: about("dataset.as_read"),
    attended=True,
    public=True,
    in_plan=False,
)
_NEEDS = ("dataset.source", "dataset.file")
_EXCHANGE = ("question", "answer", "options", "passage", "system", "group")
TABLES = ("csv", "tsv", "xlsx")
"""Containers of which the first row may hold names."""
_TALK = ("speaker", "content", "group", "order")


def way_in(facts: Facts) -> tuple[Choice, ...]:
    """The choice that leads here, where anything of how the file is read could be otherwise."""
    from wizard.steps.facts import Chosen

    files = Chosen.all(facts)
    read = files[0].understood if files else None
    if read is None or facts.get("dataset.set"):
        return ()
    if not (_open_to(read) or _counted(read) or read.container in TABLES):
        return ()
    return (Choice("columns", _("Something is wrong with the columns"), edits=AS_READ.key),)


def unasked() -> Field:
    """As long as nobody wants to see it."""
    yes = Choice("yes", _("All is right"))
    return AS_READ.ask(label=AS_READ.name(), default="yes", choices=(yes,), quiet=True, needs=_NEEDS)


def screen(file: Path, read: Reading, facts: Facts, sheets: Sequence[str]) -> Field:
    """The question with every line of it; ``read``: what is understood of ``file`` with all that was answered."""
    missing = _missing(file, read, facts)
    first = columns.undecided(AS_READ.key) if missing else Choice("yes", _("All is right, go on"))
    lines = tuple(_lines(read, sheets))
    return AS_READ.ask(
        label=_("What shall be read otherwise?"),
        default="yes",
        choices=(first, *lines),
        quiet=True,
        open=True,  # Enter takes it as it is only where that can be sent, but who leaves it has answered
        check=lambda value: None if value == "yes" else _("All is right, go on"),
        needs=_NEEDS,
        above=lambda: _shown(file, read, facts, missing, len(lines)),
    )


def fields(read: Reading) -> Iterator[Field]:
    """The questions behind the lines: which column has a meaning, and from where options are counted; asked when one is chosen."""
    for meaning in _open_to(read):
        choices = [Choice(column.name, column.name, " | ".join(column.samples)) for column in read.fields]
        now = _columns(read).get(meaning, ())
        if meaning == "options":
            if len(now) > 1:
                spoken = ",".join(now)
                choices.insert(0, Choice(spoken, _("{columns}: an option in each").format(columns=spoken)))
            choices.append(Choice(columns.SEVERAL, _("Each option has a column of its own (asked next)")))
        if meaning in ("options", "group", "order"):
            choices.append(Choice(columns.NONE, _("No column")))
        yield columns.changed(meaning, read, tuple(choices))
    if _counted(read):
        yield columns.answer("counting").ask(
            kind="choice",
            label=_("From where are the options counted?"),
            choices=(
                Choice("0", _("From 0: the first option is 0")),
                Choice("1", _("From 1: the first option is 1")),
            ),
            default=None,
            quiet=True,
            needs=_NEEDS,
        )


def _open_to(read: Reading) -> tuple[str, ...]:
    """The meanings that a person can give to columns."""
    if len(read.fields) < 2:  # noqa: PLR2004 - one column has no other to be taken for
        return ()
    if read.shape == "talk":
        return _TALK
    return _EXCHANGE if columns.correctable(read) or not read.shape else ()


def _columns(read: Reading) -> Mapping[str, tuple[str, ...]]:
    """Meaning -> its columns, by the names under which they are asked for."""
    return {columns.SAME.get(meaning, meaning): named for meaning, named in read.meanings()}


def _counted(read: Reading) -> bool:
    return read.counting is not None or "numbers" in read.answers


def _how_counted(read: Reading) -> str:
    if read.counting is None:
        return _("not said")
    proving, numbered, _line = read.proof
    if not proving:
        return _("from {base}").format(base=read.counting)
    return ngettext(
        "from {base}: {count:,} of {rows:,} rows proves it",
        "from {base}: {count:,} of {rows:,} rows prove it",
        proving,
    ).format(base=read.counting, count=proving, rows=numbered)


def _lines(read: Reading, sheets: Sequence[str]) -> Iterator[Choice]:
    from wizard.steps.reading import meanings_shown

    samples = {column.name: column.samples for column in read.fields}
    names = meanings_shown() | {"group": _("rows of one chat")}
    known = _columns(read)
    for meaning in _open_to(read):
        now = known.get(meaning, ())
        key = columns.PREFIX + meaning
        yield Choice(
            key,
            names[meaning],
            brief=in_a_line(first_few(now)) if now else _("no column"),
            note=in_a_line(" | ".join(samples.get(now[0], ()))) if now else "",
            edits=key,
            offers=",".join(now) or None,
        )
    if _counted(read):
        key = f"{columns.PREFIX}counting"
        yield Choice(
            key, _("options counted"), brief=_how_counted(read), edits=key, offers=str(read.counting)
        )
    if len(sheets) > 1:
        sheet = read.sheet or sheets[0]
        others = ngettext("{count} other", "{count} others", len(sheets) - 1).format(count=len(sheets) - 1)
        brief = _("{text} ({aside})").format(text=in_a_line(sheet), aside=others)
        yield Choice(columns.SHEET, _("sheet"), brief=brief, edits=columns.SHEET, offers=sheet)
    if read.container in TABLES:
        brief = _("a row like the others") if read.header is False else _("names of the columns")
        offers = "no" if read.header is False else "yes"
        yield Choice(columns.HEADER, _("first row"), brief=brief, edits=columns.HEADER, offers=offers)


def _missing(file: Path, read: Reading, facts: Facts) -> str:
    """Why nothing should be sent as the file is read now; empty where it may."""
    from wizard.steps.reading import meanings_shown
    from wizard.steps.sample_rows import as_sent

    known = _columns(read)
    both = known.get("question", ()), known.get("answer", ())
    if set(both[0]) & set(both[1]):
        return _("Question and answer are the same column.")
    try:
        if read.shape and as_sent(file, columns.chosen(facts)):
            return ""
    except WizardError as problem:
        return joined(problem.message, problem.hint)
    least = [
        meaning for meaning in ("question", "answer") if meaning in _open_to(read) and meaning not in known
    ]
    if least:
        return _("Still missing: {names}").format(names=enumerated(meanings_shown()[one] for one in least))
    return _("No row can be sent like this.")


def _shown(file: Path, read: Reading, facts: Facts, missing: str, rows: int) -> View:
    from wizard.engine.view import Text, View
    from wizard.steps.reading import read_as
    from wizard.steps.sample_rows import as_sent

    used = {name for named in _columns(read).values() for name in named}
    left = [
        _("{text} ({aside})").format(
            text=in_a_line(column.name), aside=in_a_line(" | ".join(column.samples[:1]))
        )
        for column in read.fields
        if column.name not in used
    ]
    lines = [_("{title}: {line}").format(title=file.name, line=read_as(read))]
    if left and _open_to(read):
        lines.append(_("Not sent: {names}").format(names=first_few(left)))
    blocks = tuple(Text(line, "dim") for line in lines)
    if missing:
        return View((*blocks, Text(missing, "bad")))
    panel = as_sent(file, columns.chosen(facts), around=rows)
    return View((*blocks, panel) if panel else blocks)
