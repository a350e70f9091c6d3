"""Owns the proof that what comes next is one computation over what is known: resume, Back, Edit and what they keep."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import examples
from engine_fixture import DECISION, Person, Script, Toy, question, toy, walked
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox_fixture import until

from wizard.engine import news
from wizard.engine.cursor import Given
from wizard.engine.run import Run
from wizard.engine.session import Effect, Fact, Session
from wizard.engine.step import Back, Choice, Edit, Facts, Field, Kind, Quit, Source, Work
from wizard.errors import (
    AnswersMissing,
    ApprovalMissing,
    DataError,
    DecisionNeeded,
    Remedy,
    UsageError,
    WizardError,
)

CANARY = "sk-canary-0123456789abcdef"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session.open(tmp_path / "state") as opened:
        yield opened


class Unsaved(Session):
    """A session of which nothing reaches the disk, for laws over many walks."""

    def save(self, *, keep_previous: bool = True) -> None:
        pass


def flag(raw: Any) -> Given:
    return Given(raw, "flag")


def three() -> tuple[Toy, Toy, Toy]:
    """Three steps that ask one question each; each result rests on the one before."""
    return (
        toy("one", question("one.q"), gives=("one.r",)),
        toy("two", question("two.q"), needs=("one.r",), gives=("two.r",)),
        toy("three", question("three.q"), needs=("two.r",), gives=("three.r",)),
    )


ALL = (("one.q", "a"), ("two.q", "b"), ("three.q", "c"))


# What comes next


def test_first_open_step_comes_next(session: Session) -> None:
    """The next step is the first applicable one that is not satisfied, however the session came to where it is."""
    steps = three()
    run = Run(steps, session, Person(*ALL[:2], ("three.q", Quit())))

    assert steps[0] is run.next_step()
    with pytest.raises(Quit):
        run.go()
    assert steps[2] is run.next_step()
    session.drop(("two.r",))
    assert steps[1] is run.next_step()
    assert ["three.q"] == walked(steps, session, ALL[2]).asked
    assert run.next_step() is None


def test_going_on_asks_and_does_only_what_is_open(session: Session) -> None:
    """A second start with nothing changed asks nothing and performs nothing."""
    walked(three(), session, *ALL)
    again = three()

    assert [] == walked(again, session).asked
    assert [0, 0, 0] == [step.performed for step in again]


def test_before_stops_there(session: Session) -> None:
    """``before`` ends the walk at that step, and the next one goes on from it."""
    steps = three()
    run = Run(steps, session, Person(*ALL))

    run.go(before="three")
    assert [1, 1, 0] == [step.performed for step in steps]
    run.go()
    assert [1, 1, 1] == [step.performed for step in steps]


def test_interrupted_work_is_done_again(session: Session) -> None:
    """What ``perform`` did not return is not recorded: an interrupt leaves the answers, and the step open."""

    def interrupted(_work: Work) -> Mapping[str, Any]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        walked((toy("one", question("one.q"), gives=("one.r",), does=interrupted),), session, ALL[0])
    assert {"one.q": "a"} == session.known
    assert [] == walked(three()[:1], session).asked


def test_finished_steps_are_told_once(session: Session) -> None:
    """A finished step is told in one line, once, with the source of an answer that was not asked; again when it changed."""
    steps = three()[:2]
    front = Person(("two.q", Edit("one.q")), ("one.q", "z"), ("two.q", "b"))
    run = Run(steps, session, front, {"one.q": flag("a")})
    run.go()
    run.go()

    assert [("one", "flag"), ("one", ""), ("two", "")] == [
        (title, source) for title, _, source in front.finished
    ]
    assert "one.q=a" in front.finished[0][1]
    assert "one.q=z" in front.finished[1][1]


# Edits


@st.composite
def flows(draw: st.DrawFn) -> list[tuple[list[int], list[int], bool]]:
    """For each step: which earlier results its result needs, which its question, and whether the result tells inputs apart."""
    flow = []
    for number in range(draw(st.integers(2, 5))):
        earlier = st.lists(st.sampled_from(range(number)), unique=True) if number else st.just([])
        flow.append((sorted(draw(earlier)), sorted(draw(earlier)), draw(st.booleans())))
    return flow


@settings(max_examples=examples(60))
@given(flows(), st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=5))
def test_an_edit_makes_stale_exactly_what_depends_on_it(
    flow: list[tuple[list[int], list[int], bool]], edits: list[tuple[int, int]]
) -> None:
    """After an edit exactly the results and questions whose inputs have changed come again, transitively, old answers offered."""

    def result(number: int, inputs: Any) -> str:
        return repr(inputs) if flow[number][2] else f"{len(repr(inputs)) % 2}"

    def steps() -> list[Toy]:
        made = []
        for number, (needs, rests, _) in enumerate(flow):

            def does(
                work: Work, number: int = number, needs: tuple[int, ...] = tuple(needs)
            ) -> Mapping[str, Any]:
                facts = work.facts
                return {
                    f"s{number}.r": result(number, (facts[f"s{number}.q"], [facts[f"s{i}.r"] for i in needs]))
                }

            made.append(
                toy(
                    f"s{number}",
                    question(f"s{number}.q", needs=tuple(f"s{i}.r" for i in rests)),
                    needs=tuple(f"s{i}.r" for i in needs),
                    gives=(f"s{number}.r",),
                    does=does,
                )
            )
        return made

    answers = ["0"] * len(flow)
    inputs: dict[int, Any] = {}
    rested: dict[int, Any] = {}
    results: dict[int, str] = {}
    with Unsaved(Path(), None) as session:
        for edited, value in [(-1, 0), *edits]:
            typed = {}
            if 0 <= edited < len(flow):
                answers[edited] = str(value)
                typed[f"s{edited}.q"] = flag(str(value))
            performed, asked = [], []
            for number, (needs, rests, _) in enumerate(flow):
                basis = [results[i] for i in rests]
                if (number not in rested or rested[number] != basis) and number != edited:
                    asked.append(number)
                rested[number] = basis
                now = (answers[number], [results[i] for i in needs])
                if number not in inputs or inputs[number] != now:
                    performed.append(number)
                inputs[number], results[number] = now, result(number, now)
            made = steps()
            front = walked(
                made, session, *((f"s{number}.q", answers[number]) for number in asked), given=typed
            )

            assert performed == [number for number, step in enumerate(made) if step.performed]
            assert [None if edited < 0 else answers[number] for number in asked] == front.offered
            assert [results[number] for number in range(len(flow))] == [
                session.known[f"s{number}.r"] for number in range(len(flow))
            ]


def test_a_value_changed_back_makes_results_fresh_again(session: Session) -> None:
    """Results are not thrown away by an edit: when the value is what it was, they count again, and nothing is done again."""
    heavy = toy("heavy", needs=("one.a", "one.b"), gives=("heavy.r",))
    steps = (
        toy("one", question("one.a"), question("one.b")),
        heavy,
        toy("last", question("last.q"), gives=("last.r",)),
    )
    front = walked(
        steps,
        session,
        ("one.a", "old"),
        ("one.b", "b"),
        ("last.q", Back()),
        ("one.b", Back()),
        ("one.a", "new"),
        ("one.b", Back()),
        ("one.a", "old"),
        ("one.b", "b"),
        ("last.q", "z"),
    )

    assert 1 == heavy.performed
    assert [None, None, None, "b", "old", "b", "new", "b", None] == front.offered


def test_edit_asks_that_question_and_comes_back(session: Session) -> None:
    """Edit asks the named field with its answer offered, does again what rests on it, and returns to where it was asked."""
    steps = three()
    front = walked(steps, session, *ALL[:2], ("three.q", Edit("one.q")), ("one.q", "z"), ALL[2])

    assert ["one.q", "two.q", "three.q", "one.q", "three.q"] == front.asked
    assert "a" == front.offered[3]
    assert [2, 2, 1] == [step.performed for step in steps]


def test_back_leaves_a_change_that_was_begun(session: Session) -> None:
    """Back at a question that somebody chose to change leaves its answer as it was, and returns to where it was chosen."""
    steps = three()
    front = walked(steps, session, *ALL[:2], ("three.q", Edit("one.q")), ("one.q", Back()), ALL[2])

    assert ["one.q", "two.q", "three.q", "one.q", "three.q"] == front.asked
    assert "a" == session.known["one.q"]
    assert [1, 1, 1] == [step.performed for step in steps]


def test_a_choice_that_edits_is_no_answer() -> None:
    """A choice that leads to another field can't be given as an answer."""
    field = question("a.q", kind="choice", choices=(Choice("yes", "Yes"), Choice("x", "Change x", edits="x")))

    assert "yes" == field.accept(" yes ")
    with pytest.raises(ValueError, match="x is not one of: yes"):
        field.accept("x")


