"""What a step is, and what it may ask: the vocabulary that steps, engine and front ends share.

A step declares; it never prints, prompts or navigates. The engine derives everything else from ``needs``, ``gives`` and
the fields: what comes next, what an edit makes stale, what a script must answer.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from wizard.engine.plan import digest
from wizard.local.harmless import in_a_line
from wizard.local.redaction import holds_key
from wizard.locale import _, enumerated

if TYPE_CHECKING:
    from wizard.engine.effectful import Effectful, Receipt
    from wizard.engine.view import View

Kind = Literal["choice", "text", "integer", "number", "decimal", "path", "secret", "word"]
"""``decimal``: a number that is kept and sent as a text, always written in one way."""
Source = Literal["asked", "flag", "answers", "default", "done"]


NOTHING = "none"
"""How no answer to an optional question is written on a command line and in an answers file; at the terminal it is left empty."""


def source_shown(source: str) -> str:
    """Where an answer came from, for a person; nothing for what the wizard worked out itself."""
    names = {"flag": "--set", "answers": "--answers", "default": _("recommended"), "asked": _("your answer")}
    return names.get(source, "")


class Facts(dict[str, Any]):
    """Everything known so far: JSON values by key, such as ``{"dataset.set": "taiwan"}``, and where each came from.

    ``given``: answers that were given before their questions and that none has taken yet, as they were written.
    """

    def __init__(
        self, values: Mapping[str, Any] | None = None, sources: Mapping[str, Source] | None = None
    ) -> None:
        super().__init__(values or {})
        self.sources: Mapping[str, Source] = sources or {}
        self.given: Mapping[str, Any] = {}


class Back(Exception):
    """Go to the question before this one."""


class Quit(Exception):
    """Leave; everything answered is kept. ``farewell``: what to say besides how to come back."""

    def __init__(self, farewell: str = "") -> None:
        super().__init__(farewell)
        self.farewell = farewell


class Edit(Exception):
    """Ask the field ``key`` again; ``offers``: the answer to offer there, None for the one given before."""

    def __init__(self, key: str, offers: Any = None) -> None:
        super().__init__(key)
        self.key = key
        self.offers = offers


class Unacceptable(ValueError):
    """An answer that the field can't take; the text says why, to the person who gave it."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to choose.

    ``brief``: a few words that stand beside the label, such as a size; ``note``: a sentence about it. Where ``edits`` is a
    field's key, choosing asks that field instead of answering this one, with ``offers`` as the answer to begin from.
    """

    value: Any
    label: str
    note: str = ""
    edits: str = ""
    offers: Any = None
    brief: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """What a letter does at a question: it shows something, or asks the field ``edits`` instead."""

    letter: str
    label: str
    show: Callable[[], View] | None = None
    edits: str = ""


def _anything(_value: Any) -> str | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A question, declared: enough for a screen, a flag, an answers file and a JSON schema.

    ``help``: three lines for who asks with ``?``: what it is, what to choose, where to look.
    ``default``: offered, and taken by ``--yes``; None means there is none. ``check`` returns why a value can't be taken.
    ``needs``: facts on which an answer rests; when one changes, the question comes again with the old answer offered.
    ``quiet``: the default is taken without asking, until somebody edits it. ``attended``: only a person is asked; a
    script needs no answer. ``browse(page)``: something to page through at this question, None past its end.
    ``guessed``: the default is a guess that only a person can take; a script is told of it, and must answer.
    ``open``: other answers than the choices are taken, where ``check`` lets them.
    ``without_effect``: why no answer changes anything here, so that one that was given is refused and not passed over.
    ``foremost``: how many choices a menu shows before it is asked for all; 0 for all at once.
    ``keys``: what can be seen or done at this question by a letter. ``above``: what it is about, shown with it.
    ``after``: it is asked about the step's own results, which don't rest on it.
    ``public``: an answer is one of our own words, never of the user's data, so that the log may tell it.
    ``elsewhere``: the variable in which a script gives it, where ``--set`` must not.
    ``word``: for kind ``word``, what must be typed for ``default``-independent ``value`` to be the answer.
    """

    key: str
    kind: Kind
    label: str
    why: str = ""
    help: str = ""
    default: Any = None
    choices: tuple[Choice, ...] = ()
    check: Callable[[Any], str | None] = _anything
    needs: tuple[str, ...] = ()
    quiet: bool = False
    attended: bool = False
    optional: bool = False
    public: bool = False
    guessed: bool = False
    open: bool = False
    without_effect: str = ""
    browse: Callable[[int], View | None] | None = None
    foremost: int = 0
    keys: tuple[Key, ...] = ()
    above: Callable[[], View] | None = None
    after: bool = False
    elsewhere: str = ""
    word: str = ""
    value: Any = None

    def given(self, raw: Any) -> Any:
        """As ``accept``, of what was written down before the question: an empty value, as of a variable that isn't set, is none."""
        if self.optional and isinstance(raw, str) and not raw.strip():
            raise Unacceptable(
                _("the value is empty. No value is written {key}={nothing}").format(
                    key=self.key, nothing=NOTHING
                )
            )
        return self.accept(raw)

    def accept(self, raw: Any) -> Any:
        """The answer in its own type, from text (a flag, a prompt) or an already typed value.

        Raises Unacceptable with a sentence for the person who gave it.
        """
        if self.optional and (raw is None or (isinstance(raw, str) and raw.strip().lower() in ("", NOTHING))):
            return None
        value = self._typed(raw)
        if (
            self.choices
            and not self.open
            and value not in [choice.value for choice in self.choices if not choice.edits]
        ):
            allowed = enumerated(written(choice.value) for choice in self.choices if not choice.edits)
            told = _("{value} is not one of: {allowed}").format(value=value, allowed=allowed)
            raise Unacceptable(in_a_line(told))
        if self.kind in ("text", "path") and holds_key(value) and not _is_path(value):
            raise Unacceptable(
                _("It holds what looks like an API key, which is kept and sent nowhere but as the key.")
            )
        if problem := self.check(value):
            raise Unacceptable(problem)
        return value

    def _typed(self, raw: Any) -> Any:
        if raw is None or (isinstance(raw, str) and not raw.strip() and self.kind != "text"):
            raise Unacceptable(_("An answer is needed here."))
        if self.kind == "integer":
            return _integer(raw)
        if self.kind == "number":
            return _number(raw)
        if self.kind == "decimal":
            return _decimal(raw)
        if self.kind == "choice":
            texts = {written(choice.value): choice.value for choice in self.choices}
            text = written(raw).strip()
            slashed = (
                text.replace("\\", "/") if os.name == "nt" else text
            )  # a file inside: the shell there completes it so
            return texts.get(text, texts.get(slashed, raw))
        if self.kind == "word":
            if raw != self.value:
                raise Unacceptable(
                    _("The plan has changed since it was approved with {raw}.").format(raw=raw)
                )
            return raw
        if not isinstance(raw, str):
            raise Unacceptable(_("{value} should be text.").format(value=raw))
        # A name may end with a blank, where a file is really called so.
        return raw if self.kind == "text" or (self.kind == "path" and _is_path(raw)) else raw.strip()


