"""Owns the toy steps and the scripted front ends that the engine's tests walk with."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from wizard.engine.cursor import Given
from wizard.engine.run import Run
from wizard.engine.session import Session
from wizard.engine.step import Decision, Facts, Field, Live, Progress, Step, Work
from wizard.engine.view import View
from wizard.errors import AnswersMissing, ApprovalMissing, DecisionNeeded

DECISION = "?"
"""The key under which a Person is given the answer to a decision."""


class _Still:
    def update(self, *_anything: Any) -> None:
        """Nobody looks."""


class _Recorder:
    """What both front ends do: write down what they were asked and told."""

    attended = True

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.offered: list[Any] = []
        self.decisions: list[Decision] = []
        self.told: list[str] = []
        self.finished: list[tuple[str, str, str]] = []

    def begin(self, number: int, total: int, title: str) -> None:
        self.told.append(f"{number}/{total} {title}")

    def show(self, view: View) -> None:
        self.told.append(repr(view))

    def done(self, title: str, line: str, source: str = "") -> None:
        self.finished.append((title, line, source))

    def say(self, text: str, tone: Literal["plain", "dim", "good", "warn", "bad"] = "plain") -> None:  # noqa: ARG002 - no colours
        self.told.append(text)

    @contextmanager
    def progress(
        self,
        label: str,  # noqa: ARG002 - no bar
        total: int | None,  # noqa: ARG002 - no bar
        unit: Literal["bytes", "rows", "seconds"],  # noqa: ARG002 - no bar
    ) -> Iterator[Progress]:
        yield _Still()

    @contextmanager
    def live(self) -> Iterator[Live]:
        yield _Still()


class Person(_Recorder):
    """Answers in the order given: pairs of a field's key (or DECISION) and the answer; an exception is raised.

    A question that comes out of turn fails the test, and so does an answer that nobody asked for (``content``).
    ``watching`` is called at each question, before the answer.
    """

    def __init__(self, *answers: tuple[str, Any], watching: Callable[[Field], None] | None = None) -> None:
        super().__init__()
        self._answers = deque(answers)
        self._watching = watching

    def ask(self, field: Field, current: Any = None) -> Any:
        self.asked.append(field.key)
        self.offered.append(current)
        if self._watching is not None:
            self._watching(field)
        answer = self._next(field.key, field.label)
        if isinstance(answer, BaseException):
            raise answer
        return field.accept(answer)

    def decide(self, decision: Decision) -> str:
        self.decisions.append(decision)
        assert decision.safe in [choice.value for choice in decision.choices], "the safe choice is offered"
        answer = self._next(DECISION, decision.question)
        if isinstance(answer, BaseException):
            raise answer
        assert answer in [choice.value for choice in decision.choices], f"{answer} is not offered"
        return str(answer)

    def content(self) -> None:
        """Every answer was asked for."""
        assert not self._answers, f"nobody asked for {list(self._answers)}"

    def _next(self, key: str, question: str) -> Any:
        assert self._answers, f"unexpected question {key}: {question}"
        expected, answer = self._answers.popleft()
        assert expected == key, f"asked {key} ({question}) where {expected} was expected"
        return answer


class Script(_Recorder):
    """Nobody is there; with ``yes`` every default is taken."""

    attended = False

    def __init__(self, *, yes: bool = False) -> None:
        super().__init__()
        self._yes = yes

    def ask(self, field: Field, current: Any = None) -> Any:  # noqa: ARG002 - a script has no earlier answer
        if self._yes and field.default is not None:
            return field.accept(field.default)
        if field.kind == "word":
            raise ApprovalMissing(field.label, digest=str(field.value))
        raise AnswersMissing(field.label, keys=(field.key,))

    def decide(self, decision: Decision) -> str:
        raise DecisionNeeded(decision.question)


class Toy(Step):
    """A step made of parts; ``performed`` and ``verified`` count."""

    def __init__(
        self,
        fields: Callable[[Facts], Sequence[Field]],
        does: Callable[[Work], Mapping[str, Any]],
        applies: Callable[[Facts], bool],
        verifies: Callable[[Facts], str | None],
        far: Callable[[], str | None] | None,
    ) -> None:
        self._fields, self._does, self._applies, self._verifies = fields, does, applies, verifies
        self._far = far
        self.performed = 0
        self.verified = 0

    def title(self) -> str:
        return self.id

    def applies(self, facts: Facts) -> bool:
        return self._applies(facts)

    def fields(self, facts: Facts) -> Sequence[Field]:
        return self._fields(facts)

    def verify(self, facts: Facts) -> str | None:
        self.verified += 1
        return self._verifies(facts)

    def asks(self, facts: Facts) -> Callable[[], str | None] | None:
        return self._far if all(key in facts for key in self.gives) else None

    def perform(self, work: Work) -> Mapping[str, Any]:
        self.performed += 1
        return self._does(work)

    def line(self, facts: Facts) -> str:
        keys = [*(field.key for field in self.fields(facts) if field.kind != "secret"), *self.gives]
        return ", ".join(f"{key}={facts[key]}" for key in keys)


def toy(
    name: str,
    *fields: Field,
    asks: Callable[[Facts], Sequence[Field]] | None = None,
    needs: tuple[str, ...] = (),
    gives: tuple[str, ...] = (),
    does: Callable[[Work], Mapping[str, Any]] | None = None,
    applies: Callable[[Facts], bool] = lambda _facts: True,
    verifies: Callable[[Facts], str | None] = lambda _facts: None,
    far: Callable[[], str | None] | None = None,
    seals: str = "",
) -> Toy:
    """A step ``name`` that asks ``fields`` (or what ``asks`` makes of the facts) and, told nothing else, gives its inputs."""

    def asked(facts: Facts) -> Sequence[Field]:
        return asks(facts) if asks is not None else fields

    def inputs(work: Work) -> Mapping[str, Any]:
        own = [field.key for field in asked(work.facts) if field.kind != "secret"]
        rests = [[key, work.facts.get(key)] for key in (*needs, *own)]
        return dict.fromkeys(gives, rests)

    kind = type(
        f"Toy_{name}",
        (Toy,),
        {"id": name, "needs": needs, "gives": gives, "seals": lambda _self, _facts: seals},
    )
    made = kind(asked, does or inputs, applies, verifies, far)
    assert isinstance(made, Toy)
    return made


def question(key: str, **declared: Any) -> Field:
    """A question for text, unless ``declared`` says otherwise."""
    return Field(**{"key": key, "kind": "text", "label": f"What is {key}?", **declared})


def walked(
    steps: Sequence[Step],
    session: Session,
    *answers: tuple[str, Any],
    given: Mapping[str, Given] | None = None,
) -> Person:
    """A person walks to the end with exactly these answers; returns what was asked and told."""
    front = Person(*answers)
    run = Run(steps, session, front, given)
    run.go()
    front.content()
    assert run.next_step() is None
    return front
