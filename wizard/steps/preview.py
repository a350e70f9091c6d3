"""Step 2: what will be sent, seen before anything leaves the machine; then the conversion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from wizard.engine.plan import digest
from wizard.engine.step import Choice, Facts, Field, Key, Step, Work
from wizard.errors import DataError, Remedy
from wizard.locale import _, ngettext
from wizard.steps.findings import found_in, in_full, in_short, view_of
from wizard.steps.help import about
from wizard.steps.sample_rows import page_of, unsent, whole
from wizard.steps.world import World

if TYPE_CHECKING:
    from wizard.data.audit import Checked
    from wizard.data.convert import Conversion
    from wizard.data.statistics import Statistics
    from wizard.data.tokens import Tokenizer
    from wizard.engine.view import View

_Looked: TypeAlias = "tuple[tuple[Checked, ...], Statistics]"

MEDQA_OUTPUT = "datasets/MedQA_BaiLian"
OTHER_OUTPUT = "datasets/BaiLian"
PART_SIZE = "preview.part_size"
MB = 1_000_000  # bytes, as the platform counts its limit
LEAST_PART = 5  # MB; smaller ones would only be many


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
        self._unsent: dict[str, tuple[str, ...]] = {}
        self._page = 0  # the one that is looked at
        self._looked: _Looked | None = None

    def title(self) -> str:
        """As on the screen."""
        return _("Preview")

    def fields(self, facts: Facts) -> Sequence[Field]:
        """The system prompt, whether the samples look right, and where the converted files go."""
        left_aside = ", ".join(self._unsent_fields(facts))
        return (
            Field(
                key="preview.system_prompt",
                help=about("preview.system_prompt"),
                kind="text",
                label=_("What shall every conversation begin with (the system prompt)?"),
                why=_("Use the very same words later, when you ask the trained model. Empty: none."),
                default=self._default_prompt(),
                quiet=True,
            ),
            Field(
                key="preview.looks_right",
                public=True,
                help=about("preview.looks_right"),
                kind="choice",
                label=_("Does this look right?"),
                why=_("These fields of your data will not be sent: {names}").format(names=left_aside)
                if left_aside
                else "",
                default="yes",
                choices=(
                    Choice(
                        "yes",
                        _("Yes, convert all rows without these fields")
                        if left_aside
                        else _("Yes, convert all rows"),
                    ),
                    Choice("prompt", _("Change the system prompt"), edits="preview.system_prompt"),
                ),
                needs=("dataset.files", "preview.system_prompt"),
                attended=True,
                browse=lambda page: self._turned(facts, page),
                keys=(
                    Key("o", _("the row as it is in the file"), lambda: self._whole(facts, original=True)),
                    Key("a", _("all that is sent of it"), lambda: self._whole(facts, original=False)),
                ),
            ),
            Field(
                key="preview.on_error",
                public=True,
                help=about("preview.on_error"),
                kind="choice",
                label=_("What about rows that can't be sent?"),
                default="stop",
                choices=(
                    Choice("stop", _("Stop, so that I can correct them")),
                    Choice("skip", _("Leave them out and list them in a file")),
                ),
                quiet=True,
            ),
            Field(
                key="preview.unsent",
                public=True,
                help=about("preview.unsent"),
                kind="choice",
                label=_("What about fields that turn up only further on, and will not be sent?"),
                default="ask",
                choices=(
                    Choice("ask", _("Ask before they are left out")),
                    Choice("drop", _("Leave them out")),
                ),
                quiet=True,
            ),
            Field(
                key=PART_SIZE,
                help=about(PART_SIZE),
                kind="integer",
                label=_("How large may a file be that is sent, in MB?"),
                why=_("Larger data is sent as several files; the platform trains on all of them."),
                default=_most_mb(),
                check=_unfit_part,
                quiet=True,
            ),
            Field(
                key="preview.output",
                help=about("preview.output"),
                kind="path",
                label=_("In which folder shall the converted files be written?"),
                default=self._default_output(facts),
                quiet=True,
            ),
            self._read(facts),
        )

    def _read(self, facts: Facts) -> Field:
        """What is odd about the rows: where there is anything, nothing goes on before a person has seen it."""
        found = facts.get("preview.findings") or {}
        label = ngettext(
            "{count} kind of remark about these rows. What now?",
            "{count} kinds of remarks about these rows. What now?",
            len(found),
        )
        return Field(
            key="preview.read",
            public=True,
            help=about("preview.read"),
            kind="choice",
            label=label.format(count=len(found)),
            default="go on",
            choices=(
                Choice("go on", _("I have read it, go on")),
                Choice("data", _("Take other data"), edits="dataset.source"),
            ),
            needs=("preview.files", "preview.findings"),
            quiet=not found,
            attended=True,
            after=True,
            above=lambda: in_short(*self._look(facts), self._left_out(facts)),
            keys=(
                Key("f", _("all remarks"), lambda: in_full(self._look(facts)[0])),
                Key("s", _("all statistics"), lambda: self._statistics(facts)),
            ),
        )

    def _turned(self, facts: Facts, page: int) -> View | None:
        """Page ``page`` of the rows, which is from now on the one that is looked at."""
        shown = page_of(self._world.folder, facts["dataset.files"][0], facts["preview.system_prompt"], page)
        self._page = page if shown else 0
        return shown

    def _whole(self, facts: Facts, *, original: bool) -> View:
        file = facts["dataset.files"][0]
        return whole(self._world.folder, file, facts["preview.system_prompt"], self._page, original=original)

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
        return [
            (entry["left_out"], entry["left_out_file"])
            for entry in facts["preview.statistics"]
            if entry["left_out"]
        ]

    def perform(self, work: Work) -> Mapping[str, Any]:
        """Convert every file; returns for each its rows, bytes, digests and token lengths."""
        from wizard.data.convert import RowsUnfit
        from wizard.data.tokens import Tokenizer

        facts = work.facts
        with work.front.progress(_("Loading the vocabulary"), None, "seconds"):
            tokenizer = Tokenizer.load()
        converted: list[dict[str, Any]] = []
        statistics: list[dict[str, Any]] = []
        for file in facts["dataset.files"]:
            output = self._world.path(facts["preview.output"]) / file["output"]
            try:
                conversion = self._convert(work, file, output, facts, tokenizer)
            except RowsUnfit as unfit:
                work.front.show(found_in(unfit.findings))
                if unfit.rows:
                    unfit.remedies = (
                        Remedy(
                            ngettext(
                                "Leave {count:,} row out and go on with {rows:,} (listed in {name})",
                                "Leave {count:,} rows out and go on with {rows:,} (listed in {name})",
                                unfit.left_out,
                            ).format(
                                count=unfit.left_out, rows=unfit.rows, name=f"{output.stem}.left-out.jsonl"
                            ),
                            "preview.on_error",
                            "skip",
                        ),
                    )
                raise
            if work.front.attended and facts["preview.unsent"] == "ask":
                _refuse_unseen(file["path"], conversion, self._unsent_fields(facts))
            converted += self._parts(file, conversion)
            statistics.append(_statistics(file, conversion) | self._listed(conversion))
        counts = self._audit(work, tokenizer)
        return {
            "preview.files": converted,
            "preview.statistics": statistics,
            "preview.stamps": [_stamp(self._world.folder / file["path"]) for file in converted],
            "preview.findings": counts,
        }

    def _listed(self, conversion: Conversion) -> dict[str, str]:
        listed = conversion.left_out_file
        return {"left_out_file": self._shown(listed) if listed else ""}

    def _audit(self, work: Work, tokenizer: Tokenizer) -> dict[str, int]:
        """How often each code was found in the files that are sent: duplicates, leaks, balance, lengths.

        Only told: a row that can't be sent has stopped the conversion, or was left out, before. A person is told at the
        question that follows.
        """
        total = sum(file["size"] for file in _audited_files(work.facts))
        with work.front.progress(
            _("Looking for duplicates, leaks and other oddities"), total, "bytes"
        ) as progress:
            self._looked = self._audited(work.facts, progress.update, tokenizer)
        counts: Counter[str] = Counter()
        for one in self._looked[0]:
            counts.update(one.findings.counts)
            if not work.front.attended:
                work.front.show(found_in(one.findings))
        return dict(counts)

    def _audited(
        self, facts: Facts, on_progress: Callable[[int, int], None], tokenizer: Tokenizer | None = None
    ) -> _Looked:
        from wizard.data import audit
        from wizard.data.statistics import statistics
        from wizard.data.tokens import Tokenizer

        files = _audited_files(facts)
        prompt = facts["preview.system_prompt"]
        checked = audit.check(
            [self._world.folder / file["path"] for file in files],
            system_prompt=prompt,
            columns=files[0]["columns"] or None,
            on_progress=on_progress,
        )
        return checked, statistics(checked[0], tokenizer or Tokenizer.load(), system_prompt=prompt)

    def verify(self, facts: Facts) -> str | None:
        """The converted files must be there byte for byte as they were written.

        A file that nobody has touched since is not read again: a start with gigabytes would take as long as reading them.
        """
        for file, stamp in zip(facts["preview.files"], facts["preview.stamps"], strict=True):
            path = self._world.folder / file["path"]
            now = _stamp(path)
            if now != stamp and (now[:1] != [file["size"]] or _md5(path) != file["md5"]):
                return _("{path} is not as it was written; it is converted again.").format(path=file["path"])
        return None

    def made(self) -> str:
        """As in the list of what an edit makes new."""
        return _("the converted files")

    def line(self, facts: Facts) -> str:
        """How much was converted, and where it is."""
        files = facts["preview.files"]
        rows = sum(file["rows"] for file in files)
        left_out = sum(entry["left_out"] for entry in facts["preview.statistics"])
        line = ngettext(
            "{rows:,} row converted to {folder}", "{rows:,} rows converted to {folder}", rows
        ).format(rows=rows, folder=Path(files[0]["path"]).parent)
        if left_out:
            line += " · " + ngettext("{count:,} row left out", "{count:,} rows left out", left_out).format(
                count=left_out
            )
        if facts["preview.findings"]:
            line += f" · ! {len(facts['preview.findings'])}"
        return line

    def _convert(
        self, work: Work, file: Mapping[str, Any], output: Path, facts: Facts, tokenizer: Tokenizer
    ) -> Conversion:
        from wizard.data.convert import convert

        source = self._world.folder / file["path"]
        label = _("Converting {name}").format(name=source.name)
        with work.front.progress(label, file["size"], "bytes") as progress:
            return convert(
                source,
                output,
                system_prompt=facts["preview.system_prompt"],
                on_error=facts["preview.on_error"],
                tokenizer=tokenizer,
                on_progress=progress.update,
                columns=file["columns"],
                max_part_size=facts[PART_SIZE] * MB,
            )

    def _parts(self, file: Mapping[str, Any], conversion: Conversion) -> list[dict[str, Any]]:
        """One entry for each file written: more than one where the platform's limit asks for it."""
        return [
            {
                "role": file["role"],
                "path": self._shown(part.path),
                "rows": part.rows,
                "size": part.size,
                "md5": part.md5,
                "sha256": part.sha256,
            }
            for part in conversion.parts
        ]

    def _shown(self, path: Path) -> str:
        return str(path.relative_to(self._world.folder) if path.is_relative_to(self._world.folder) else path)

    def _unsent_fields(self, facts: Facts) -> tuple[str, ...]:
        """The fields at the beginning of each file that are not sent, in the order in which they turn up."""
        return tuple(
            dict.fromkeys(name for file in facts.get("dataset.files", ()) for name in self._unsent_of(file))
        )

    def _unsent_of(self, file: Mapping[str, Any]) -> tuple[str, ...]:
        identity = digest(dict(file))  # with its columns: other ones leave other fields aside
        if identity not in self._unsent:
            self._unsent[identity] = unsent(self._world.folder, file)
        return self._unsent[identity]

    def _default_prompt(self) -> str:
        from wizard.data.convert import SYSTEM_PROMPT

        return SYSTEM_PROMPT

    @staticmethod
    def _default_output(facts: Facts) -> str:
        from wizard.data import catalog

        files = facts.get("dataset.files") or ()
        known = any(catalog.locate(Path(file["path"]).absolute()) for file in files)
        return MEDQA_OUTPUT if known or not files else OTHER_OUTPUT


