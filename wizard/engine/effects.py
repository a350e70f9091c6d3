"""Effects on the platform that must not happen twice: look, intent, one request, receipt; and what to do when unsure.

The platform has no idempotency key. So before a request leaves, the session says so durably; afterwards it keeps the
receipt. Whatever happens in between, the next start finds an effect that is ``sent``, looks for what came of it, and
never sends a second request without asking.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from wizard.engine.session import Effect, Session
from wizard.engine.step import Choice, Decision, Front
from wizard.errors import DecisionNeeded, NeverSent, OutcomeUnknown, Refused, StorageError
from wizard.locale import _

if TYPE_CHECKING:
    from types import FrameType

FIRST_LOOK_AGAIN = 0.5  # seconds; then twice as long each time
LONGEST_PAUSE = 8.0


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the platform gave: an id and whatever else the step wants to remember (JSON).

    ``adopted``: it was there already. ``twin``: in nothing different from what would be created.
    """

    id: str
    data: Mapping[str, Any]
    adopted: bool = False
    twin: bool = True


class Effectful(Protocol):
    """An effect as a step describes it."""

    @property
    def key(self) -> str:
        """Equal for the same effect, different for another one."""
        ...

    @property
    def kind(self) -> str:
        """The id of the step that brings it about, such as ``upload``."""
        ...

    @property
    def name(self) -> str:
        """What it is called in a sentence, in the user's language, such as "the upload of train.jsonl"."""
        ...

    @property
    def adopts(self) -> bool:
        """Whether something equal that is already there may be taken instead without asking."""
        ...

    @property
    def grace(self) -> float:
        """Seconds after the request left within which the platform may still bring it about."""
        ...

    def look(self) -> Sequence[Receipt]:
        """What is on the platform that could be this effect's outcome."""
        ...

    def holds(self, receipt: Receipt) -> bool:
        """Whether an earlier outcome is still there."""
        ...

    def send(self, commit: Callable[[], None]) -> Receipt:
        """Send the one request. ``commit`` is called before the bytes leave that can bring it about.

        Raises NeverSent, Refused or OutcomeUnknown.
        """
        ...


def once(effect: Effectful, session: Session, front: Front) -> Receipt:
    """The outcome of ``effect``: remembered, found, or brought about now with exactly one request.

    Raises NeverSent and Refused (nothing happened), DecisionNeeded (it is unknown and stays so), OutcomeUnknown (the
    platform can't even be asked).
    """
    known = session.effects.get(effect.key)
    if known is not None and known.state == "done":
        receipt = Receipt(**dict(known.receipt or {}))
        if effect.holds(receipt):
            return receipt
        session.forget(known)
        known = None
    if known is not None and known.state == "sent":
        front.say(
            _("The last run ended before the platform confirmed {name}. Looking for what came of it.").format(
                name=effect.name
            ),
            "warn",
        )
        found = _reconcile(effect, known, session, front)
        if found is not None:
            return found
    return _bring_about(effect, session, front)


def _bring_about(effect: Effectful, session: Session, front: Front) -> Receipt:
    there = effect.look()
    twins = [receipt for receipt in there if receipt.twin]
    if twins:
        taken = twins[0] if effect.adopts else _ask_which(effect, twins, front, another=True)
        if taken is not None:
            return _receive(taken, Effect(effect.key, effect.kind, "done", 0), session, front, effect.name)
    intent = Effect(effect.key, effect.kind, "prepared", 0, known=tuple(receipt.id for receipt in there))
    session.enter(intent)
    with _held_signals() as hold:

        def commit() -> None:
            hold(
                _("Waiting for the platform's answer to {name}, so that it is not lost.").format(
                    name=effect.name
                ),
                front,
            )
            try:
                session.enter(replace(intent, state="sent"))
            except StorageError:
                # Raised through the adapter, it keeps the request here.
                session.effects[intent.key] = intent
                raise

        try:
            receipt = effect.send(commit)
        except (NeverSent, Refused):
            session.forget(intent)
            raise
        except OutcomeUnknown as unclear:
            front.say(unclear.message, "warn")
        else:
            try:
                session.enter(replace(intent, state="done", receipt=_stored(receipt)))
            except StorageError:
                front.say(
                    _("{name} is on the platform as {id}, but that could not be saved.").format(
                        name=effect.name, id=receipt.id
                    ),
                    "warn",
                )
                raise
            return receipt
    sent = session.effects[effect.key]
    if sent.state == "prepared":
        # The adapter could not tell, but the bytes that count never left: nothing can have happened.
        session.forget(intent)
        raise NeverSent(
            _("The connection broke before {name} was complete; nothing was created.").format(
                name=effect.name
            ),
            _("Check the network and try again."),
        )
    found = _reconcile(effect, sent, session, front)
    return found if found is not None else _bring_about(effect, session, front)


