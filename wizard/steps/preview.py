"""Step 2: what will be sent, seen before anything leaves the machine; then the conversion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from wizard.contract import events
from wizard.engine.step import Answer, Choice, Facts, Field, Key, Step, Work
from wizard.errors import DataError, Remedy, WizardError
from wizard.locale import _, enumerated, joined, ngettext
from wizard.steps import as_read
from wizard.steps.altered import ALTERED, keep_aside
from wizard.steps.facts import SENT_ROLES, Chosen, Converted, Counted, Sampled, Systems, trained
from wizard.steps.findings import found_in, in_full, in_short, view_of
from wizard.steps.help import about
from wizard.steps.reading import told
from wizard.steps.sample_rows import Beginning, beginning, page_of, whole
from wizard.steps.world import World

if TYPE_CHECKING:
    from wizard.data.checking.audit import Checked
    from wizard.data.checking.statistics import Statistics
    from wizard.data.converting.convert import Conversion
    from wizard.data.sent import Wording
    from wizard.data.tokens import Tokenizer
    from wizard.engine.view import View

_Looked: TypeAlias = "tuple[tuple[Checked, ...], Statistics]"

MEDQA_OUTPUT = "datasets/MedQA_BaiLian"
OTHER_OUTPUT = "datasets/BaiLian"
MB = 1_000_000  # bytes, as the platform counts its limit
LEAST_PART = 5  # MB; smaller ones would only be many


def _most_mb() -> int:
    from wizard.data.converting.parts import MAX_PART_SIZE

    return MAX_PART_SIZE // MB


def _unfit_part(size: Any) -> str | None:
    most = _most_mb()
    if LEAST_PART <= size <= most:
        return None
    return _("Parts have {least} to {most} MB.").format(least=LEAST_PART, most=most)


def _wordings() -> Mapping[str, Wording]:
    from wizard.data.sent import WORDINGS

    return WORDINGS


def words_shown(language: str) -> str:
    """What stands around a question in ``language``."""
    wording = _wordings()[language]
    return joined(wording.options, f"A. … {wording.answer}A. …")


# None of these is in the plan, but for the language: the system prompt, what is left out and the parts show in the bytes
# that are sent, and the plan says of the prompt what the rows then have; the rest concerns this computer only.
SYSTEM_PROMPT = Answer(
    key="preview.system_prompt",
    kind="text",
    name=lambda: _("System prompt"),
    help=lambda: about("preview.system_prompt"),
    in_plan=False,
)
LANGUAGE = Answer(
    key="preview.language",
    kind="choice",
    name=lambda: _("Question wording"),
    help=lambda: about("preview.language"),
    public=True,
    schema=lambda: {"enum": list(_wordings())},
    shown=words_shown,
)
LOOKS_RIGHT = Answer(
    key="preview.looks_right",
    kind="choice",
    name=lambda: _("Samples look right"),
    help=lambda: about("preview.looks_right"),
    attended=True,
    public=True,
    in_plan=False,
)
ON_ERROR = Answer(
    key="preview.on_error",
    kind="choice",
    name=lambda: _("Rows that can't be sent"),
    help=lambda: about("preview.on_error"),
    public=True,
    schema=lambda: {"enum": ["stop", "skip"]},
    in_plan=False,
)
UNSENT = Answer(
    key="preview.unsent",
    kind="choice",
    name=lambda: _("Fields that are not sent"),
    help=lambda: about("preview.unsent"),
    attended=True,  # without a person nobody is shown the fields of the first rows, and all are left out
    public=True,
    in_plan=False,
)
READ = Answer(
    key="preview.read",
    kind="choice",
    name=lambda: _("Remarks about the rows read"),
    help=lambda: about("preview.read"),
    attended=True,
    public=True,
    in_plan=False,
)
PART_SIZE = Answer(
    key="preview.part_size",
    kind="integer",
    name=lambda: _("Largest part (MB)"),
    help=lambda: about("preview.part_size"),
    schema=lambda: {"minimum": LEAST_PART, "maximum": _most_mb()},
    check=_unfit_part,
    in_plan=False,
)
OUTPUT = Answer(
    key="preview.output",
    kind="path",
    name=lambda: _("Folder of the converted files"),
    help=lambda: about("preview.output"),
    in_plan=False,
)


class Preview(Step):
    """Shows originals beside what will be sent, and converts once they look right."""

    id: ClassVar[str] = "preview"
    needs: ClassVar[tuple[str, ...]] = ("dataset.files",)
    gives: ClassVar[tuple[str, ...]] = (
        "preview.files",
        "preview.statistics",
        "preview.stamps",
        "preview.findings",
    )

    def __init__(self, world: World) -> None:
        self._world = world
        self._beginnings: dict[str, tuple[Chosen | None, Beginning]] = {}
        self._page = 0  # the one that is looked at
        self._looked: _Looked | None = None

    @classmethod
    def answers(cls) -> Sequence[Answer]:
        """What the rows become, and where."""
        return (LANGUAGE, SYSTEM_PROMPT, LOOKS_RIGHT, ON_ERROR, UNSENT, PART_SIZE, OUTPUT, ALTERED, READ)

    def title(self) -> str:
        """As on the screen."""
        return _("Preview")

    def fields(self, facts: Facts) -> Sequence[Field]:
        """The words around the rows, whether the samples look right, and where the converted files go."""
        return (
            *self._around_questions(facts),
            self._system_prompt(facts),
            self._looks_right(facts),
            ON_ERROR.ask(
                label=_("What about rows that can't be sent?"),
                default="stop",
                choices=(
                    Choice("stop", _("Stop, so that I can correct them")),
                    Choice("skip", _("Leave them out and list them in a file")),
                ),
                quiet=True,
            ),
            UNSENT.ask(
                label=_("What about fields that turn up only further on, and will not be sent?"),
                default="ask",
                choices=(
                    Choice("ask", _("Ask before they are left out")),
                    Choice("drop", _("Leave them out")),
                ),
                quiet=True,
            ),
            PART_SIZE.ask(
                label=_("How large may a file be that is sent, in MB?"),
                why=_("Larger data is sent as several files; the platform trains on all of them."),
                default=_most_mb(),
                quiet=True,
            ),
            OUTPUT.ask(
                label=_("In which folder shall the converted files be written?"),
                default=self._default_output(facts),
                quiet=True,
            ),
            ALTERED.ask(
                label=_("Which changes in the converted files are left out? (their code)"),
                default="",
                quiet=True,
            ),
            self._read(facts),
        )

    def _looks_right(self, facts: Facts) -> Field:
        """Whether all rows are converted as these are; where none of them can be sent, that is said and not asked."""
        begun = self._beginning(facts)
        none = begun is not None and not begun.rows
        left_aside = enumerated(self._unsent_fields(facts))
        go_on = _("Yes, convert all rows")
        if none:
            go_on = _("Go through all rows; it is told line by line what is wrong")
        elif left_aside:
            go_on = _("Yes, convert all rows without these fields")
        others = (Choice("data", _("Take other data"), edits="dataset.source"),)
        return LOOKS_RIGHT.ask(
            label=_("No row can be sent as the file is read. What now?")
            if none
            else _("Does this look right?"),
            why=_("These fields of your data will not be sent: {names}").format(names=left_aside)
            if left_aside
            else "",
            default="yes",
            choices=(
                Choice("yes", go_on),
                *(() if none else self._other_words(facts)),
                *as_read.way_in(facts),
                *(others if none else ()),
            ),
            needs=("dataset.files", "preview.system_prompt", "preview.language"),
            browse=lambda page: self._turned(facts, page),
            keys=(
                Key("o", _("the row as it is in the file"), lambda: self._whole(facts, original=True)),
                Key("a", _("all that is sent of it"), lambda: self._whole(facts, original=False)),
            ),
        )

    def _around_questions(self, facts: Facts) -> tuple[Field, ...]:
        """The language of the words around a question, where there are questions with options."""
        if not self._has_questions(facts):
            return ()
        language = LANGUAGE.ask(
            label=_("In which language shall the words around the questions be?"),
            default=next(iter(_wordings())),
            choices=tuple(Choice(name, words_shown(name)) for name in _wordings()),
            quiet=True,
        )
        return (language,)

    def _system_prompt(self, facts: Facts) -> Field:
        """What is put before questions with options; before chats only where somebody wants it."""
        from wizard.data.sent import SYSTEM_PROMPTS

        why = _("Use the very same words later, when you ask the trained model. Empty: none.")
        label = _("What shall every question begin with (the system prompt)?")
        if not self._has_questions(facts):
            label = _("What shall rows without a system prompt begin with?")
            why = joined(why, _("Rows that have their own keep it."))
        return SYSTEM_PROMPT.ask(
            label=label,
            why=why,
            default=SYSTEM_PROMPTS[self._language(facts)] if self._has_questions(facts) else "",
            quiet=True,
            without_effect=self._no_place_for_a_prompt(facts),
        )

    def _no_place_for_a_prompt(self, facts: Facts) -> str:
        """Why a system prompt is put before no row, as the conversion counted them; empty where it is before some."""
        found = [entry.get("systems") for entry in facts.get("preview.statistics") or ()]
        if not facts.get(SYSTEM_PROMPT.key) or not found or any(one is None or one["put"] for one in found):
            return ""
        if any(one["own"] for one in found):
            return _("every row has a system prompt of its own")
        return _("these rows are plain texts, which have no system prompt")

    def _other_words(self, facts: Facts) -> tuple[Choice, ...]:
        """The ways to other words around the rows that are shown."""
        from wizard.data.sent import NEUTRAL_PROMPTS

        key = SYSTEM_PROMPT.key
        change = Choice("prompt", _("Change the system prompt"), edits=key)
        if not self._has_questions(facts):
            return (change,)
        neutral = NEUTRAL_PROMPTS[self._language(facts)]
        subject = Choice("subject", _("Write a system prompt for another subject"), edits=key, offers=neutral)
        begun = self._beginning(facts)
        if begun is None or begun.chinese or self._language(facts) != "zh":
            return (change, subject)
        said = ngettext(
            "the first {count} question has no Chinese character",
            "none of the first {count} questions has a Chinese character",
            begun.questions,
        ).format(count=begun.questions)
        english = Choice(
            "language", _("Put English words around the questions"), said, edits=LANGUAGE.key, offers="en"
        )
        return (change, subject, english)

    def _words(self, facts: Facts) -> dict[str, Any]:
        """The words around the rows, as the conversion takes them."""
        return {
            "system_prompt": facts[SYSTEM_PROMPT.key],
            "add_system": not self._has_questions(facts),
            "language": self._language(facts),
        }

    def _language(self, facts: Facts) -> str:
        """As answered, where it is asked: an answer of other data than these doesn't count."""
        chosen = facts.get(LANGUAGE.key)
        known = _wordings()
        return str(chosen) if chosen in known and self._has_questions(facts) else next(iter(known))

    def _has_questions(self, facts: Facts) -> bool:
        """Whether the first rows of the training file are questions with options; yes while it isn't known.

        Where they can't be read any more, as they were found to be when they could.
        """
        begun = self._beginning(facts)
        if begun is not None:
            return begun.questions > 0
        counted = trained(facts)
        systems = counted.systems if counted is not None else None
        return systems is None or (systems.questions > 0 and LANGUAGE.key in facts)

    def _beginning(self, facts: Facts) -> Beginning | None:
        """What the first rows of the training file are; None while there is none, or where it can't be read any more."""
        files = Chosen.all(facts)
        return self._beginning_of(files[0]) if files else None

    def _read(self, facts: Facts) -> Field:
        """What is odd about the rows: where there is anything, nothing goes on before a person has seen it."""
        found = facts.get("preview.findings") or {}
        label = ngettext(
            "{count} kind of remark about these rows. What now?",
            "{count} kinds of remarks about these rows. What now?",
            len(found),
        )
        return READ.ask(
            label=label.format(count=len(found)),
            default="go on",
            choices=(
                Choice("go on", _("I have read it, go on")),
                Choice("data", _("Take other data"), edits="dataset.source"),
            ),
            needs=("preview.files", "preview.findings"),
            quiet=not found,
            after=True,
            above=lambda: in_short(*self._look(facts), self._left_out(facts)),
            keys=(
                Key("f", _("all remarks"), lambda: in_full(self._look(facts)[0])),
                Key("s", _("all statistics"), lambda: self._statistics(facts)),
            ),
        )

    def _turned(self, facts: Facts, page: int) -> View | None:
        """Page ``page`` of the rows, which is from now on the one that is looked at."""
        shown = page_of(self._world.folder, Chosen.all(facts)[0], self._words(facts), page)
        self._page = page if shown else 0
        return shown

    def _whole(self, facts: Facts, *, original: bool) -> View:
        file = Chosen.all(facts)[0]
        return whole(self._world.folder, file, self._words(facts), self._page, original=original)

    def _look(self, facts: Facts) -> _Looked:
        """What was found, as of this run; after another start it is looked for again."""
        if self._looked is None:
            self._looked = self._audited(facts, lambda _done, _total: None)
        return self._looked

    def _statistics(self, facts: Facts) -> View:
        checked, numbers = self._look(facts)
        return view_of(checked[0], numbers)

    @staticmethod
    def _left_out(facts: Facts) -> Sequence[tuple[int, str]]:
        """(rows that were left out, the file that lists them) of each source."""
        return [(entry.left_out, entry.left_out_file) for entry in Counted.all(facts) if entry.left_out]

    def perform(self, work: Work) -> Mapping[str, Any]:
        """Convert every file; returns for each its rows, bytes, digests and token lengths."""
        from wizard.data.converting.convert import RowsUnfit
        from wizard.data.converting.naming import output_of
        from wizard.data.tokens import Tokenizer

        facts = work.facts
        chosen = Chosen.all(facts)
        folder = self._world.path(facts["preview.output"])
        keep_aside(
            [output_of(folder, self._world.folder / file.path, file.output) for file in chosen],
            self._world.folder,
            facts[ALTERED.key],
        )
        with work.front.progress(_("Loading the vocabulary"), None, "seconds"):
            tokenizer = Tokenizer.load()
        converted: list[Converted] = []
        statistics: list[Counted] = []
        for file in chosen:
            # Only now, since the rows of the file before may have taken the plain name.
            output = output_of(folder, self._world.folder / file.path, file.output)
            try:
                conversion = self._convert(work, file, output, facts, tokenizer)
            except RowsUnfit as unfit:
                work.front.show(found_in(unfit.findings))
                if unfit.rows:
                    listed = _("Rows that are left out are listed in {path}, with their lines and why.")
                    unfit.hint = joined(
                        unfit.hint,
                        listed.format(
                            path=self._world.shown(output.with_name(f"{output.stem}.left-out.jsonl"))
                        ),
                        "" if work.front.attended else _("To leave them out: --set preview.on_error=skip"),
                    )
                    unfit.remedies = (
                        Remedy(
                            ngettext(
                                "Leave {count:,} row out and go on with {rows:,}",
                                "Leave {count:,} rows out and go on with {rows:,}",
                                unfit.left_out,
                            ).format(count=unfit.left_out, rows=unfit.rows),
                            "preview.on_error",
                            "skip",
                        ),
                    )
                raise
            if not work.front.attended:
                for line in told(conversion.reading, dict(conversion.extra)):
                    work.front.say(line)
            elif facts["preview.unsent"] == "ask":
                _refuse_unseen(file.path, conversion, self._unsent_fields(facts))
            converted += self._parts(file, conversion)
            statistics.append(_statistics(file, conversion, self._listed(conversion)))
        counts = self._audit(work, tokenizer)
        return {
            Converted.KEY: [file.as_json() for file in converted],
            Counted.KEY: [entry.as_json() for entry in statistics],
            "preview.stamps": [_stamp(self._world.folder / file.path) for file in converted],
            "preview.findings": counts,
        }

    def _listed(self, conversion: Conversion) -> str:
        listed = conversion.left_out_file
        return self._world.shown(listed) if listed else ""

    def _audit(self, work: Work, tokenizer: Tokenizer) -> dict[str, int]:
        """How often each code was found in the files that are sent: duplicates, leaks, balance, lengths.

        Only told: a row that can't be sent has stopped the conversion, or was left out, before. A person is told at the
        question that follows.
        """
        total = sum(file.size for file in _audited_files(work.facts))
        with work.front.progress(
            _("Looking for duplicates, leaks and other oddities"), total, "bytes"
        ) as progress:
            self._looked = self._audited(work.facts, progress.update, tokenizer)
        counts: Counter[str] = Counter()
        for one in self._looked[0]:
            counts.update(one.findings.counts)
            for code, count in one.findings.counts.items():
                events.tell("warning", code=code, count=count)
            if not work.front.attended:
                work.front.show(found_in(one.findings))
        return dict(counts)

    def _audited(
        self, facts: Facts, on_progress: Callable[[int, int], None], tokenizer: Tokenizer | None = None
    ) -> _Looked:
        from wizard.data.checking import audit
        from wizard.data.checking.statistics import statistics
        from wizard.data.tokens import Tokenizer

        files = _audited_files(facts)
        words = self._words(facts)
        checked = audit.check(
            [self._world.folder / file.path for file in files],
            **words,
            columns=files[0].columns or None,
            readings=[file.understood for file in files],
            as_it_is=False,
            roles=["train" if file.role == "train" else "dev" for file in files],
            on_progress=on_progress,
        )
        return checked, statistics(checked[0], tokenizer or Tokenizer.load(), **words)

    def verify(self, facts: Facts) -> str | None:
        """The converted files must be there byte for byte as they were written.

        A file that nobody has touched since is not read again: a start with gigabytes would take as long as reading them.
        """
        from wizard.data.converting.parts import md5_of

        for file, stamp in zip(Converted.all(facts), facts["preview.stamps"], strict=True):
            path = self._world.folder / file.path
            now = _stamp(path)
            if not now:
                return _("{path} is no longer there; it is converted again.").format(path=file.path)
            if now != stamp and (now[:1] != [file.size] or md5_of(path) != file.md5):
                return _(
                    "{path} is not as it was written; before it is converted again, what was changed in it is kept aside."
                ).format(path=file.path)
        return None

    def made(self) -> str:
        """As in the list of what an edit makes new."""
        return _("the converted files")

    def line(self, facts: Facts) -> str:
        """How much was converted, and where it is."""
        files = Converted.all(facts)
        rows = sum(file.rows for file in files)
        left_out = sum(entry.left_out for entry in Counted.all(facts))
        line = ngettext(
            "{rows:,} row converted to {folder}", "{rows:,} rows converted to {folder}", rows
        ).format(rows=rows, folder=Path(files[0].path).parent)
        if left_out:
            line += " · " + ngettext("{count:,} row left out", "{count:,} rows left out", left_out).format(
                count=left_out
            )
        if facts["preview.findings"]:
            count = len(facts["preview.findings"])
            line += " · " + ngettext("{count} kind of remark", "{count} kinds of remarks", count).format(
                count=count
            )
        return line

    def _convert(
        self, work: Work, file: Chosen, output: Path, facts: Facts, tokenizer: Tokenizer
    ) -> Conversion:
        from wizard.data.converting.convert import convert

        source = self._world.folder / file.path
        label = _("Converting {name}").format(name=source.name)
        with work.front.progress(label, file.size, "bytes") as progress:
            return convert(
                source,
                output,
                **self._words(facts),
                on_error=facts["preview.on_error"],
                tokenizer=tokenizer,
                on_progress=progress.update,
                columns=file.columns,
                reading=file.understood,
                max_part_size=facts[PART_SIZE.key] * MB,
            )

    def _parts(self, file: Chosen, conversion: Conversion) -> list[Converted]:
        """One entry for each file written: more than one where the platform's limit asks for it."""
        return [
            Converted(
                role=file.role,
                path=self._world.shown(part.path),
                rows=part.rows,
                size=part.size,
                md5=part.md5,
                sha256=part.sha256,
            )
            for part in conversion.parts
        ]

    def _unsent_fields(self, facts: Facts) -> tuple[str, ...]:
        """The fields at the beginning of each file that are not sent, in the order in which they turn up."""
        return tuple(
            dict.fromkeys(
                name
                for file in Chosen.all(facts)
                if (begun := self._beginning_of(file)) is not None
                for name in begun.unsent
            )
        )

    def _beginning_of(self, file: Chosen) -> Beginning | None:
        known, found = self._beginnings.get(file.path, (None, Beginning()))
        if known != file:
            try:
                found = beginning(self._world.folder, file)
            except (
                WizardError,
                OSError,
            ):  # it was chosen when it could be read: the step that needs it tells
                return None
            self._beginnings[file.path] = (file, found)
        return found

    @staticmethod
    def _default_output(facts: Facts) -> str:
        from wizard.data.files import catalog

        files = Chosen.all(facts)
        known = any(catalog.locate(Path(file.path).absolute()) for file in files)
        return MEDQA_OUTPUT if known or not files else OTHER_OUTPUT