# Back


@settings(max_examples=examples(60))
@given(
    st.lists(st.sampled_from(["asked", "quiet", "given", "skipped", "secret"]), min_size=1, max_size=6),
    st.integers(1, 7),
)
def test_back_reopens_the_nearest_earlier_question(kinds: list[str], times: int) -> None:
    """Each Back asks the nearest earlier question that somebody answered; answers that stay the same keep all after them.

    It passes over quiet questions, secrets and steps that don't apply.
    """
    steps = []
    for number, kind in enumerate(kinds):
        key = f"s{number}.q"
        made = question(
            key, kind="secret" if kind == "secret" else "text", quiet=kind == "quiet", default="d"
        )
        applies = (lambda _: False) if kind == "skipped" else (lambda _: True)
        steps.append(toy(f"s{number}", made, gives=(f"s{number}.r",), applies=applies))
    steps.append(toy("last", question("last.q")))
    typed = {f"s{number}.q": flag("g") for number, kind in enumerate(kinds) if kind == "given"}
    first = [(f"s{n}.q", "a") for n, kind in enumerate(kinds) if kind in ("asked", "secret")]
    reachable = [
        (f"s{n}.q", "a" if kind == "asked" else "g")
        for n, kind in enumerate(kinds)
        if kind in ("asked", "given")
    ]
    answers: list[tuple[str, Any]] = [*first]
    at = [*reachable, ("last.q", "z")]
    position = len(at) - 1
    for _ in range(times):
        answers.append((at[position][0], Back()))
        position = max(position - 1, 0)
    answers += at[position:]
    with Unsaved(Path(), None) as session:
        walked(steps, session, *answers, given=typed)

    assert [int(kind != "skipped") for kind in kinds] == [step.performed for step in steps[:-1]]