def _reconcile(effect: Effectful, sent: Effect, session: Session, front: Front) -> Receipt | None:
    """The outcome of a request that may have taken effect; None when the user wants to send another one."""
    until = min(sent.at, time.time()) + effect.grace
    pause = FIRST_LOOK_AGAIN
    looks = 0
    with front.progress(
        _("Looking for {name} on the platform, for up to {seconds} s").format(
            name=effect.name, seconds=max(0, round(until - time.time()))
        ),
        None,
        "seconds",
    ) as progress:
        started = time.monotonic()
        while True:
            found = [receipt for receipt in effect.look() if receipt.id not in sent.known]
            looks += 1
            if found or (looks > 1 and time.time() >= until):
                break
            progress.update(int(time.monotonic() - started))
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
    if len(found) == 1:
        return _receive(found[0], sent, session, front, effect.name)
    if found:
        which = _ask_which(effect, found, front, another=False)
        return None if which is None else _receive(which, sent, session, front, effect.name)
    decision = Decision(
        _("{name} is not to be found on the platform. It may have failed, or it may still appear.").format(
            name=effect.name
        ),
        (
            Choice("leave", _("Leave it for now, and look again at the next start")),
            Choice("again", _("Send it again (if the first one does appear later, there are two)")),
        ),
        "leave",
        _(
            "The request was sent, but no answer came; the platform may still be working on it.\n"
            "Leave, and the next start looks again. Sending again is safe only if you are sure that it failed.\n"
            "Look yourself: bailian-wizard jobs list, bailian-wizard files list, or the console."
        ),
    )
    if front.decide(decision) != "again":
        raise DecisionNeeded(
            _("Whether {name} happened is still unknown.").format(name=effect.name),
            _("Start the wizard again later: it looks first. Nothing is sent twice without asking you."),
        )
    session.forget(sent)
    return None


def _ask_which(effect: Effectful, found: Sequence[Receipt], front: Front, *, another: bool) -> Receipt | None:
    choices = [
        Choice(
            receipt.id, _("It is this one: {id}").format(id=receipt.id), str(receipt.data.get("about", ""))
        )
        for receipt in found
    ]
    if another:
        question = _("Something that looks like {name} is already on the platform. Is it yours?").format(
            name=effect.name
        )
        choices.append(Choice("another", _("It is something else: create a new one")))
    else:
        question = _("More than one thing on the platform could be {name}. Which one is it?").format(
            name=effect.name
        )
    choices.append(Choice("leave", _("Leave it for now")))
    explained = _(
        "What is listed is on the platform and could be what this plan would create.\n"
        "If one of them is yours, choose it: nothing is sent then, and nothing is paid twice.\n"
        "Look at each: bailian-wizard jobs show ID, bailian-wizard files show ID, or the console."
    )
    chosen = front.decide(Decision(question, tuple(choices), "leave", explained))
    if chosen == "leave":
        raise DecisionNeeded(
            _("{name} was left undecided.").format(name=effect.name), _("Start the wizard again to decide.")
        )
    if another and chosen == "another":
        return None
    return next(receipt for receipt in found if receipt.id == chosen)


def _receive(found: Receipt, effect: Effect, session: Session, front: Front, name: str) -> Receipt:
    receipt = replace(found, adopted=True)
    session.enter(replace(effect, state="done", receipt=_stored(receipt)))
    front.say(
        _("{name}: already on the platform as {id}; it is used, nothing was sent.").format(
            name=name, id=found.id
        )
    )
    return receipt


def _stored(receipt: Receipt) -> dict[str, Any]:
    return {"id": receipt.id, "data": dict(receipt.data), "adopted": receipt.adopted}


@contextmanager
def _held_signals() -> Iterator[Callable[[str, Front], None]]:
    """From the moment the yielded function is called, signals that would end the program wait for the end of the block.

    A receipt that is on its way is worth the wait: without it, the next start has to ask the user what happened.
    """
    signals = [
        getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)
    ]
    before: dict[int, Any] = {}
    waiting: list[int] = []

    def hold(sentence: str, front: Front) -> None:
        def note(number: int, _frame: FrameType | None) -> None:
            waiting.append(number)
            # The terminal may be gone (that is what SIGHUP says) or in the middle of a write; neither is worth a receipt.
            with suppress(OSError, ValueError, RuntimeError):
                front.say(sentence, "warn")

        if threading.current_thread() is threading.main_thread() and not before:
            for number in signals:
                before[number] = signal.signal(number, note)

    try:
        yield hold
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if waiting:
            signal.raise_signal(waiting[0])
