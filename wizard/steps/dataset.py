"""Step 1: which data to train on, and what to validate with."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from wizard.data.files import catalog
from wizard.engine.session import UNREADABLE
from wizard.engine.step import Answer, Choice, Facts, Field, Step, Work
from wizard.errors import DataError, UsageError, WizardError
from wizard.local.harmless import in_a_line
from wizard.local.named import plainest
from wizard.locale import _, enumerated, joined, ngettext
from wizard.steps import as_read, columns
from wizard.steps.as_read import TABLES
from wizard.steps.help import about
from wizard.steps.wording import bytes_shown, first_few
from wizard.steps.world import World

if TYPE_CHECKING:
    from wizard.data.shapes.reading import Reading
    from wizard.steps.facts import Chosen, Role

LOOKED_AT_FIRST = ("datasets", ".")
COUNTED_UP_TO = (
    64 << 20
)  # bytes; rows of larger files are counted by the conversion, not while a person waits

TRIED = 50  # files of a folder or archive whose beginnings are looked at for one that can be used

_NAMED_AS_ROWS = (".json", ".jsonl", ".ndjson")  # what is wrong with such a file is told by its first row

TOGETHER = "all"
"""All the files of one kind as one; no file of rows is called so, without an ending."""
BY_SPLIT = "split"
BY_FILE = "file"

# But for the header, none of these is in the plan: what they choose is in the bytes of the files, which are.
SOURCE = Answer(
    key="dataset.source",
    kind="path",
    name=lambda: _("Data"),
    help=lambda: about("dataset.source"),
    in_plan=False,
)
SET = Answer(
    key="dataset.set",
    kind="choice",
    name=lambda: _("Set of questions"),
    help=lambda: about("dataset.set"),
    public=True,
    schema=lambda: {"enum": list(catalog.SET_IDS)},
    in_plan=False,
)
FILE = Answer(
    key="dataset.file",
    kind="choice",
    name=lambda: _("Training file"),
    help=lambda: about("dataset.file"),
    in_plan=False,
)
HEADER = Answer(
    key="dataset.header",
    kind="choice",
    name=lambda: _("First row of the table"),
    help=lambda: about("dataset.header"),
    public=True,
    schema=lambda: {"enum": ["yes", "no"]},
    shown=lambda answer: _("names of the columns") if answer == "yes" else _("a row like the others"),
)
TRAIN = Answer(
    key="dataset.train",
    kind="choice",
    name=lambda: _("File of the set that trains"),
    help=lambda: about("dataset.train"),
    schema=lambda: {"enum": list(catalog.SPLITS)},
    in_plan=False,
)
VALIDATION = Answer(
    key="dataset.validation",
    kind="choice",
    name=lambda: _("Validation"),
    help=lambda: about("dataset.validation"),
    schema=lambda: {"enum": [*catalog.SPLITS, BY_SPLIT, BY_FILE]},
    in_plan=False,
)
VALIDATION_SOURCE = Answer(
    key="dataset.validation_source",
    kind="path",
    name=lambda: _("Validation file"),
    help=lambda: about("dataset.validation_source"),
    in_plan=False,
)


class Dataset(Step):
    """Finds MedQA's sets under a folder, or takes one file; says which file trains and what validates."""

    id: ClassVar[str] = "dataset"
    gives: ClassVar[tuple[str, ...]] = ("dataset.files",)

    def __init__(self, world: World) -> None:
        self._world = world
        self._places: dict[tuple[Path, bool], _Place] = {}
        self._labels: dict[_Identity, str] = {}
        self._problems: dict[_Identity, str | None] = {}
        self._beginnings: dict[tuple[_Identity, tuple[tuple[str, str], ...]], Reading] = {}
        self._workbooks: dict[tuple[_Identity, bool], tuple[str, ...]] = {}
        self._correcting = False  # whether a person wants to see how the file is read

    @classmethod
    def answers(cls) -> Sequence[Answer]:
        """Which files, and what their columns mean."""
        return (
            SOURCE,
            SET,
            FILE,
            HEADER,
            TRAIN,
            VALIDATION,
            VALIDATION_SOURCE,
            as_read.AS_READ,
            *columns.answers(),
        )

    def title(self) -> str:
        """As on the screen."""
        return _("Data")

    def reopened(self, key: str) -> None:
        """From now on every line of how the file is read can be changed."""
        if key in (as_read.AS_READ.key, columns.SHEET, HEADER.key):
            self._correcting = True

    def fields(self, facts: Facts) -> Sequence[Field]:
        """The source; for a folder, the set; what trains where there is no train file; what validates."""
        source = SOURCE.ask(
            label=_("Where is your data? A file, a folder, or an archive"),
            why=_("JSON, CSV, Excel, Parquet, or a folder such as MedQA's. Nothing is sent yet."),
            default=self._default_source(),
            check=self._check_source,
        )
        named = facts.get("dataset.source")
        if not named:
            return (source,)
        if self._check_source(named):
            # Without the data nobody can tell what else is asked; what was answered is remembered, and stays in the plan.
            answered = [answer for answer in self.answers() if answer.key in facts and answer != SOURCE]
            return (source, *(answer.ask(label=answer.name(), quiet=True) for answer in answered))
        place = self._place(self._world.path(named))
        if place.sets:
            return (source, *self._fields_of_sets(place.sets, facts))
        return (source, *self._fields_of_files(place, facts))

    def _fields_of_files(self, place: _Place, facts: Facts) -> Sequence[Field]:
        """For one file, or a folder or archive with some: which one, what its columns mean, what validates."""
        path, names = place.path, place.names
        which: tuple[Field, ...] = ()
        if names:  # a file that was named itself leaves no choice, and nothing to answer
            likely, together = self._likely(place)
            one = len(likely) == 1
            choices = [Choice(name, name) for name in names]
            if together:
                label = ngettext(
                    "All {count:,} of one kind together", "All {count:,} of one kind together", len(together)
                ).format(count=len(together))
                choices.insert(0, Choice(TOGETHER, label, brief=_("one after the other, as one file")))
            elif not one:
                choices.insert(0, columns.undecided(FILE.key))
            file = FILE.ask(
                label=_("Which file shall train the model?"),
                default=TOGETHER if together else likely[0] if one else None,
                choices=tuple(choices),
                check=lambda name: None if name == TOGETHER and together else self._problem(path / name),
                needs=("dataset.source",),
                quiet=len(names) == 1,
            )
            which = (file,)
        train = self._training_file(place, facts)
        if (names and facts.get("dataset.file") is None) or self._problem(train):
            return which
        every, asked = self._sheet(train, facts)
        which = (*which, *asked)
        if any(not field.quiet and facts.get(field.key) not in every for field in asked):
            return which
        about = columns.about_file(facts)
        if about.get("sheet") not in every:
            about.pop("sheet", None)
        asked = self._header(train, facts, about)
        which = (*which, *asked)
        if any(not field.quiet and field.key not in facts for field in asked):
            return which
        found = self._beginning(place, train, about, facts)
        read = self._as_answered(train, found, facts) if self._correcting else None
        return (
            *which,
            *columns.fields(train, found, facts, tuple(as_read.fields(read)) if read else ()),
            as_read.screen(train, read, facts, self._with_the_read_first(train, read, every))
            if read
            else as_read.unasked(),
            *self._fields_of_validation(
                facts, self._dev_of(place, train), needs=("dataset.source", "dataset.file")
            ),
        )

    def _likely(self, place: _Place) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The likeliest files that can be used; and all of the likeliest where they are of one kind."""
        from wizard.data.shapes.together import alike

        named = place.likeliest
        usable = [name for name in named[:TRIED] if not self._problem(place.path / name)]
        if len(usable) < len(named[:TRIED]) or len(named) == 1:
            return tuple(usable) or named[:1], ()
        paths = [place.path / name for name in named]
        one_kind = not any(map(self._problem, paths)) and not any(map(self._sheets, paths))
        one_kind = one_kind and alike([self._reading(path) for path in paths])
        return named, named if one_kind else ()

    def _beginning(self, place: _Place, train: Path, about: Mapping[str, str], facts: Facts) -> Reading:
        """What is understood of the file that trains, or of what the files will be together."""
        found = self._reading(train, about)
        if not place.names or facts.get(FILE.key) != TOGETHER:
            return found
        files = [place.path / name for name in place.likeliest]
        known = (_identity(files[0]), (("together", str(len(files))), *about.items()))
        if known not in self._beginnings:
            from wizard.data.shapes.together import beginning

            self._beginnings[known] = found
            with suppress(DataError):  # said where they are put together
                self._beginnings[known] = beginning(files, place.path, found, about)
        return self._beginnings[known]

    def _as_answered(self, train: Path, found: Reading, facts: Facts) -> Reading:
        """What is understood of the file that trains with all that was answered; ``found`` where that can't be so."""
        with suppress(WizardError):
            return self._reading(train, columns.chosen(facts))
        return found

    def _dev_of(self, place: _Place, train: Path) -> dict[catalog.SplitName, catalog.Split]:
        """The one file beside ``train`` that is called after validation, if there is one and ``train`` is called after training."""
        found = [place.path / name for name in place.names if _role(name) == "dev"]
        if len(found) != 1 or _role(train.name) != "train" or self._problem(found[0]):
            return {}
        return {"dev": catalog.Split("dev", found[0], self._output_name(found[0]))}

    def _sheet(self, train: Path, facts: Facts) -> tuple[tuple[str, ...], tuple[Field, ...]]:
        """The sheets to choose from and the question for one: asked where the first has no rows, or a person wants another."""
        if sheets := self._sheets(train):
            return sheets, (columns.sheet(sheets),)
        if not self._correcting and not facts.get(columns.SHEET) and columns.SHEET not in facts.given:
            return (), ()
        every = self._sheets(train, every=True)
        return every, (columns.other_sheet(every) if every else columns.no_sheet(),)

    def _with_the_read_first(self, train: Path, read: Reading, sheets: Sequence[str]) -> tuple[str, ...]:
        """``sheets``, the one that is read before the others."""
        for name in sheets:
            with suppress(WizardError):
                if name == read.sheet or self._reading(train, {"sheet": name}).fields == read.fields:
                    return (name, *(other for other in sheets if other != name))
        return tuple(sheets)

    def _header(self, train: Path, facts: Facts, about: Mapping[str, str]) -> tuple[Field, ...]:
        """Whether the first row holds names: asked where it may as well be a row, and where no answer speaks of one of its cells."""
        found = self._reading(train, {name: value for name, value in about.items() if name == "sheet"})
        doubtful = found.header is None and columns.spoken_of(facts).isdisjoint(
            column.name for column in found.fields
        )
        told = HEADER.key in facts or HEADER.key in facts.given
        if not doubtful and not told and not (self._correcting and found.container in TABLES):
            return ()
        names = HEADER.ask(
            label=_("What is the first row of the table?"),
            why=" | ".join(column.name for column in found.fields),
            optional=not doubtful,
            choices=(
                columns.undecided(HEADER.key),
                Choice("yes", _("The names of the columns")),
                Choice("no", _("A row like the others, to be trained with")),
            ),
            needs=("dataset.source", "dataset.file"),
            quiet=not doubtful,
            without_effect="" if found.container in TABLES else _("this file is no table"),
        )
        return (names,)

    def _training_file(self, place: _Place, facts: Mapping[str, Any]) -> Path:
        """The file that trains; where all do, the first of them, which is like all others."""
        name = facts.get("dataset.file")
        if name == TOGETHER and place.names:
            return place.path / place.likeliest[0]
        return place.path / name if place.names and name else place.path

    def _fields_of_sets(self, sets: Sequence[catalog.QuestionSet], facts: Facts) -> Sequence[Field]:
        which = SET.ask(
            label=_("Which set of questions?"),
            default=sets[0].id,
            choices=tuple(
                Choice(found.id, catalog.title(found.id), brief=self._describe(found)) for found in sets
            ),
            needs=("dataset.source",),
        )
        chosen = next((found for found in sets if found.id == facts.get("dataset.set")), None)
        if chosen is None:
            return (which,)
        splits = {split.name: split for split in chosen.splits}
        train = TRAIN.ask(
            label=_("This set has no train file here. Which of its files shall train the model?"),
            default=chosen.splits[0].name,
            choices=tuple(
                Choice(name, split.path.name, brief=self._size(split.path)) for name, split in splits.items()
            ),
            needs=("dataset.source", "dataset.set"),
            quiet="train" in splits,
        )
        others = {name: split for name, split in splits.items() if name != facts.get("dataset.train")}
        needs = ("dataset.source", "dataset.set", "dataset.train")
        return (which, train, *self._fields_of_validation(facts, others, needs=needs))

    def _fields_of_validation(
        self, facts: Facts, others: Mapping[catalog.SplitName, catalog.Split], *, needs: tuple[str, ...]
    ) -> Sequence[Field]:
        choices = [
            Choice(
                name,
                _("The {split} file: {name}").format(split=name, name=split.path.name),
                brief=self._size(split.path),
            )
            for name, split in others.items()
        ]
        choices += [
            Choice(
                BY_SPLIT,
                _("Hold back a tenth of the training rows"),
                _("the platform splits them off itself, at most 1,000 rows"),
            ),
            Choice(BY_FILE, _("Another file of mine")),
        ]
        validation = VALIDATION.ask(
            label=_("What shall the model be checked against while it trains?"),
            why=_("Rows that it does not learn from show whether it learns or only memorises."),
            default=choices[0].value,
            choices=tuple(choices),
            needs=needs,
        )
        if facts.get("dataset.validation") != BY_FILE:
            return (validation,)
        named = VALIDATION_SOURCE.ask(
            label=_("Which file shall validate?"), check=lambda name: self._unfit_to_validate(name, facts)
        )
        return (validation, named)

    def _unfit_to_validate(self, named: str, facts: Facts) -> str | None:
        """Why a file can't be validated with: besides what any file can lack, it trains already, or its columns say nothing."""
        if problem := self._check_file(named):
            return problem
        path, source = self._world.path(named), self._place(self._world.path(facts["dataset.source"]))
        if not source.sets and _is_among(path, [self._training_file(source, facts)]):
            return _trains_too(path)
        read = self._reading(path, self._meant("validation", path, columns.chosen(facts)))
        if read.shape or not read.whole:
            return None
        return _(
            "{path}: what its columns mean can't be told: {names}. Call them as in the training file, and say it again."
        ).format(path=plainest(named), names=in_a_line(enumerated(column.name for column in read.fields)))

    def perform(self, work: Work) -> Mapping[str, Any]:
        """The chosen files, each with its role: train, validation, or kept (converted, never sent)."""
        from wizard.steps.facts import Chosen

        facts = work.facts
        source = self._world.path(facts["dataset.source"])
        validation = facts["dataset.validation"]
        chosen: list[tuple[Role, Path, str]] = []
        meanings: dict[str, str] = {}
        made_of: dict[str, list[int]] = {}
        if sets := self._place(source).sets:
            found = next(found for found in sets if found.id == facts["dataset.set"])
            for split in found.splits:
                role: Role = "train" if split.name == facts["dataset.train"] else "kept"
                chosen.append(("validation" if split.name == validation else role, split.path, split.output))
        else:
            train = self._training_file(self._place(source), facts)
            if problem := self._problem(train):  # since it was chosen
                raise DataError(problem, _("Choose another file, or fix this one."))
            meanings = columns.chosen(facts)
            if facts.get("dataset.file") == TOGETHER:
                train, made_of = self._together(self._place(source), train, meanings, work)
            chosen.append(("train", train, self._output_name(train)))
            beside = self._dev_of(self._place(source), train).get(validation)
            if beside is not None:
                chosen.append(("validation", beside.path, beside.output))
        if validation == BY_FILE:
            path = self._world.path(facts["dataset.validation_source"])
            chosen.append(("validation", path, self._output_name(path)))
        paths = [path for _role, path, _output in chosen]
        twice = next((path for number, path in enumerate(paths) if _is_among(path, paths[:number])), None)
        if twice is not None:
            raise DataError(
                _trains_too(twice), _("Choose another file, or have a tenth of the training rows held back.")
            )
        order = {"train": 0, "validation": 1, "kept": 2}
        chosen.sort(key=lambda entry: order[entry[0]])
        files = [
            self._file(role, path, output, self._meant(role, path, meanings)) for role, path, output in chosen
        ]
        files = [replace(file, made_of=made_of) if file.role == "train" else file for file in files]
        self._say_unused(source, {*(file.path for file in files), *made_of}, work)
        return {Chosen.KEY: [self._understood(file).as_json() for file in files]}

    def _say_unused(self, source: Path, used: Collection[str], work: Work) -> None:
        """Which other files of rows there are at ``source``."""
        place = self._place(source)
        left = [name for name in place.names if self._world.shown(place.path / name) not in used]
        if left:
            names = first_few([*map(in_a_line, left)])
            work.front.say(_("Not used: {names}").format(names=names), "dim")

    def _together(
        self, place: _Place, first: Path, meanings: dict[str, str], work: Work
    ) -> tuple[Path, dict[str, list[int]]]:
        """The files of one kind put together as one, and what each of them was; ``meanings`` are of that one afterwards."""
        from wizard.data.files.opening import size_of
        from wizard.data.shapes.together import join
        from wizard.local import storage
        from wizard.steps.findings import found_in
        from wizard.steps.preview import OTHER_OUTPUT

        files = [place.path / name for name in place.likeliest]
        # Looked at before they are read: what changes meanwhile is noticed at the next start.
        made_of = {self._world.shown(file): list(_identity(file)[1:]) for file in files}
        output = (
            self._world.folder / OTHER_OUTPUT / f"{Path(self._output_name(place.path)).stem}.together.jsonl"
        )
        storage.make_folder(output.parent)
        storage.refuse_special(output)
        about: dict[str, str] = {name: meanings.pop(name) for name in ("header", "sheet") if name in meanings}
        reading = self._reading(first, about)
        with work.front.progress(
            _("Putting the files together"), sum(map(size_of, files)), "bytes"
        ) as progress:
            found = join(files, place.path, reading, output, about=about, update=progress.update)
        work.front.say(
            _("{files} were put together: {rows} in {path}.").format(
                files=ngettext("{count:,} file", "{count:,} files", len(files)).format(count=len(files)),
                rows=ngettext("{rows:,} row", "{rows:,} rows", found.rows).format(rows=found.rows),
                path=output.relative_to(self._world.folder),
            )
        )
        if found.told:
            work.front.show(found_in(found.told))
        return output, made_of

    def _understood(self, file: Chosen) -> Chosen:
        """``file`` with what is understood of it: from now on all that is said and done with it comes from that."""
        import msgspec

        from wizard.data.files.opening import sha256_of
        from wizard.data.shapes.source import Source

        path = self._world.folder / file.path
        reading = Source(path, file.columns).reading().without_rows()
        return replace(file, sha256=sha256_of(path), reading=msgspec.to_builtins(reading, order="sorted"))

    def _meant(self, role: Role, path: Path, meanings: Mapping[str, str]) -> Mapping[str, str]:
        """``meanings``, said of the training file, where they fit ``path``, too; else its own names speak."""
        meanings = {name: value for name, value in meanings.items() if role == "train" or name != "sheet"}
        about = {name: value for name, value in meanings.items() if name in ("header", "sheet")}
        named = columns.named(meanings)
        fits = not named or named <= {column.name for column in self._reading(path, about).fields}
        if fits:
            return meanings
        if "header" in about and self._reading(path).header is not None:
            del about["header"]  # its first row says itself what it is
        return about

    def verify(self, facts: Facts) -> str | None:
        """The files must be there as they were chosen."""
        from wizard.steps.facts import Chosen

        for file in Chosen.all(facts):
            try:
                now = self._file(file.role, self._world.folder / file.path, file.output, file.columns)
            except OSError:
                return _("{path} is no longer there.").format(path=file.path)
            if now != replace(file, sha256="", reading=None, made_of={}):
                return _("{path} has changed; it is read again.").format(path=file.path)
            for path, was in file.made_of.items():
                try:
                    unchanged = list(_identity(self._world.folder / path)[1:]) == was
                except OSError:
                    return _("{path} is no longer there.").format(path=path)
                if not unchanged:
                    return _("{path} has changed; it is read again.").format(path=path)
        return None

    def made(self) -> str:
        """As in the list of what an edit makes new."""
        return _("the choice of files")

    def line(self, facts: Facts) -> str:
        """What trains and what validates."""
        from wizard.steps.facts import Chosen

        chosen = Chosen.all(facts)
        files = {file.role: file.path for file in chosen}
        held_back = _("a tenth held back")
        count = sum(len(file.made_of) for file in chosen)
        name = (
            catalog.title(facts["dataset.set"])
            if self._place(self._world.path(facts["dataset.source"])).sets
            else facts["dataset.source"]
            if count
            else files["train"]
        )
        together = ngettext("{count:,} file together", "{count:,} files together", count).format(count=count)
        return _("{name} · train {train} · validate {validation}").format(
            name=name,
            train=together if count else Path(files["train"]).name,
            validation=Path(files["validation"]).name if "validation" in files else held_back,
        )

    def _place(self, path: Path, *, texts: bool = True) -> _Place:
        """What is at ``path``: looked up once, unless nothing was there yet. Raises WizardError where it can't be read.

        ``texts``: those that hold rows, too, which takes a look into each.
        """
        if (path, texts) not in self._places:
            place = _look(path, texts=texts)
            if not place.sets and not place.names:
                return place
            self._places[path, texts] = place
        return self._places[path, texts]

    def _default_source(self) -> str | None:
        for name in LOOKED_AT_FIRST:
            with suppress(WizardError):  # what can't be read is no default; who names it is told
                if self._place(self._world.folder / name, texts=False).sets:
                    return name
        with suppress(WizardError):
            names = self._place(
                self._world.folder, texts=False
            ).names  # the first question doesn't wait for more
            if len(names) == 1:
                return names[0]
        return None

    def _check_source(self, named: str) -> str | None:
        path = self._world.path(named)
        if not _is_place(path):
            return self._check_file(named)
        try:
            place = self._place(path)
        except WizardError as problem:
            return joined(problem.message, problem.hint)
        if place.sets:
            return None
        if place.names:
            problems = [self._problem(path / name) for name in place.names[:TRIED]]
            return problems[0] if all(problems) else None
        return _("There are no questions under {path}. Name a file, such as {path}/train.jsonl").format(
            path=plainest(named)
        )

    def _check_file(self, named: str) -> str | None:
        return self._problem(self._world.path(named), plainest(named))

    def _problem(self, path: Path, named: str = "") -> str | None:
        """Why a file can't be used, from its beginning; every row is looked at by the conversion."""
        if not _on_disk(path).is_file():
            return _("{path} is not there.").format(path=named or path)
        identity = _identity(path)
        if identity not in self._problems:
            try:
                fields = self._reading(path).fields
                self._problems[identity] = (
                    columns.problem(fields, named or str(path))
                    if fields
                    else _why_no_rows(path, named or str(path))
                )
            except UsageError as problem:  # a library may be installed while the question stands
                return joined(problem.message, problem.hint)
            except WizardError as problem:
                self._problems[identity] = joined(problem.message, problem.hint)
        return self._problems[identity]

    def _reading(self, path: Path, about: Mapping[str, str] | None = None) -> Reading:
        from wizard.data.shapes.source import Source

        known = _identity(path), tuple((about or {}).items())
        if known not in self._beginnings:
            self._beginnings[known] = Source(path, about).reading(whole=False)
        return self._beginnings[known]

    def _sheets(self, path: Path, *, every: bool = False) -> tuple[str, ...]:
        """The sheets to choose from, where the first of a workbook has no rows; ``every``: of any workbook."""
        from wizard.data.shapes.source import Source

        if self._reading(path).container != "xlsx":
            return ()
        known = _identity(path), every
        if known not in self._workbooks:
            self._workbooks[known] = Source(path).sheets(every=every)
        return self._workbooks[known]

    @staticmethod
    def _output_name(path: Path) -> str:
        located = catalog.locate(path)
        return located[1].output if located else catalog.output_name(path)

    def _file(self, role: Role, path: Path, output: str, meanings: Mapping[str, str]) -> Chosen:
        from wizard.steps.facts import Chosen

        status = _on_disk(path).stat()
        return Chosen(
            role=role,
            path=self._world.shown(path),
            output=output,
            size=status.st_size,
            modified_ns=status.st_mtime_ns,
            columns=dict(meanings),
        )

    def _describe(self, found: catalog.QuestionSet) -> str:
        return " · ".join(f"{split.name} {self._size(split.path)}" for split in found.splits)

    def _size(self, path: Path) -> str:
        identity = _identity(path)
        if identity not in self._labels:
            _path, size, _modified = identity
            label = bytes_shown(size)
            if size <= COUNTED_UP_TO:
                with suppress(
                    WizardError
                ):  # a damaged one is chosen by nobody who sees no rows, or told of when it is read
                    rows = catalog.count_rows(path)
                    label = ngettext("{rows:,} row, {size}", "{rows:,} rows, {size}", rows).format(
                        rows=rows, size=label
                    )
            self._labels[identity] = label
        return self._labels[identity]