def test_back_at_the_first_question_says_so(session: Session) -> None:
    """There is nothing before the first question: that is said, and it is asked again."""
    front = walked(three()[:1], session, ("one.q", Back()), ALL[0])

    assert ["one.q", "one.q"] == front.asked
    assert "This is the first question." in front.told


def test_back_into_a_branch(session: Session) -> None:
    """A step that doesn't apply is skipped forwards and backwards; changing what it hangs on brings it in, or takes it out."""
    branch = toy(
        "branch",
        question("branch.q"),
        gives=("branch.r",),
        applies=lambda facts: facts.get("one.q") == "with",
    )
    last = toy("last", question("last.q"))
    steps = (toy("one", question("one.q")), branch, last)

    walked(steps, session, ("one.q", "without"), ("last.q", Back()), ("one.q", "without"), ("last.q", "z"))
    assert 0 == branch.performed
    walked(steps, session, ("branch.q", "b"), given={"one.q": flag("with")})
    assert 1 == branch.performed
    walked(steps, session, given={"one.q": flag("without")})
    assert 1 == branch.performed


# Kinds of questions


def test_a_quiet_default_follows_until_somebody_chooses(session: Session) -> None:
    """A quiet field takes its default unasked and follows it when it changes; what somebody chose stays."""

    def steps(default: str) -> tuple[Toy, Toy]:
        return (
            toy("one", question("one.q", quiet=True, default=default)),
            toy("two", question("two.q", attended=True)),
        )

    assert ["two.q"] == walked(steps("a"), session, ("two.q", "x")).asked
    assert [] == walked(steps("b"), session).asked
    assert "b" == session.known["one.q"]
    walked((*steps("b"), toy("three", question("three.q"))), session, ("three.q", Edit("one.q")),
           ("one.q", "mine"), ("three.q", "x"))  # fmt: skip
    walked(steps("c"), session)
    assert "mine" == session.known["one.q"]


@pytest.mark.parametrize(("kind", "default", "value"), [("integer", " 8 ", 8), ("path", " x ", "x")])
def test_a_quiet_default_is_kept_in_its_own_type(
    session: Session, kind: str, default: str, value: Any
) -> None:
    """A default that is written otherwise than it is stored is taken once, not again and again."""
    walked((toy("one", question("one.q", kind=kind, quiet=True, default=default)),), session)

    assert value == session.known["one.q"]


