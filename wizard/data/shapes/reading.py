"""What was understood of a file, once and for all of it: everything that is told, asked, checked or converted comes from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

import msgspec

from wizard.data.findings import Finding, Rule, quoted
from wizard.data.record import Where
from wizard.data.shapes.plan import LABELS, MEANINGS, Given, listed
from wizard.locale import N_, enumerated, ngettext

HEADER_UNCLEAR = Rule(
    "HEADER_UNCLEAR",
    "error",
    N_("The first row may hold the columns' names, or be a row like the others: {cells}."),
    N_("Say which: --columns header=yes for names, --columns header=no for a row."),
    why=N_(
        "Taken for names, a row would be missing from the training; taken for a row, the names would be trained."
    ),
    bad=("rose,flower\noak,tree\n"),
    good=("instruction,output\nrose,flower\noak,tree\n"),
    name="rows.csv",
)
INDEX_COUNTED = Rule(
    "INDEX_COUNTED",
    "warning",
    N_("The answers are numbers; the options are counted from {base}: {why}."),
    N_("If that is wrong, say it with dataset.columns.counting=0 or =1."),
    why=N_(
        "Counted from the wrong number, every answer would be shifted by one option. So it is told how they were counted."
    ),
    bad='{"question": "2 + 3 = ?", "options": ["5", "6"], "answer": 0}\n{"question": "3 + 4 = ?", "options": ["7", "8"], "answer": 0}\n',
    good='{"question": "2 + 3 = ?", "options": ["5", "6"], "answer": "A"}\n{"question": "3 + 4 = ?", "options": ["7", "8"], "answer": "A"}\n',
)
SPEAKER_UNCLEAR = Rule(
    "SPEAKER_UNCLEAR",
    "error",
    N_("“{field}” names who speaks, but not whether that is the user or the assistant: {words}."),
    N_(
        "Say whose words shall be learned: --columns assistant=NAME, several with commas between them "
        "(in the wizard dataset.columns.assistant=NAME)."
    ),
    why=N_(
        "The model learns what the assistant says. Taken the wrong way round, it would learn to speak like your customers."
    ),
    bad="conversation_id,sender,content\n1,Ann,2 + 3 = ?\n1,Bob,5\n",
    good="conversation_id,sender,content\n1,customer,2 + 3 = ?\n1,agent,5\n",
    name="rows.csv",
)
TURNS_SPLIT = Rule(
    "TURNS_SPLIT",
    "warning",
    N_(
        "Texts hold several turns, each behind the name of who speaks ({count} of the first {rows} rows): they were split into turns."
    ),
    N_("Nothing to do, but look at the preview: the names are not sent."),
    why=N_(
        "Sent as one text, the model would learn to write the user's part, too, and names of speakers into its answers."
    ),
    bad='question,answer\n⟦"User: Hello.\nAssistant: Hello.\nUser: 2 + № = ?",It is № more than 2.\n⟧×3',
    good="question,answer\n⟦2 + № = ?,It is № more than 2.\n⟧×3",
    name="rows.csv",
)

THOUGHT_APART = Rule(
    "THOUGHT_APART",
    "warning",
    N_("“{field}” holds what was thought before the answer, and is not sent."),
    N_(
        "If the model shall learn to think so, say it: --columns thinking={field} (in the wizard dataset.columns.thinking={field}). "
        "It is then put in front of the answer, between <think> and </think>."
    ),
    why=N_(
        "Only models that think should learn it, and then all of their rows should have it. Which you want is for you to say."
    ),
    bad='{"question": "2 + 3 = ?", "reasoning_content": "Two and three.", "answer": "5"}',
    good='{"question": "2 + 3 = ?", "answer": "5"}',
)

Answer: TypeAlias = Literal["labels", "numbers", "texts"]
"""How the right option of a question is told."""


HEADERS = {"yes": True, "no": False, None: None}
"""What is answered about a table's first row -> whether it holds names; None: it says so itself."""
_ENOUGH = 2
_GROUPED = frozenset({"talk", "pair", "alpaca", "prompt", "query"})


class Column(msgspec.Struct, frozen=True):
    """A column, or a field of rows in JSON, with its first values that aren't blank."""

    name: str
    samples: tuple[str, ...] = ()


