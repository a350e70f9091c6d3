"""Owns the proof that an effect happens at most once unless its user says again, whatever stops it and wherever."""

from __future__ import annotations

import itertools
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
from conftest import examples
from engine_fixture import DECISION, Person, Script, toy
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from wizard.engine import effects
from wizard.engine.effectful import Receipt
from wizard.engine.effects import once
from wizard.engine.run import Run
from wizard.engine.session import Effect, Session
from wizard.engine.step import Decision, Edit
from wizard.errors import (
    DataError,
    DecisionNeeded,
    NeverSent,
    OutcomeUnknown,
    Refused,
    SessionNewer,
    StorageError,
    WizardError,
)

KEY = "make:1"
GRACE = 0.004
MANY_LOOKS = 500  # more, and looking has no end

Event = Literal[
    "well",
    "nothing left",  # the connection broke before the commit, and the adapter knows
    "nothing left, unsure",  # the same, and the adapter can't tell
    "no connection",  # nothing left although the adapter had committed
    "refused",
    "lost, happened",
    "lost, happens later",
    "lost, did not happen",
    "crash prepared",  # the process ends once the state is saved
    "crash sent",
    "crash before sending",
    "crash happened",  # the process ends once the platform has done it
    "crash answered",  # the process ends with the answer in hand, before the receipt is saved
    "crash done",
]
EVENTS: tuple[Event, ...] = Event.__args__  # type: ignore[attr-defined]  # a Literal's values


class Crash(BaseException):
    """The process ends here: nothing more is written."""


@dataclass
class Platform:
    """What there is, by id: whether it is a twin. ``late``: accepted, and not there yet."""

    things: dict[str, bool] = field(default_factory=dict)
    late: int = 0
    made: int = 0
    requests: int = 0
    looks: int = 0
    comes_at_look: int = 0
    broken: WizardError | None = None

    def make(self) -> str:
        self.made += 1
        self.things[f"t-{self.made}"] = True
        return f"t-{self.made}"

    def catch_up(self) -> None:
        """What was accepted late is there now."""
        for _ in range(self.late):
            self.make()
        self.late = 0


class Making:
    """The effect: one thing on the platform."""

    kind = "make"
    name = "the thing"
    key = KEY
    grace = GRACE
    account = "key sk-…1234 at here"
    account_answer = "key.value"
    may_have_left = False

    def __init__(
        self, platform: Platform, event: Event = "well", *, adopts: bool = True, during: Callable[[], None] | None = None
    ) -> None:  # fmt: skip
        self._platform = platform
        self._events = [event]
        self.adopts = adopts
        self._during = during

    def look(self) -> Sequence[Receipt]:
        self._platform.looks += 1
        assert self._platform.looks <= MANY_LOOKS
        if self._platform.broken is not None:
            raise self._platform.broken
        if self._platform.looks == self._platform.comes_at_look:
            self._platform.catch_up()
        return [Receipt(name, {"about": name}, twin=twin) for name, twin in self._platform.things.items()]

    def holds(self, receipt: Receipt) -> bool:
        return receipt.id in self._platform.things

    def release(self) -> None:
        """Nothing is spent by it."""

    def send(self, commit: Callable[[], None]) -> Receipt:  # noqa: C901 - a list of what can go wrong
        event = self._events.pop() if self._events else "well"
        if event == "nothing left":
            raise NeverSent("no network")
        if event == "nothing left, unsure":
            raise OutcomeUnknown("cut off")
        commit()
        self._platform.requests += 1
        if event == "no connection":
            raise NeverSent("no connection")
        if event == "refused":
            raise Refused("no")
        if event == "crash before sending":
            raise Crash
        if event == "lost, happens later":
            self._platform.late += 1
        if event in ("lost, happens later", "lost, did not happen"):
            raise OutcomeUnknown("no answer")
        made = self._platform.make()
        if self._during is not None:
            self._during()
        if event == "crash happened":
            raise Crash
        if event == "lost, happened":
            raise OutcomeUnknown("no answer")
        return Receipt(made, {"about": made})


class Mortal(Session):
    """A session whose process ends right after, or with ``before`` right before, the given state is saved."""

    dies: str = ""
    before: bool = False

    def enter(self, effect: Effect) -> None:
        if self.before and effect.state == self.dies:
            raise Crash
        super().enter(effect)
        if effect.state == self.dies:
            raise Crash