def test_a_quiet_default_that_cannot_be_taken(session: Session) -> None:
    """A quiet default that the field itself refuses is asked of a person and refused to a script; it never goes round."""
    steps = (
        toy("one", question("one.q", quiet=True, default="bad", check=lambda value: f"{value}!"[:-1] and (
            "It is bad." if value == "bad" else None))),
    )  # fmt: skip
    with pytest.raises(UsageError, match=r"one\.q: It is bad\."):
        Run(steps, session, Script(yes=True)).go()

    assert "It is bad." in walked(steps, session, ("one.q", "good")).told
    assert "good" == session.known["one.q"]


def test_a_field_that_stops_being_quiet_is_asked(session: Session) -> None:
    """When the answer on which a field rests makes it loud, it is asked, although its default had been taken."""

    def asks(facts: Facts) -> tuple[Field, ...]:
        quiet = facts.get("one.adjust") != "yes"
        return (
            question("one.adjust", attended=True, default="no"),
            question("one.q", quiet=quiet, default="d", needs=("one.adjust",)),
        )

    front = walked(
        (toy("one", asks=asks), toy("two", question("two.q"))),
        session,
        ("one.adjust", "no"),
        ("two.q", Back()),
        ("one.adjust", "yes"),
        ("one.q", "mine"),
        ("two.q", "z"),
    )
    assert "d" == front.offered[3]


def test_an_attended_field_is_asked_of_people_only(session: Session, tmp_path: Path) -> None:
    """A script takes the default of an attended field without ``--yes``; a person is asked; a bad default is refused."""
    steps = (toy("one", question("one.q", attended=True, default="d")),)
    Run(steps, session, Script()).go()
    assert ("d", "default") == (session.facts["one.q"].value, session.facts["one.q"].source)

    with Session.open(tmp_path / "other") as other:
        assert ["one.q"] == walked(steps, other, ("one.q", "x")).asked
    with (
        Session.open(tmp_path / "third") as third,
        pytest.raises(UsageError, match=r"two\.q: An answer is needed"),
    ):
        Run((toy("two", question("two.q", kind="integer", attended=True)),), third, Script(yes=True)).go()


def test_an_optional_field_takes_nothing(session: Session) -> None:
    """Nothing is an answer to an optional field, from a person, a flag or a quiet default, and is not asked again."""
    steps = (
        toy(
            "one",
            question("one.q", kind="number", optional=True, check=lambda value: "" if value > 0 else "low"),
        ),
        toy("two", question("two.q", kind="number", optional=True)),
        toy("three", question("three.q", kind="number", optional=True, quiet=True)),
    )
    walked(steps, session, ("one.q", ""), given={"two.q": flag("none")})

    assert {"one.q": None, "two.q": None, "three.q": None} == session.known
    assert [] == walked(steps, session).asked


@pytest.mark.parametrize("source", ["flag", "answers"])
@pytest.mark.parametrize("empty", ["", " "])
@pytest.mark.parametrize("kind", ["number", "integer", "text", "choice"])
def test_an_empty_value_is_no_answer_to_an_optional_field(
    session: Session, kind: Kind, empty: str, source: Source
) -> None:
    """What was answered before stays where a value is given empty, as from a variable that isn't set: usage, and why."""
    session.put("one.q", Fact(5, "asked", ""))
    field = question("one.q", kind=kind, optional=True, quiet=True)
    with pytest.raises(UsageError, match=r"one\.q=none") as problem:
        Run((toy("one", field),), session, Script(), {"one.q": Given(empty, source)}).go()

    assert 2 == problem.value.exit_code
    assert 5 == session.known["one.q"]


# Given answers


def test_given_answers_beat_stored_ones(session: Session) -> None:
    """An answer that is given with the start beats what was answered before, and its source is kept."""
    walked(three(), session, *ALL)
    front = walked(three(), session, given={"two.q": Given("z", "answers"), "nobody.asks": flag(1)})

    assert [] == front.asked
    assert ("z", "answers") == (session.facts["two.q"].value, session.facts["two.q"].source)


def test_answers_without_effect_are_refused(session: Session) -> None:
    """A given answer that nothing asked for, or whose question says that none changes anything, is an error that names it, once."""
    run = Run(three()[:1], session, Script(), {"one.q": flag("a"), "no.such": flag("b")})
    run.go()
    with pytest.raises(UsageError, match=r"no\.such") as refused:
        run.refuse_unused()
    assert "one.q" not in refused.value.message
    run.refuse_unused()
    assert {} == session.given

    idle = toy("two", question("two.q", without_effect="all is said"))
    run = Run((idle,), session, Script(), {"two.q": flag("a")})
    run.go()
    with pytest.raises(UsageError, match=r"two\.q: all is said"):
        run.refuse_unused()
    assert "two.q" not in session.facts