def _audited_files(facts: Facts) -> list[Mapping[str, Any]]:
    """The files that are sent, as far as their columns mean the same as those of the training file."""
    files = [file for file in facts["dataset.files"] if file["role"] in ("train", "validation")]
    return [file for file in files if file["columns"] == files[0]["columns"]]


def _most_mb() -> int:
    from wizard.data.parts import MAX_PART_SIZE

    return MAX_PART_SIZE // MB


def _unfit_part(size: Any) -> str | None:
    most = _most_mb()
    if LEAST_PART <= size <= most:
        return None
    return _("Parts have {least} to {most} MB.").format(least=LEAST_PART, most=most)


def _stamp(path: Path) -> list[int]:
    """What changes with every change of a file: size, and times of its content and of its inode in ns; [] where it is gone."""
    try:
        status = path.stat()
    except OSError:
        return []
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _md5(path: Path) -> str:
    """The checksum of a file; empty where it can't be read."""
    import hashlib

    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except OSError:
        return ""


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
                path=name, names=", ".join(unseen)
            ),
            _("The rows shown before did not have them."),
        )
        unasked.remedies = (Remedy(_("Go on without these fields"), "preview.unsent", "drop"),)
        raise unasked


def _statistics(file: Mapping[str, Any], conversion: Conversion) -> dict[str, Any]:
    """What the later steps want to know of a converted source; ``sampled`` where tokens were not counted in all rows."""
    sampled = conversion.sampled
    return {
        "role": file["role"],
        "source": file["path"],
        "rows": conversion.rows,
        "left_out": conversion.left_out,
        "characters": conversion.characters,
        "kind": conversion.kind,
        "lengths": [list(entry) for entry in conversion.lengths],
        "sampled": None
        if sampled is None
        else {"rows": sampled.rows, "low": sampled.low, "high": sampled.high},
    }