@pytest.fixture(autouse=True, scope="module")
def _quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(effects, "FIRST_LOOK_AGAIN", 0.001)
        patched.setattr(effects, "LONGEST_PAUSE", 0.002)
        yield


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session.open(tmp_path / "state") as opened:
        yield opened


class Resolute(Person):
    """Answers every decision with the first of its wishes that is offered; counts the explicit new ones."""

    def __init__(self, *wishes: str) -> None:
        super().__init__()
        self._wishes = wishes
        self.again = 0

    def decide(self, decision: Decision) -> str:
        self.decisions.append(decision)
        offered = [choice.value for choice in decision.choices]
        chosen = next((wish for wish in self._wishes if wish in offered), None)
        if chosen is None:
            chosen = decision.safe if "this one" not in self._wishes else offered[0]
        self.again += chosen in ("again", "another")
        return str(chosen)


def attempt(
    folder: Path, platform: Platform, event: Event, front: Person | Script, *, adopts: bool
) -> Receipt | BaseException:
    """One start of the program, with its end: a receipt or what ended it."""
    with Mortal.open(folder) as session:
        if event in ("crash prepared", "crash sent", "crash done", "crash answered"):
            session.dies = {"crash answered": "done"}.get(event, event.removeprefix("crash "))
            session.before = event == "crash answered"
        try:
            doing = "well" if event.startswith("crash ") and session.dies else event
            return once(Making(platform, doing, adopts=adopts), session, front)
        except (Crash, WizardError) as ended:
            return ended


# All interleavings


@pytest.mark.sweep
@pytest.mark.parametrize("wish", ["leave", "again"])
@pytest.mark.parametrize("adopts", [True, False], ids=["adopts", "asks"])
@pytest.mark.parametrize("first", EVENTS)
def test_at_most_once_unless_told_again(first: Event, wish: str, adopts: bool) -> None:
    """Whatever ends the first start and whatever the second: no more things on the platform than one and one for each "again".

    Who says "again" gets it in the end, and the receipt that is kept is of something that is there.
    """
    for second in EVENTS:
        platform = Platform()
        front = Resolute(wish, "this one")
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for event in (first, second, "lost, happens later"):
                attempt(folder, platform, event, front, adopts=adopts)
                assert platform.made + platform.late <= 1 + front.again, (first, second)
            platform.catch_up()
            last = attempt(folder, platform, "well", front, adopts=adopts)

            assert platform.made <= 1 + front.again, (first, second)
            if isinstance(last, Receipt):
                assert last.id in platform.things
                with Session.open(folder) as session:
                    assert last.id == dict(session.effects[KEY].receipt or {})["id"]
            else:
                assert isinstance(last, DecisionNeeded)
                assert "leave" == wish
            if first == "well":
                assert (1, 0) == (platform.requests, len(front.decisions))


@pytest.mark.parametrize("event", EVENTS)
def test_unattended_is_at_most_once(event: Event, tmp_path: Path) -> None:
    """With nobody there nothing is ever sent again after it may have happened; an unknown outcome stays a DecisionNeeded."""
    platform = Platform()
    starts: tuple[Event, ...] = (event, "well", "well")
    last = [attempt(tmp_path, platform, each, Script(yes=True), adopts=False) for each in starts][-1]
    possible = event.startswith(("lost", "crash sent", "crash before sending"))

    assert platform.requests <= 1 + (event in ("no connection", "refused"))
    assert platform.made + platform.late <= 1
    if possible and not platform.made:
        assert isinstance(last, DecisionNeeded)
    else:
        assert isinstance(last, Receipt)