def test_given_answers_wait_for_their_questions(session: Session) -> None:
    """What was given and not taken when a run ends is given to the next one, in its source; an approval is not, nor what looks like a key."""
    given = {
        "three.q": Given("z", "answers"),
        "two.q": flag("sk-canary0sandbox0123456789abcdef"),
        "one.q": Given("x", "flag", kept=False),
    }
    with pytest.raises(Quit):
        Run(three(), session, Person(("one.q", "a"), ("two.q", Quit())), {"three.q": given["three.q"]}).go()
    session.close()
    with Session.open(session.folder) as again:
        assert {"three.q": ("z", "answers")} == again.given
        Run(three(), again, Person(("two.q", "b"))).go()
        assert ("z", "answers") == (again.facts["three.q"].value, again.facts["three.q"].source)
        assert {} == again.given
        Run(three(), again, Script(), given).remember_given()
        assert {"three.q": ("z", "answers")} == again.given


def test_a_bad_given_answer_names_its_key_and_source(session: Session) -> None:
    """A given answer that can't be taken is refused with its key and where it came from, and nothing is stored."""
    steps = (toy("one", question("one.q", kind="integer")),)
    with pytest.raises(UsageError, match=r"one\.q \(--set\): many is not a whole number\."):
        Run(steps, session, Script(), {"one.q": flag("many")}).go()
    assert {} == session.known

    front = walked(steps, session, ("one.q", 3), given={"one.q": flag("many")})  # a person is told, and asked
    assert any("many is not a whole number" in said for said in front.told)
    assert 3 == session.known["one.q"]


def test_an_approval_of_another_plan_is_refused(session: Session) -> None:
    """A given approval counts only for the plan that it was given to; the refusal says which digest to approve."""
    steps = (toy("one", question("one.q", kind="word", word="yes", value="d2")),)
    with pytest.raises(ApprovalMissing, match="changed since") as refused:
        Run(steps, session, Script(), {"one.q": flag("d1")}).go()

    assert "d2" == refused.value.digest
    Run(steps, session, Script(), {"one.q": flag("d2")}).go()
    assert "d2" == session.known["one.q"]


def test_an_approval_is_asked_again_when_the_plan_changes(session: Session) -> None:
    """A stored approval of another digest is no answer any more."""

    def steps(digest: str) -> tuple[Toy]:
        return (toy("one", question("one.q", kind="word", word="yes", value=digest)),)

    walked(steps("d1"), session, ("one.q", "d1"))
    assert ["one.q"] == walked(steps("d2"), session, ("one.q", "d2")).asked


def test_all_missing_answers_are_reported_at_once(session: Session) -> None:
    """Unattended, one error names every missing answer of every step, in order; with ``--yes`` those without a default.

    What is quiet, for people only, given, stored or an approval is not missing.
    """
    steps = (
        toy("one", question("one.a"), question("one.b", quiet=True, default="d"), question("one.stored")),
        toy("two", question("two.a", default="d"), question("two.b", attended=True, default="d")),
        toy("off", question("off.a"), applies=lambda _: False),
        toy("three", question("three.given"), question("three.word", kind="word", word="yes", value="v")),
        toy("four", question("four.a")),
    )
    session.put("one.stored", Fact("x", "asked", Run(steps, session, Script())._basis(())))
    for yes, keys in ((False, ("one.a", "two.a", "four.a")), (True, ("one.a", "four.a"))):
        with pytest.raises(AnswersMissing) as missing:
            Run(steps, session, Script(yes=yes), {"three.given": flag("x")}).go()
        assert keys == missing.value.keys
        assert all(f"{key}: What is {key}?" in missing.value.message for key in keys)
    assert ["one.stored"] == list(session.facts)


def test_a_default_that_yes_cannot_take_is_refused(session: Session) -> None:
    """``--yes`` with a default that the field refuses ends with the reason, not a traceback."""
    steps = (toy("one", question("one.q", default="d", check=lambda _: "It is full.")),)

    with pytest.raises(UsageError, match=r"one\.q: It is full\."):
        Run(steps, session, Script(yes=True)).go()