def _is_path(text: str) -> bool:
    """Whether something is there by that name, so that it is no key, whatever it looks like."""
    try:
        return os.path.lexists(os.path.expanduser(text))  # noqa: PTH111 - a Path refuses some texts
    except ValueError:  # a NUL
        return False


def _nothing_more() -> Mapping[str, Any]:
    return {}


def written(value: Any) -> str:
    """An answer as it is written on a command line; yes and no as JSON and TOML write them."""
    if value is None:
        return NOTHING
    return str(value).lower() if value in (True, False, "True", "False") else str(value)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer that a step can take, declared once; a question for it is made by ``ask``, and by nothing else.

    What follows from it: the key of ``--set`` with its completion, its JSON schema, its line in the plan, its part in the
    digest that is approved, its place in the printed command.

    ``name``: what it is called in plan and schema. ``help``, ``attended``, ``optional``, ``public``: as a field's.
    ``schema``: what its JSON schema says beside type, name and description: which values it takes.
    ``check``: why a value can't be taken, whatever the facts; so it is asked of a given answer before the first step.
    ``in_plan``: it is a line of the plan and part of its digest. False only for what shows in the bytes that are sent, or
    concerns nothing but this computer; the declaration says which. ``shown``: its value in the plan, for a person.
    ``unset``: what the plan says of it where it has no value; without that, it has no line then.
    """

    key: str
    kind: Kind
    name: Callable[[], str]
    help: Callable[[], str]
    attended: bool = False
    optional: bool = False
    public: bool = False
    schema: Callable[[], Mapping[str, Any]] = _nothing_more
    check: Callable[[Any], str | None] = _anything
    in_plan: bool = True
    shown: Callable[[Any], str] = written
    unset: Callable[[], str] | None = None

    @property
    def settable(self) -> bool:
        """Whether it can be given before the question: not what only a person is asked, nor a secret, nor the approval."""
        return not self.attended and self.kind not in ("secret", "word")

    def ask(self, *, label: str, **more: Any) -> Field:
        """The question for it; ``more``: the rest of the field, as the facts want it."""
        same = ("key", "kind", "attended", "optional", "public", "check")
        declared = {name: getattr(self, name) for name in same}
        return Field(**{**declared, "help": self.help(), "label": label, **more})


def _integer(raw: Any) -> int:
    if isinstance(raw, bool) or (isinstance(raw, float) and not raw.is_integer()):
        raise Unacceptable(_("{value} is not a whole number.").format(value=raw))
    try:
        return int(_amount(raw) if isinstance(raw, str) else raw)
    except (TypeError, ValueError, OverflowError):
        raise Unacceptable(_("{value} is not a whole number.").format(value=raw)) from None


def _amount(text: str) -> str:
    """A number as people write it: full-width digits, thousands parted by commas, an amount of yuan with its sign."""
    import unicodedata

    text = unicodedata.normalize("NFKC", text).strip()
    text = re.sub(r"^(?:[¥$]|CNY|RMB)\s*|\s*(?:\u5143|\u5757|CNY|RMB)$", "", text, flags=re.IGNORECASE)
    return text.replace(",", "") if re.fullmatch(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d*)?", text) else text


def _number(raw: Any) -> float:
    try:
        if isinstance(raw, bool):
            raise TypeError
        number = float(_amount(raw) if isinstance(raw, str) else raw)
    except (TypeError, ValueError, OverflowError):
        raise Unacceptable(_("{value} is not a number.").format(value=raw)) from None
    if not math.isfinite(number):
        raise Unacceptable(_("{value} is not a number.").format(value=raw))
    return number


_PLAIN = -4
"""The largest power of ten that is written as one: 1e-4, but 0.001."""


def _decimal(raw: Any) -> str:
    """A number as a text: equal ones (1e-4, 0.0001, 1E-4) are written alike."""
    from decimal import Decimal, InvalidOperation

    try:
        if isinstance(raw, bool):
            raise InvalidOperation
        number = Decimal(_amount(raw) if isinstance(raw, str) else str(raw)).normalize()
    except InvalidOperation:
        raise Unacceptable(_("{value} is not a number.").format(value=raw)) from None
    if not number.is_finite():
        raise Unacceptable(_("{value} is not a number.").format(value=raw))
    return f"{number:f}" if _PLAIN < number.adjusted() < -_PLAIN else f"{number:e}"


@dataclass(frozen=True, slots=True)
class Decision:
    """A question that only arises at a start or when something is wrong; ``safe`` is the choice that does no harm.

    ``help``: as a field's. ``about``: the key of the effect that it decides of; with one it can be decided without a terminal.
    ``code``: what a program is told that has nobody to ask; ``candidates``: what is on the platform (``contract/forms.Candidate``).
    """

    question: str
    choices: tuple[Choice, ...]
    safe: str
    help: str
    about: str = ""
    code: str = "decision-needed"
    candidates: tuple[Mapping[str, Any], ...] = ()

    @property
    def digest(self) -> str:
        """Stands for what is decided, and between what: whoever approves it has seen just this."""
        return digest([self.about, self.code, sorted(str(choice.value) for choice in self.choices)])

    @property
    def told(self) -> dict[str, Any]:
        """What a program can decide from (``contract/forms.Details``)."""
        known = {
            "question": self.question,
            "choices": [str(choice.value) for choice in self.choices if choice.value != "key"],
            "candidates": [dict(candidate) for candidate in self.candidates],
        }
        return {"effect": self.about, "digest": self.digest, **known} if self.about else known


class Progress(Protocol):
    """A bar on the screen."""

    def update(self, done: int, total: int | None = None) -> None:
        """Move to ``done`` of ``total``, in the unit that it was opened with."""
        ...


class Live(Protocol):
    """A part of the screen that is drawn anew as things change."""

    def update(self, view: View) -> None:
        """Show ``view`` in place of what was shown before."""
        ...


class Front(Protocol):
    """Whoever talks to the user: the terminal, the plain terminal, a script."""

    @property
    def attended(self) -> bool:
        """Whether a person is there to be asked."""
        ...

    def begin(self, number: int, total: int, title: str) -> None:
        """Step ``number`` of ``total`` starts."""
        ...

    def show(self, view: View) -> None:
        """Show something."""
        ...

    def ask(self, field: Field, current: Any = None) -> Any:
        """The answer, accepted by the field. ``current``: what was answered before. Raises Back, Quit, Edit."""
        ...

    def decide(self, decision: Decision) -> str:
        """The value of the chosen choice; unattended, raises DecisionNeeded."""
        ...

    def done(self, title: str, line: str, source: str = "") -> None:
        """A finished step, in one line; ``source`` says where its answers came from when they were not asked."""
        ...

    def say(self, text: str, tone: Literal["plain", "dim", "good", "warn", "bad"] = "plain") -> None:
        """One remark."""
        ...

    def progress(
        self, label: str, total: int | None, unit: Literal["bytes", "rows", "seconds"]
    ) -> AbstractContextManager[Progress]:
        """A bar for work that takes a while."""
        ...

    def live(self) -> AbstractContextManager[Live]:
        """A part of the screen to keep up to date."""
        ...


class Work(Protocol):
    """What a step gets to work with in ``perform``."""

    @property
    def facts(self) -> Facts:
        """Everything known so far."""
        ...

    @property
    def front(self) -> Front:
        """Whoever talks to the user, for progress and remarks; never for questions."""
        ...

    def secret(self, key: str) -> Any:
        """The answer to a secret field given in this run, or None. It is never stored."""
        ...

    def once(self, effect: Effectful) -> Receipt:
        """Bring about an effect on the platform that must not happen twice."""
        ...


class Step:
    """One screen of the product. The keys of its fields and results begin with its ``id`` and a dot.

    ``needs``: facts that its results rest on, besides its own fields. ``gives``: the results that ``perform`` returns.
    Results are recorded with a digest of what they rest on; they are stale as soon as that changes.
    An effect's ``kind`` is the ``id`` of the step that brings it about.
    """

    id: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    gives: ClassVar[tuple[str, ...]] = ()

    def title(self) -> str:
        """The step's name on the screen."""
        raise NotImplementedError

    @classmethod
    def answers(cls) -> Sequence[Answer]:
        """Every answer that it can ever take, whatever the facts."""
        return ()

    def applies(self, facts: Facts) -> bool:  # noqa: ARG002 - most steps always apply
        """Whether this user has to take this step at all."""
        return True

    def fields(self, facts: Facts) -> Sequence[Field]:  # noqa: ARG002 - some steps ask nothing
        """The questions, given what is known; must cope with facts that are still missing."""
        return ()

    def seals(self, facts: Facts) -> str:  # noqa: ARG002 - most steps can be gone back behind
        """The key of the effect that nothing before this step can be changed any more once it may have happened; else empty."""
        return ""

    def verify(self, facts: Facts) -> str | None:  # noqa: ARG002 - some facts can't become untrue
        """Why the recorded results are no longer true (a file changed, a key is gone, a price is another), or None.

        Asked once a start, and answered at once: from this computer. It says what is so and what it means.
        """
        return None

    def asks(self, facts: Facts) -> Callable[[], str | None] | None:  # noqa: ARG002 - few have anything there
        """As ``verify``, of the platform: a question for a thread of its own, which raises no WizardError; None for nothing to ask."""
        return None

    def reopened(self, key: str) -> None:
        """A person wants to answer ``key`` again: what answers it outside of the session counts no more."""

    def view(self, facts: Facts) -> View | None:  # noqa: ARG002 - some steps have nothing to show
        """What to show before the first question."""
        return None

    def perform(self, work: Work) -> Mapping[str, Any]:  # noqa: ARG002 - some steps only ask
        """Do the work; returns a value for each key of ``gives``. Runs again after an error or an interruption."""
        return {}

    def made(self) -> str:
        """What its results are called, such as "the estimate"."""
        return self.title()

    def line(self, facts: Facts) -> str:
        """What this finished step came to, in one line."""
        raise NotImplementedError