class Never(RuleBasedStateMachine):
    """At any time: things on the platform <= one confirmed + explicit "again"s + those that somebody deleted."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._platform = Platform()
        self._allowed = 1
        self._adopts = True

    def teardown(self) -> None:
        self._folder.cleanup()

    @rule(event=st.sampled_from(EVENTS), wish=st.sampled_from(["leave", "again", "another", "this one"]))
    def start(self, event: Event, wish: str) -> None:
        front = Resolute(wish)
        ended = attempt(Path(self._folder.name), self._platform, event, front, adopts=self._adopts)
        self._allowed += front.again
        if isinstance(ended, Receipt):
            assert ended.id in self._platform.things
        assert not isinstance(ended, SessionNewer)

    @rule(event=st.sampled_from(EVENTS))
    def start_unattended(self, event: Event) -> None:
        attempt(Path(self._folder.name), self._platform, event, Script(yes=True), adopts=self._adopts)

    @rule()
    def comes_late(self) -> None:
        self._platform.catch_up()

    @rule(look=st.integers(1, 3))
    def comes_while_looking(self, look: int) -> None:
        self._platform.comes_at_look = self._platform.looks + look

    @rule()
    def somebody_deletes_one(self) -> None:
        if self._platform.things:
            del self._platform.things[next(iter(self._platform.things))]
            self._allowed += 1

    @rule(adopts=st.booleans())
    def another_kind(self, adopts: bool) -> None:
        self._adopts = adopts

    @invariant()
    def never_more_than_confirmed(self) -> None:
        assert self._platform.made + self._platform.late <= self._allowed

    @invariant()
    def a_receipt_is_of_something_that_was_made(self) -> None:
        peeked = Session.peek(Path(self._folder.name))
        if peeked is not None and KEY in peeked.effects and peeked.effects[KEY].state == "done":
            name = dict(peeked.effects[KEY].receipt or {})["id"]
            assert int(name.removeprefix("t-")) <= self._platform.made


class TestNever(Never.TestCase):  # type: ignore[misc,valid-type]  # made by hypothesis at run time
    """The machine as a test."""

    settings: ClassVar[Any] = settings(max_examples=examples(80), stateful_step_count=15)


# What is looked for


def sent(session: Session, *known: str) -> None:
    """As a crash in the middle of a request left it."""
    session.enter(Effect(KEY, "make", "sent", 0, known=known))


def test_an_unknown_outcome_is_looked_for_and_adopted(session: Session) -> None:
    """What appeared since the request left is ours: it is taken without asking, said, and remembered."""
    platform = Platform({"t-old": True, "t-new": True})
    sent(session, "t-old")
    front = Person()

    assert Receipt("t-new", {"about": "t-new"}, adopted=True) == once(Making(platform), session, front)
    assert (0, "done") == (platform.requests, session.effects[KEY].state)
    assert {"id": "t-new", "data": {"about": "t-new"}, "adopted": True} == session.effects[KEY].receipt
    assert any("t-new" in line for line in front.told)


def test_a_late_outcome_is_waited_for(session: Session) -> None:
    """Within its grace the platform is looked at again and again: what comes late is found, nobody is asked."""
    platform = Platform(comes_at_look=4)
    making = Making(platform, "lost, happens later")
    making.grace = 30.0

    assert "t-1" == once(making, session, Person()).id
    assert (1, 1) == (platform.requests, platform.made)


def test_the_grace_is_of_the_request_not_of_the_start(session: Session) -> None:
    """Long after a request left it is looked for twice at once, not waited for again."""
    platform = Platform()
    session.enter(Effect(KEY, "make", "sent", 0))
    session.effects[KEY] = replace(session.effects[KEY], at=1.0)
    making = Making(platform)
    making.grace = 3600.0
    with pytest.raises(DecisionNeeded):
        once(making, session, Person((DECISION, "leave")))

    assert 2 == platform.looks


@pytest.mark.parametrize("step", [-3600.0, 3600.0])
def test_a_clock_that_is_set_ends_no_look_and_prolongs_none(
    session: Session, monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    """However the clock is set while an outcome is looked for, it is looked for more than once, and that comes to an end."""
    hours = itertools.count()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + step * next(hours))
    platform = Platform()
    with pytest.raises(DecisionNeeded):
        once(Making(platform, "lost, did not happen"), session, Script())
    assert 2 <= platform.looks <= MANY_LOOKS
    assert "sent" == session.effects[KEY].state


def test_what_outlives_the_session_is_believed_over_it(session: Session) -> None:
    """Where the session says that nothing left, or nothing at all, and the ledger says that it was sent, it is looked for first."""
    platform = Platform()
    making = Making(platform, adopts=False)
    making.may_have_left = True
    for intent in (None, Effect(KEY, "make", "prepared", 0)):
        session.effects = {} if intent is None else {KEY: intent}
        with pytest.raises(DecisionNeeded):
            once(making, session, Script())
        assert (0, "sent") == (platform.requests, session.effects[KEY].state)
    platform.things["t-9"] = True
    assert "t-9" == once(making, session, Script()).id
    assert 0 == platform.requests


def test_none_found_asks_and_leaves_by_default(session: Session) -> None:
    """Nothing found: the user is asked; the safe choice leaves it as it is, and the next start looks again and asks again."""
    platform = Platform()
    sent(session)
    for _ in range(2):
        front = Person((DECISION, "leave"))
        with pytest.raises(DecisionNeeded, match="still unknown"):
            once(Making(platform), session, front)
        assert ("leave", ["leave", "again"]) == (
            front.decisions[0].safe,
            [choice.value for choice in front.decisions[0].choices],
        )
        assert "sent" == session.effects[KEY].state
    assert 0 == platform.requests


def test_again_sends_one_more(session: Session) -> None:
    """Only the explicit "again" sends another request, and just one; what came in the meantime is not overlooked."""
    platform = Platform()
    sent(session)

    assert "t-1" == once(Making(platform), session, Person((DECISION, "again"))).id
    assert 1 == platform.requests


def test_again_looks_once_more(session: Session) -> None:
    """What appears while the user makes up their mind is taken instead of another request."""
    platform = Platform(late=1)

    class Slow(Person):
        def decide(self, decision: Decision) -> str:
            platform.catch_up()
            return super().decide(decision)

    sent(session)
    assert "t-1" == once(Making(platform), session, Slow((DECISION, "again"))).id
    assert 0 == platform.requests


def sent_elsewhere(session: Session) -> None:
    """As a crash left it that was sent with another key."""
    session.enter(Effect(KEY, "make", "sent", 0, account="key sk-…9999 at here"))


def test_another_account_is_settled_before_anything_else(session: Session) -> None:
    """Who has another key is asked whose it is: nothing is sent, nobody says it failed, and the way leads to the key's question."""
    platform = Platform({})
    sent_elsewhere(session)
    with pytest.raises(DecisionNeeded, match="sk-…9999"):
        once(Making(platform, adopts=False), session, Script(yes=True))
    with pytest.raises(Edit) as edit:
        once(Making(platform, adopts=False), session, front := Person((DECISION, "key")))
    assert "key.value" == edit.value.key
    assert ["leave", "key", "same"] == [choice.value for choice in front.decisions[0].choices]
    assert (0, "sent") == (platform.requests, session.effects[KEY].state)
    again = Person((DECISION, "same"), (DECISION, "again"))
    assert "t-1" == once(Making(platform, adopts=False), session, again).id