def test_a_stored_answer_that_no_longer_fits_is_asked_again(session: Session) -> None:
    """When the choices have changed so that a stored answer is none of them, it is asked again with the old one offered."""

    def steps(*choices: str) -> tuple[Toy]:
        return (
            toy(
                "one",
                question("one.q", kind="choice", choices=tuple(Choice(choice, choice) for choice in choices)),
            ),
        )

    walked(steps("a", "b"), session, ("one.q", "a"))
    assert [] == walked(steps("a", "c"), session).asked
    assert ["a"] == walked(steps("b", "c"), session, ("one.q", "c")).offered


# What is no longer true


def test_results_that_are_no_longer_true_are_made_again(session: Session) -> None:
    """``verify`` that gives a reason drops the results and says why; the step is done again, and only what saw a change."""
    walked(three(), session, *ALL)
    first, second, third = three()
    gone = toy(
        "one", question("one.q"), gives=("one.r",), verifies=lambda _: "the file changed", does=lambda _: {"one.r": "new"}
    )  # fmt: skip
    front = walked((gone, second, third), session)

    assert [1, 1, 1] == [gone.performed, second.performed, third.performed]
    assert [] == front.asked
    assert "one: the file changed" in front.told
    assert 0 == first.performed


def test_untrue_results_are_gone_from_disk_at_once(session: Session) -> None:
    """Results that ``verify`` called untrue don't come back when the work that makes them new fails."""
    walked(three()[:1], session, ALL[0])

    def fails(_work: Work) -> Mapping[str, Any]:
        raise DataError("The file is gone.")

    step = toy("one", question("one.q"), gives=("one.r",), verifies=lambda _: "gone", does=fails)
    with pytest.raises(DataError):
        Run((step,), session, Script()).go()
    peeked = Session.peek(session.folder)
    assert peeked is not None
    assert {"one.q": "a"} == peeked.known


def test_verify_is_asked_once_a_start(session: Session) -> None:
    """What is recorded is checked once, however many walks one start makes; what is not recorded isn't checked."""
    walked(three()[:2], session, *ALL[:2])
    steps = three()
    run = Run(steps, session, Person(ALL[2]))
    run.go(before="three")
    run.go()

    assert [1, 1, 0] == [step.verified for step in steps]
    edited = three()
    walked(edited, session, given={"one.q": flag("z")})
    assert [0, 1, 1] == [step.verified for step in edited]  # what is done again anyway needs no look
    again = three()
    walked(again, session, given={"one.q": flag("z")})
    assert [1, 1, 1] == [step.verified for step in again]  # the same answer says nothing of what it names


# What is asked far away


class Waiting(Person):
    """Sets ``waited`` where the run begins to wait for an answer."""

    def __init__(self, waited: threading.Event, *answers: tuple[str, Any]) -> None:
        super().__init__(*answers)
        self._waited = waited

    def progress(self, label: str, total: int | None, unit: Any) -> Any:
        if label.startswith("Waiting"):
            self._waited.set()
        return super().progress(label, total, unit)