def _audited_files(facts: Facts) -> list[Chosen]:
    """The files that are sent, as far as their columns mean the same as those of the training file."""
    files = [file for file in Chosen.all(facts) if file.role in SENT_ROLES]
    return [file for file in files if file.columns == files[0].columns]


def _stamp(path: Path) -> list[int]:
    """What changes with every change of a file: size, and times of its content and of its inode in ns; [] where it is gone.

    A link is not followed: what it leads to was not written here.
    """
    try:
        status = path.lstat()
    except OSError:
        return []
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _refuse_unseen(name: str, conversion: Conversion, seen: Collection[str]) -> None:
    """Raise DataError for fields that are not sent and that nobody was shown, with leaving them out as its remedy."""
    unseen = [
        ngettext("{name} ({rows:,} row)", "{name} ({rows:,} rows)", rows).format(name=field, rows=rows)
        for field, rows in conversion.extra
        if field not in seen
    ]
    if unseen:
        unasked = DataError(
            _("Further on, rows of {path} have fields that will not be sent: {names}").format(
                path=name, names=enumerated(unseen)
            ),
            _("The rows shown before did not have them."),
        )
        unasked.remedies = (Remedy(_("Go on without these fields"), "preview.unsent", "drop"),)
        raise unasked


def _statistics(file: Chosen, conversion: Conversion, left_out_file: str) -> Counted:
    """What the later steps want to know of a converted source; ``sampled`` where tokens were not counted in all rows."""
    sampled, systems = conversion.sampled, conversion.systems
    return Counted(
        role=file.role,
        source=file.path,
        rows=conversion.rows,
        left_out=conversion.left_out,
        left_out_file=left_out_file,
        characters=conversion.characters,
        kind=conversion.kind,
        lengths=conversion.lengths,
        sampled=None if sampled is None else Sampled(rows=sampled.rows, low=sampled.low, high=sampled.high),
        systems=Systems(
            put=systems.put,
            own=systems.own,
            none=systems.none,
            texts=tuple(sorted(systems.texts)),
            questions=systems.questions,
        ),
    )