def test_what_is_free_can_be_sent_to_another_account(session: Session) -> None:
    """An upload may go there too, if a person says so; what the second key of the same account sees is taken unasked."""
    sent_elsewhere(session)
    assert "t-1" == once(Making(Platform({})), session, Person((DECISION, "other"))).id
    sent_elsewhere(session)
    assert "t-8" == once(Making(Platform({"t-8": True})), session, Person()).id


def test_several_found_asks_which(session: Session) -> None:
    """More than one that could be ours: the user says which, none can be made new, and leaving keeps it open."""
    platform = Platform({"t-0": True, "t-8": True, "t-9": True})
    sent(session, "t-0")
    with pytest.raises(DecisionNeeded, match="left undecided"):
        once(Making(platform), session, Person((DECISION, "leave")))
    assert "sent" == session.effects[KEY].state
    front = Person((DECISION, "t-9"))

    assert "t-9" == once(Making(platform), session, front).id
    assert ["t-8", "t-9", "leave"] == [choice.value for choice in front.decisions[0].choices]
    assert 0 == platform.requests


def test_twins_ask_first(session: Session) -> None:
    """What looks just like it, in a session that never sent: not taken and not doubled without asking; the default leaves."""
    platform = Platform({"t-8": True, "other": False})
    with pytest.raises(DecisionNeeded):
        once(Making(platform, adopts=False), session, Person((DECISION, "leave")))
    assert (0, {}) == (platform.requests, session.effects)

    front = Person((DECISION, "another"))
    assert "t-1" == once(Making(platform, adopts=False), session, front).id
    assert ["t-8", "another", "leave"] == [choice.value for choice in front.decisions[0].choices]
    assert "leave" == front.decisions[0].safe


def test_a_twin_can_be_said_to_be_ours(session: Session) -> None:
    """The twin that the user says is theirs becomes the outcome; nothing is sent."""
    platform = Platform({"t-8": True, "t-9": True})

    assert "t-9" == once(Making(platform, adopts=False), session, Person((DECISION, "t-9"))).id
    assert (0, "done") == (platform.requests, session.effects[KEY].state)


def test_an_equal_one_is_adopted_where_that_does_no_harm(session: Session) -> None:
    """Where the effect adopts, an equal thing is used unasked; what is not a twin is neither used nor asked about."""
    assert "t-8" == once(Making(Platform({"t-8": True})), session, Person()).id
    session.forget(session.effects[KEY])
    assert "t-1" == once(Making(Platform({"t-8": False})), session, Person()).id