class Reading(msgspec.Struct, frozen=True):
    """What a file is and what its columns mean: by the answers of a person, by names, by rows that prove it."""

    columns: Given = ()
    """(meaning, column) as the user gave them; empty: told from the columns' names."""
    counting: int | None = None
    """Where an answer is a number: that of the first option (0 or 1); None where nothing tells, or nobody asks."""
    container: str = ""
    """``jsonl``, ``json`` (an array, or values over several lines), ``csv``, ``tsv``, ``xlsx``, ``parquet``."""
    encoding: str = ""
    """``utf-8``, ``utf-8-sig``, ``utf-16-le``, ``utf-16-be``, ``utf-32`` and ``unclear`` (not read), or one of ``scripts.Older``; "" for what is no text."""
    packed: bool = False
    """Whether it is packed with gzip."""
    sheet: str = ""
    """Of a workbook, where somebody chose one."""
    header: bool | None = True
    """Whether a table's first row holds the columns' names; None: it may, or be a row."""
    shape: str = ""
    """What most rows are: choice, messages, conversations, alpaca, prompt, query, pair, preference, text, talk (a message a row); "" unknown."""
    fields: tuple[Column, ...] = ()
    guess: dict[str, str] = {}
    """Meaning -> column; where the shape is "", it is only a guess that the user must confirm."""
    sure: frozenset[str] = frozenset()
    """The meanings in ``guess`` that the columns' names tell."""
    clear: frozenset[str] = frozenset()
    """The meanings in ``guess`` for which no other column would do."""
    answered_by: tuple[str, ...] = ()
    """The columns that give the answer of a question with options, all of which must agree."""
    answers: tuple[Answer, ...] = ()
    """Of questions with options, each way that was met."""
    proof: tuple[int, int, int] = (0, 0, 0)
    """Of ``counting``, where rows tell it: how many prove it, how many have numbers for answers, the first line that proves it."""
    assistant: tuple[str, ...] = ()
    """Of messages each on a row of its own: the speakers that a person called the assistant; all others are users."""
    strangers: tuple[str, ...] = ()
    """The first speakers of whom nothing tells whether they are user or assistant, where that is so of all."""
    together: bool = False
    """Whether the rows of each conversation follow each other."""
    thoughts: str = ""
    """The column that holds what was thought before the answer, and that nobody said a word about."""
    inside: tuple[int, int] = (0, 0)
    """Of the first rows: how many hold several turns in one text, each behind the name of who speaks, and how many there are."""

    def without_rows(self) -> Reading:
        """As it is kept: the columns without their values."""
        return msgspec.structs.replace(self, fields=tuple(Column(one.name) for one in self.fields))

    @property
    def grouped(self) -> bool:
        """Whether several rows make one chat: those that have the same value in the column that ``guess`` calls group."""
        return "group" in self.guess and self.shape in _GROUPED

    @property
    def split(self) -> bool:
        """Whether texts are split into the turns that they hold: two rows at least show it, and all where a text is all there is."""
        holding, rows = self.inside
        return holding >= _ENOUGH and (self.shape != "text" or holding == rows)

    @property
    def whole(self) -> bool:
        """Whether the rows can be read at all: nothing about the file as a whole is left to ask."""
        return self.header is not None and not self.strangers

    def said(self, file: str) -> tuple[Finding, ...]:
        """What a person should know before the rows are read."""
        if self.header is None:
            cells = quoted(" | ".join(one.name for one in self.fields))
            return (HEADER_UNCLEAR.at(Where(file, 0), cells=cells),)
        if self.strangers:
            words = quoted(enumerated(self.strangers))
            return (SPEAKER_UNCLEAR.at(Where(file, 0), field=self.guess["speaker"], words=words),)
        if self.thoughts:
            return (THOUGHT_APART.at(Where(file, 0), field=quoted(self.thoughts)), *self._done(file))
        return self._done(file)

    def _done(self, file: str) -> tuple[Finding, ...]:
        """What was made of the rows, and by what proof."""
        if self.split:
            holding, rows = self.inside
            return (TURNS_SPLIT.at(Where(file, 0), count=holding, rows=rows),)
        if not self.proof[0]:
            return ()
        proving, numbered, line = self.proof
        why = ngettext(
            "{count:,} row of {rows:,} with a number proves it, first line {line}",
            "{count:,} rows of {rows:,} with a number prove it, first line {line}",
            proving,
        ).format(count=proving, rows=numbered, line=line)
        return (INDEX_COUNTED.at(Where(file, 0), base=self.counting, why=why),)

    def meanings(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """(meaning, its columns) as they are read: options in columns of their own stand together."""
        known = self.guess if self.shape else {}
        each = tuple(known[label] for label in LABELS if label in known)
        for meaning in [one for one in MEANINGS if one in known]:
            column = known[meaning]
            if meaning == "answer" and self.answered_by:
                yield meaning, self.answered_by
            elif meaning not in LABELS:
                yield (
                    meaning,
                    listed(column) if meaning == "options" and column not in self._names else (column,),
                )
            elif column == each[0]:
                yield "options", each

    @property
    def _names(self) -> frozenset[str]:
        return frozenset(one.name for one in self.fields)