def name_of(facts: Facts) -> str:
    """What a session trains on, in a few words: the set, or the file; before that is chosen where to look; empty before that."""
    from wizard.steps.facts import Chosen

    train = ""
    with suppress(*UNREADABLE):  # of another version, or a stranger's: the answer is there still
        train = next((file.path for file in Chosen.all(facts) if file.role == "train"), "")
    located = catalog.locate(Path(train)) if train else None
    return catalog.title(located[0]) if located else train or str(facts.get(SOURCE.key) or "")


_Identity: TypeAlias = tuple[str, int, int]
"""A file's path, its size and the time of its last change: what was told of it is true as long as they are."""


def _identity(path: Path) -> _Identity:
    status = _on_disk(path).stat()
    return str(path), status.st_size, status.st_mtime_ns


@dataclass(frozen=True, slots=True)
class _Place:
    """What a path leads to: MedQA's sets, or the names of the files of rows; neither for a file itself."""

    path: Path
    sets: tuple[catalog.QuestionSet, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def likeliest(self) -> tuple[str, ...]:
        """The files that may as well train as each other, by what they are called; all that train, where they train together."""
        best = min(map(_rank, self.names))
        return tuple([name for name in self.names if _rank(name) == best])


def _look(path: Path, *, texts: bool) -> _Place:
    if not _is_place(path):
        return _Place(path)
    sets = catalog.find_sets(path)
    files = () if sets else catalog.data_files(path, _is_text_of_rows if texts else None)
    return _Place(path, sets, tuple(file.relative_to(path).as_posix() for file in files))


def _is_text_of_rows(path: Path) -> bool:
    """Whether a text, whatever it is called, has rows of which it is known what they mean."""
    from wizard.data.shapes.source import Source

    with suppress(WizardError):
        return Source(path).reading(whole=False).shape not in ("", "text")
    return False


_SAID = frozenset({"DUPLICATE_COLUMN", "NOT_AN_OBJECT", "ENCODING_UNCLEAR", "TWO_LISTS"})


def _why_no_rows(path: Path, named: str) -> str:
    """A file without rows, or a text that is nothing of what is read."""
    from wizard.data.files.lines import head_of
    from wizard.data.files.opening import opened
    from wizard.data.findings import Finding
    from wizard.data.shapes.source import Source

    with opened(path) as stream:
        if not head_of(stream).strip():
            return _("{path} has no rows.").format(path=named)
    named_as_rows = path.name.casefold().removesuffix(".gz").endswith(_NAMED_AS_ROWS)
    for one in Source(path).read():
        if not isinstance(one, Finding):
            break
        if one.code in _SAID or (named_as_rows and one.severity == "error"):
            return _("{title}: {line}").format(title=named, line=f"{one.code}: {joined(one.what, one.fix)}")
    formats = enumerated(("JSON", "JSON Lines", "CSV", "TSV", "Excel", "Parquet"))
    return _("{path} is no text of a kind that is read. What can be read: {formats}.").format(
        path=named, formats=formats
    )


def _role(name: str) -> str:
    """train, dev or test, where the file's name says so; else ""."""
    from wizard.data.checking.audit import role_of

    return role_of(Path(name))


def _rank(name: str) -> int:
    """Where a file stands among those that may train: what is called after training first, after tests last."""
    return ("train", "", "dev", "test").index(_role(name))


def _trains_too(path: Path) -> str:
    return _("{path} can't train the model and validate it, too.").format(path=path)


def _is_place(path: Path) -> bool:
    """Whether ``path`` holds files: a folder or an archive."""
    if path.is_dir():
        return True
    from wizard.data.files import archives

    return archives.kind_of(path) is not None


def _is_among(path: Path, others: Sequence[Path]) -> bool:
    """Whether ``path`` is one of ``others``, by whatever name."""
    return os.path.realpath(path) in [os.path.realpath(other) for other in others]


def _on_disk(path: Path) -> Path:
    """``path`` itself, or for a file inside an archive the archive."""
    return next((place for place in (path, *path.parents) if place.is_file()), path)