def test_what_was_there_before_is_never_ours(session: Session) -> None:
    """Ids that were there before the request left are not taken for its outcome, though they look the same."""
    platform = Platform({"t-8": False})
    with pytest.raises(DecisionNeeded):
        once(Making(platform, "lost, did not happen"), session, Person((DECISION, "leave")))

    assert ("t-8",) == session.effects[KEY].known


def test_prepared_is_sent_without_asking(tmp_path: Path) -> None:
    """A crash before anything could leave costs nothing: the next start sends it, once, and asks nothing."""
    platform = Platform()
    assert isinstance(attempt(tmp_path, platform, "crash prepared", Person(), adopts=False), Crash)
    assert 0 == platform.requests

    done = attempt(tmp_path, platform, "well", Person(), adopts=False)
    assert isinstance(done, Receipt)
    assert 1 == platform.requests


def test_a_receipt_is_not_asked_for_twice(session: Session) -> None:
    """A receipt that holds is given back without looking or sending."""
    platform = Platform()
    first = once(Making(platform), session, Person())
    looks = platform.looks

    assert first == once(Making(platform), session, Person())
    assert (1, looks) == (platform.requests, platform.looks)


def test_a_receipt_that_no_longer_holds_is_brought_about_again(session: Session) -> None:
    """What was done and is gone from the platform is done again, with one request."""
    platform = Platform()
    once(Making(platform), session, Person())
    platform.things.clear()

    assert "t-2" == once(Making(platform), session, Person()).id
    assert 2 == platform.requests


@pytest.mark.parametrize("event", ["nothing left", "nothing left, unsure", "no connection", "refused"])
def test_a_clear_no_leaves_nothing_behind(session: Session, event: Event) -> None:
    """Where nothing can have happened the error says so, the session forgets it, and the next try sends it unasked."""
    platform = Platform()
    with pytest.raises(Refused if event == "refused" else NeverSent):
        once(Making(platform, event), session, Person())
    assert {} == session.effects

    assert "t-1" == once(Making(platform), session, Person()).id


@pytest.mark.parametrize("error", [NeverSent("down"), Refused("no"), OutcomeUnknown("slow")], ids=repr)
def test_a_look_that_fails_decides_nothing(session: Session, error: WizardError) -> None:
    """When the platform can't be looked at, an unknown outcome stays unknown, whatever the look failed with.

    Nothing is sent, nothing forgotten, and the error says that it is open, never that nothing was sent.
    """
    platform = Platform(broken=error)
    sent(session)
    with pytest.raises(OutcomeUnknown, match="whether it happened is not known"):
        once(Making(platform), session, Person())

    assert ("sent", 0) == (session.effects[KEY].state, platform.requests)


# On disk


def test_the_intent_is_on_disk_before_the_request(session: Session) -> None:
    """``sent`` and what was there before are in the file when the request can take effect, the receipt before it is told."""
    seen = []

    def look() -> None:
        peeked = Session.peek(session.folder)
        assert peeked is not None
        seen.append((peeked.effects[KEY].state, peeked.effects[KEY].known))

    once(Making(Platform({"t-8": False}), during=look), session, Person())
    look()

    assert [("sent", ("t-8",)), ("done", ("t-8",))] == seen


def test_an_intent_that_can_not_be_saved_sends_nothing(session: Session) -> None:
    """When the disk refuses the intent the request stays here, and the next try sends it without asking."""
    platform = Platform()
    with pytest.raises(StorageError):
        once(Making(_full_at(session, "sent", platform)), session, Person())
    assert (0, "prepared") == (platform.requests, session.effects[KEY].state)

    _free(session)
    assert "t-1" == once(Making(platform, adopts=False), session, Person()).id


def test_a_receipt_that_can_not_be_saved_is_told(session: Session) -> None:
    """When the disk refuses the receipt, its id is told; this run goes on with it, and the next start finds it."""
    platform = Platform()
    front = Person()
    making = Making(platform, adopts=False, during=lambda: _fill(session))
    with pytest.raises(StorageError):
        once(making, session, front)
    assert any("t-1" in line for line in front.told)

    _free(session)
    assert "t-1" == once(Making(platform, adopts=False), session, Person()).id
    with Mortal.open(session.folder.parent / "next") as later:
        (later.folder / "session.json").write_bytes(session.path.read_bytes())
    after = attempt(session.folder.parent / "next", platform, "well", Person(), adopts=False)
    assert isinstance(after, Receipt)
    assert ("t-1", 1) == (after.id, platform.requests)