def test_a_late_answer_is_told_at_the_next_question(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first question waits for nobody; what was found far away drops the results, and says why, before the next one."""
    monkeypatch.setattr(news, "NEWS", 0.0)
    walked(three()[:1], session, ALL[0])
    answer, heard = threading.Event(), threading.Event()

    def far() -> str:
        answer.wait()
        heard.set()
        return "it is gone"

    one, two, three_ = three()
    one = toy("one", question("one.q"), gives=("one.r",), far=far, does=lambda _work: {"one.r": "made anew"})

    def looking(field: Field) -> None:
        if field.key == "two.q":
            assert "one: it is gone" not in front.told
            answer.set()
            heard.wait()
            assert run._inquiry is not None
            until(run._inquiry._answers.empty, lambda empty: not empty)

    front = Person(*ALL[1:], watching=looking)
    run = Run((one, two, three_), session, front)
    run.go()
    front.content()
    assert "one: it is gone" in front.told
    assert (1, "made anew") == (one.performed, session.facts["one.r"].value)


def test_nothing_is_done_with_results_that_are_in_doubt(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that needs what is still asked about waits for the answer, and what it needs is made anew before it."""
    monkeypatch.setattr(news, "NEWS", 0.0)
    walked(three()[:1], session, ALL[0])
    waited = threading.Event()

    def far() -> str:
        waited.wait()
        return "it is gone"

    one = toy("one", question("one.q"), gives=("one.r",), far=far, does=lambda _work: {"one.r": "made anew"})
    last = toy("last", needs=("one.r",), gives=("last.r",), does=lambda work: {"last.r": work.facts["one.r"]})
    front = Waiting(waited)
    Run((one, last), session, front).go()
    assert "one: it is gone" in front.told
    assert (1, "made anew") == (last.performed, session.facts["last.r"].value)


def test_what_was_made_meanwhile_is_not_dropped(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A late answer is about the results that it was asked about; others that took their place stay."""
    monkeypatch.setattr(news, "NEWS", 0.0)
    walked(three()[:1], session, ALL[0])
    waited = threading.Event()

    def far() -> str:
        waited.wait()
        return "it is gone"

    one = toy("one", question("one.q"), gives=("one.r",), far=far)
    front = Waiting(waited)
    run = Run((one,), session, front, {"one.q": flag("z")})
    run.go()
    waited.set()
    assert run._inquiry is not None
    assert [""] == [learn() for learn in run._inquiry.heard(None)]
    assert 1 == one.performed


def test_what_goes_wrong_far_away_is_not_swallowed(session: Session) -> None:
    """What a question raises in its thread is raised where its answer is heard."""
    walked(three()[:1], session, ALL[0])

    def far() -> str:
        raise DataError("unexpected")

    one = toy("one", question("one.q"), gives=("one.r",), far=far)
    with pytest.raises(DataError, match="unexpected"):
        Run((one,), session, Script()).go()


# Sealed


def sealed_flow() -> tuple[Toy, Toy, Toy, Toy]:
    one, two, _ = three()
    return (
        one,
        two,
        toy("job", needs=("two.r",), gives=("job.id",), seals="job:1"),
        toy("watch", question("watch.q"), needs=("job.id",), gives=("watch.r",)),
    )


@pytest.mark.parametrize("state", ["sent", "done"])
def test_once_sent_nothing_before_is_touched(session: Session, state: Any) -> None:
    """Once a sealing step's effect is sent or done nothing before it is asked, performed or verified again.

    Not even where it is no longer satisfied; the walk goes on from the sealing step.
    """
    walked(sealed_flow()[:2], session, *ALL[:2])
    receipt = {"id": "ft-1", "data": {}, "adopted": False} if state == "done" else None
    session.enter(Effect("job:1", "job", state, 0, receipt=receipt))
    session.put("one.q", Fact("changed behind its back", "asked", "another basis"))
    steps = sealed_flow()
    front = walked(steps, session, ("watch.q", "w"))

    assert [0, 0, 1, 1] == [step.performed for step in steps]
    assert [0, 0, 0, 0] == [step.verified for step in steps]
    assert ["watch.q"] == front.asked


def test_prepared_does_not_seal(session: Session) -> None:
    """An effect that is only prepared has not left: everything can still be changed."""
    walked(sealed_flow()[:2], session, *ALL[:2])
    session.enter(Effect("job:1", "job", "prepared", 0))
    steps = sealed_flow()
    walked(steps, session, ("watch.q", "w"), given={"one.q": flag("z")})

    assert [1, 1, 1, 1] == [step.performed for step in steps]


def test_an_unsealing_effect_does_not_seal(session: Session) -> None:
    """Only the effect of a step that seals closes what is before it."""
    session.enter(Effect("upload:1", "one", "sent", 0))

    assert not Run(sealed_flow(), session, Person()).sealed


def test_once_sent_given_answers_are_refused(session: Session) -> None:
    """Other answers are refused by name once the job was sent; the same ones, so the same command, may be given again."""
    walked(sealed_flow()[:2], session, *ALL[:2])
    session.enter(Effect("job:1", "job", "sent", 0))
    with pytest.raises(UsageError, match=r"can't be changed: one\.q"):
        Run(sealed_flow(), session, Person(), {"one.q": flag("z")}).go()

    walked(sealed_flow(), session, ("watch.q", "w"), given={"one.q": flag(session.facts["one.q"].value)})
    assert "a" == session.known["one.q"]


def test_once_sent_back_and_edit_stay_behind_the_wall(session: Session) -> None:
    """Back and Edit don't lead before the sealing step: it is said, and the question is asked again."""
    walked(sealed_flow()[:2], session, *ALL[:2])
    session.enter(Effect("job:1", "job", "sent", 0))
    front = walked(sealed_flow(), session, ("watch.q", Back()), ("watch.q", Edit("one.q")), ("watch.q", "w"))

    assert 2 == sum("can't be changed any more" in told for told in front.told)
    session.forget(session.effects["job:1"])
    assert [] == walked(sealed_flow(), session).asked


# Errors and what mends them


def failing(times: int, *remedies: Remedy, error: type[WizardError] = DataError) -> tuple[Toy, Toy]:
    """Two steps; the second one's work fails that many times."""
    left = [times]

    def does(work: Work) -> Mapping[str, Any]:
        if left[0]:
            left[0] -= 1
            raised = error("Too long.", "Shorten it.")
            raised.remedies = remedies
            raise raised
        return {"two.r": work.facts["one.q"]}

    return (
        toy("one", question("one.q"), question("one.p", needs=("one.q",), default="p", quiet=True)),
        toy("two", question("two.q"), needs=("one.q", "one.p"), gives=("two.r",), does=does),
    )


def test_a_remedy_can_answer(session: Session) -> None:
    """An error's remedy with a value answers that field as a person would, and the work goes on."""
    steps = failing(1, Remedy("Take p2", "one.p", "p2"))
    front = walked(steps, session, *ALL[:2], (DECISION, "0"))

    assert ("p2", "asked") == (session.facts["one.p"].value, session.facts["one.p"].source)
    assert [
        "Take p2",
        "I have fixed the file, read it again",
        "Back to the questions of this step: two",
        "Go back to the question before",
        "Save and leave",
    ] == [choice.label for choice in front.decisions[0].choices]
    assert {"Too long.", "Shorten it."} <= set(front.told)
    assert "retry" == front.decisions[0].safe


def test_a_remedy_can_ask(session: Session) -> None:
    """An error's remedy without a value asks that field, with its answer offered, and the work goes on."""
    front = walked(
        failing(1, Remedy("Change it", "one.q")), session, *ALL[:2], (DECISION, "0"), ("one.q", "z")
    )

    assert "0" == front.decisions[0].safe
    assert "a" == front.offered[2]
    assert "z" == session.known["two.r"]


def test_an_error_can_be_retried_or_its_step_changed(session: Session) -> None:
    """Any error offers to try again and to change the step's own answers; an unchanged answer tries again too."""
    steps = failing(3)
    front = walked(
        steps, session, *ALL[:2], (DECISION, "retry"), (DECISION, "change"), ("two.q", "b"), (DECISION, "retry")
    )  # fmt: skip

    assert 4 == steps[1].performed
    assert ["one.q", "two.q", "two.q"] == front.asked


def test_an_error_can_be_left(session: Session) -> None:
    """Leaving at an error keeps the answers; the next start tries again without asking them."""
    with pytest.raises(Quit):
        walked(failing(1), session, *ALL[:2], (DECISION, "leave"))

    assert [] == walked(failing(0), session).asked


def test_unattended_an_error_comes_out(session: Session) -> None:
    """With nobody there an error is not mended: it comes out as it is, and the answers are kept."""
    with pytest.raises(DataError, match="Too long"):
        Run(failing(1), session, Script(), {"one.q": flag("a"), "two.q": flag("b")}).go()
    assert {"one.q", "one.p", "two.q"} == set(session.facts)


def test_a_decision_that_was_left_comes_out(session: Session) -> None:
    """Who has just decided to leave an unknown outcome is not asked "What now?" about it."""
    with pytest.raises(DecisionNeeded):
        walked(failing(1, error=DecisionNeeded), session, *ALL[:2])


# Secrets


def test_secrets_never_reach_the_disk(session: Session, tmp_path: Path) -> None:
    """A secret, typed or given, wrong or right, is handed to the work of this run and is in no file; the next asks again."""
    seen = []

    def does(work: Work) -> Mapping[str, Any]:
        seen.append(work.secret("key.value"))
        if len(seen) == 1:
            raise DataError("Not accepted.")
        return {"key.proof": "proved"}

    def steps() -> tuple[Toy, Toy]:
        secret = question("key.value", kind="secret")
        return (
            toy("key", secret, question("key.q"), gives=("key.proof",), does=does),
            toy("last", question("last.q")),
        )

    walked(
        steps(), session,
        ("key.value", CANARY + "wrong"), ("key.q", Back()), ("key.q", "a"),
        (DECISION, "change"), ("key.value", CANARY), ("key.q", "a"), ("last.q", "z"),
    )  # fmt: skip
    front = walked(steps(), session, given={"key.value": flag(CANARY)})

    assert [CANARY + "wrong", CANARY] == seen
    assert [] == front.asked
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"key.proof" in written
    assert re.search(rb"canary", written) is None
    assert "key.value" not in session.known