def _fill(session: Session) -> None:
    """From now on the session's file can't be written: its backup's place is taken."""
    backup = session.folder / "session.json.bak"
    backup.unlink(missing_ok=True)
    backup.mkdir()


def _free(session: Session) -> None:
    (session.folder / "session.json.bak").rmdir()


def _full_at(session: Session, state: str, platform: Platform) -> Platform:
    """``platform``, with a disk that refuses the save of ``state``."""
    enter = session.enter

    def refusing(effect: Effect) -> None:
        if effect.state == state:
            session.enter = enter  # type: ignore[method-assign]  # only once
            _fill(session)
        enter(effect)

    session.enter = refusing  # type: ignore[method-assign]  # a disk that is full at one moment
    return platform


# Interrupts


def test_an_interrupt_waits_for_the_receipt(session: Session) -> None:
    """Ctrl-C while the request is out: it is said that the answer is waited for, the receipt is stored, then it ends."""
    platform = Platform()
    before = signal.getsignal(signal.SIGINT)
    front = Person()
    with pytest.raises(KeyboardInterrupt):
        once(Making(platform, during=lambda: signal.raise_signal(signal.SIGINT)), session, front)

    assert "done" == session.effects[KEY].state
    assert any(line.startswith("Waiting for the platform's answer") for line in front.told)
    assert before is signal.getsignal(signal.SIGINT)
    assert "t-1" == once(Making(platform), session, Person()).id
    assert 1 == platform.requests


def test_an_interrupt_of_a_lost_answer_keeps_the_intent(session: Session) -> None:
    """Ctrl-C while an answer is waited for that never comes: the run ends, the effect stays ``sent``, the next start looks."""
    platform = Platform()
    making = Making(platform, "lost, happened", during=lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        once(making, session, Person())
    assert "sent" == session.effects[KEY].state

    assert "t-1" == once(Making(platform), session, Person()).id
    assert 1 == platform.requests


def test_an_interrupt_before_the_commit_ends_at_once(session: Session) -> None:
    """Before anything can have happened Ctrl-C is not held back, and nothing has to be looked for later."""

    class Cut(Making):
        def send(self, commit: Callable[[], None]) -> Receipt:  # noqa: ARG002 - it doesn't come to that
            signal.raise_signal(signal.SIGINT)
            raise AssertionError("Ctrl-C was held back")

    with pytest.raises(KeyboardInterrupt):
        once(Cut(Platform()), session, Person())
    assert "prepared" == session.effects[KEY].state


@pytest.mark.posix("SIGTERM and SIGHUP end a Windows process outright")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_closed_terminal_does_not_lose_the_receipt(session: Session, name: str) -> None:
    """SIGTERM and SIGHUP wait too, even where the terminal is gone and nothing can be said; then their handler runs."""

    class Gone(Person):
        def say(self, text: str, tone: Any = "plain") -> None:  # noqa: ARG002 - nobody hears it
            raise OSError(5, "Input/output error")

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    number = getattr(signal, name)
    before = signal.signal(number, leave)
    try:
        with pytest.raises(SystemExit):
            once(Making(Platform(), during=lambda: signal.raise_signal(number)), session, Gone())
    finally:
        signal.signal(number, before)
    assert "done" == session.effects[KEY].state


def test_an_error_of_our_own_after_the_commit_is_unknown(session: Session) -> None:
    """Anything unforeseen after the request left is not taken for a no: the effect stays ``sent``."""

    def broken() -> None:
        raise DataError("unforeseen")

    platform = Platform()
    with pytest.raises(DataError):
        once(Making(platform, during=broken), session, Person())

    assert "sent" == session.effects[KEY].state
    assert "t-1" == once(Making(platform), session, Person()).id


# In a walk


def test_a_step_that_seals_ends_changes_when_its_effect_is_sent(session: Session) -> None:
    """A walk whose job has an unknown outcome ends with DecisionNeeded; the next one looks first, adopts, and asks nothing."""
    platform = Platform()

    def flow(event: Event) -> list[Any]:
        making = Making(platform, event)
        return [
            toy("make", gives=("make.id",), does=lambda work: {"make.id": work.once(making).id}, seals=KEY)
        ]

    run = Run(flow("lost, happens later"), session, Person((DECISION, "leave")))
    with pytest.raises(DecisionNeeded):
        run.go()
    assert run.sealed
    platform.catch_up()
    Run(flow("well"), session, Person()).go()

    assert "t-1" == session.known["make.id"]
    assert 1 == platform.requests
