"""Effects on the platform that must not happen twice: look, intent, one request, receipt; and what to do when unsure.

The platform has no idempotency key. So before a request leaves, the session says so durably; afterwards it keeps the
receipt. Whatever happens in between, the next start finds an effect that is ``sent``, looks for what came of it, and
never sends a second request without asking.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from wizard.engine.effectful import Effectful, Receipt
from wizard.engine.session import Effect, Session
from wizard.engine.step import Choice, Decision, Edit, Front
from wizard.errors import (
    ApprovalMissing,
    DecisionNeeded,
    NeverSent,
    OutcomeUnknown,
    PlatformError,
    Refused,
    StorageError,
)
from wizard.locale import _, enumerated, joined

if TYPE_CHECKING:
    from types import FrameType

FIRST_LOOK_AGAIN = 0.5  # seconds; then twice as long each time
LONGEST_PAUSE = 8.0
REFUSALS = 4  # in a row, after which the platform won't be asked any more: a key that isn't accepted, say


def once(effect: Effectful, session: Session, front: Front) -> Receipt:
    """The outcome of ``effect``: remembered, found, or brought about now with exactly one request.

    Raises NeverSent and Refused (nothing happened), ApprovalMissing, DecisionNeeded (it is unknown and stays so),
    OutcomeUnknown (it is unknown, and the platform can't be asked).
    """
    known = session.effects.get(effect.key)
    if (known is None or known.state == "prepared") and effect.may_have_left:
        # The session was wound back behind its own request: from a backup, by git, by a damaged file.
        known = Effect(effect.key, effect.kind, "sent", time.time())
        session.enter(known)
    if known is not None and known.state == "done":
        receipt = Receipt(**dict(known.receipt or {}))
        if effect.holds(receipt):
            return receipt
        session.forget(known)
        known = None
    if known is not None and known.state == "sent":
        told = (
            _("The session that lay here says that it sent {name}. Looking for it on the platform.")
            if known.hearsay
            else _("The last run ended before the platform confirmed {name}. Looking for what came of it.")
        )
        front.say(told.format(name=effect.name), "warn")
        return _settled(effect, known, session, front)
    return _bring_about(effect, session, front)


def _settled(effect: Effectful, sent: Effect, session: Session, front: Front) -> Receipt:
    """The outcome of a request that may have taken effect, or of the one that a person had sent again."""
    found = _reconcile(effect, sent, session, front)
    if isinstance(found, Receipt):
        return found
    effect.release()
    session.forget(sent)
    return _bring_about(effect, session, front, besides=found)


def _bring_about(
    effect: Effectful, session: Session, front: Front, *, besides: tuple[str, ...] = ()
) -> Receipt:
    """``besides``: ids that a person said to be something else."""
    there = [receipt for receipt in effect.look() if receipt.id not in besides]
    taken = _already_there(effect, there, session, front)
    if taken is not None:
        return _receive(taken, Effect(effect.key, effect.kind, "done", 0), session, front, effect.name)
    intent = Effect(
        effect.key,
        effect.kind,
        "prepared",
        0,
        known=(*besides, *(receipt.id for receipt in there)),
        account=effect.account,
    )
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
        except (NeverSent, Refused, ApprovalMissing):
            session.forget(intent)
            raise
        except OutcomeUnknown as unclear:
            front.say(unclear.message, "warn")
            if unclear.hint:
                front.say(unclear.hint, "dim")
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
            _tell_of_doubles(effect, receipt, intent, front)
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
    return _settled(effect, sent, session, front)


def _already_there(
    effect: Effectful, there: Sequence[Receipt], session: Session, front: Front
) -> Receipt | None:
    """What is on the platform instead of what would be created; None where another one shall be created."""
    hearsay = () if effect.adopts else session.hearsay(effect.kind)
    if hearsay:
        claimed = {said.claimed for said in hearsay}
        mine = [receipt for receipt in there if receipt.same and receipt.id in claimed]
        if len(mine) == 1:
            _settle(hearsay, session)
            return mine[0]
    twins = [receipt for receipt in there if receipt.twin]
    if twins:
        taken = twins[0] if effect.adopts else _ask_which(effect, twins, front, another=True)
    elif hearsay:
        _ask_about(effect, hearsay, front)
        taken = None
    else:
        return None
    _settle(hearsay, session)
    return taken


def _settle(hearsay: Sequence[Effect], session: Session) -> None:
    for said in hearsay:
        session.forget(said)


def _ask_about(effect: Effectful, hearsay: Sequence[Effect], front: Front) -> None:
    """Whether to create what a foreign session says was created already. Raises DecisionNeeded unless a person says so."""
    ids = enumerated(said.claimed for said in hearsay if said.claimed) or _("it doesn't say which")
    accounts = enumerated(dict.fromkeys(said.account for said in hearsay if said.account))
    question = _("The session that lay here before says that a job was created ({ids}).").format(ids=ids)
    if accounts:
        question = joined(question, _("With: {account}.").format(account=accounts))
    question = joined(question, _("The platform shows none that is equal to this plan. Create one?"))
    decision = Decision(
        question,
        (Choice("leave", _("Leave it for now")), Choice("another", _("Yes, create another one"))),
        "leave",
        _(
            "That session is not of this folder and user (copied, moved, somebody else's), so it is not relied on.\n"
            "If a job of yours is already trained with these data, you need no other; creating one costs again.\n"
            "Look yourself: bailian-wizard jobs list, bailian-wizard jobs show ID, or the console."
        ),
        about=effect.key,
    )
    if front.decide(decision) != "another":
        raise DecisionNeeded(
            _("Nothing was created: {question}").format(question=question),
            _("Start the wizard at a terminal to decide, or put that session away with --new."),
            more=decision.told,
        )


def _tell_of_doubles(effect: Effectful, receipt: Receipt, intent: Effect, front: Front) -> None:
    """Look once more: where two folders or computers sent the same at one moment, neither could know of the other."""
    try:
        doubles = [
            other.id for other in effect.look() if other.twin and other.id not in (receipt.id, *intent.known)
        ]
    except PlatformError:
        return  # the receipt is here; this was only for a warning
    if doubles:
        front.say(
            _(
                "Beside {id}, this is there too and looks the same: {others}. If you don't want both, stop one."
            ).format(id=receipt.id, others=enumerated(doubles)),
            "warn",
        )


def _searching(name: str, seconds: int) -> str:
    if not seconds:
        return _("Looking for {name} on the platform").format(name=name)
    return _("Looking for {name} on the platform, for up to {seconds} s").format(name=name, seconds=seconds)


def _reconcile(effect: Effectful, sent: Effect, session: Session, front: Front) -> Receipt | tuple[str, ...]:
    """The outcome of a request that may have taken effect; where a person wants another one sent, the ids that aren't it."""
    # The clock says how much of the grace is left; from here on only time that really goes by counts.
    left = min(max(sent.at + effect.grace - time.time(), 0.0), effect.grace)
    until = time.monotonic() + left
    elsewhere = _elsewhere(effect, sent)
    if elsewhere:
        front.say(elsewhere, "warn")
        if _is_elsewhere(effect, sent, front, elsewhere):
            return ()
    pause = FIRST_LOOK_AGAIN
    looks = refusals = 0
    found: list[Receipt] = []
    trouble: PlatformError | None = None
    with front.progress(_searching(effect.name, round(left)), None, "seconds") as progress:
        started = time.monotonic()
        while True:
            try:
                found = [receipt for receipt in effect.look() if receipt.id not in sent.known]
                trouble = None
                looks, refusals = looks + 1, 0
            except PlatformError as problem:  # not being able to ask says nothing about what happened
                trouble = problem
                refusals += isinstance(problem, Refused) and not problem.passing
            seen = any(receipt.same for receipt in found)
            if seen or refusals >= REFUSALS or (time.monotonic() >= until and (trouble or looks > 1)):
                break
            progress.update(int(time.monotonic() - started))
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
    same = [receipt for receipt in found if receipt.same]
    if len(same) == 1:
        return _receive(same[0], sent, session, front, effect.name)
    if found:
        which = _ask_which(effect, same or found, front, another=False)
        if which is None:
            return tuple(receipt.id for receipt in found)
        return _receive(which, sent, session, front, effect.name)
    if trouble is not None:
        raise OutcomeUnknown(
            _(
                "The request for {name} was sent; whether it happened is not known, and the platform can't be asked: {reason}"
            ).format(name=effect.name, reason=trouble.message),
            _("Start the wizard again later: it looks first. Nothing is sent twice without asking you."),
            request_id=trouble.request_id,
            status=trouble.status,
            platform_code=trouble.platform_code,
            platform_message=trouble.platform_message,
        )
    _ask_again(effect, front, elsewhere)
    return ()


def _is_elsewhere(effect: Effectful, sent: Effect, front: Front, elsewhere: str) -> bool:
    """Before anything is concluded from an absence: whether it was sent to an account that can't be seen from here.

    A person says so of what is free; what costs was approved for that account only.
    """
    try:
        seen = any(receipt.same and receipt.id not in sent.known for receipt in effect.look())
    except PlatformError:
        return False  # nothing is concluded from that, either: it is looked again, and told
    if seen:
        return False
    said = joined(elsewhere, _("{name} is not to be found with this one.").format(name=effect.name))
    return ask_whose(said, effect.account_answer, front, leaves=effect.adopts, about=effect.key) == "other"


def ask_whose(said: str, answer: str, front: Front, *, leaves: bool, about: str) -> Literal["same", "other"]:
    """Whether what isn't found here could be; ``said``: in what the accounts differ; ``leaves``: the other one may be left alone. ``about``: the effect's key.

    Raises Edit(``answer``) where a person gives the key that it was made with, and DecisionNeeded unless one decides.
    """
    choices = [
        Choice("leave", _("Leave it for now, and look again at the next start")),
        Choice("key", _("Give the key that it was made with")),
        Choice("same", _("Both are of the same account and workspace: look on with this one")),
    ]
    if leaves:
        choices.append(Choice("other", _("It is another account: send it there too")))
    explained = _(
        "A key sees only what is in its own account and workspace; another one doesn't see it, whatever became of it.\n"
        "Nothing is sent again, and nothing is taken for failed or deleted, before you say which it is.\n"
        "Which account a key is of is shown in the console, where keys are made."
    )
    chosen = front.decide(Decision(said, tuple(choices), "leave", explained, about=about))
    if chosen == "key":
        raise Edit(answer)
    if chosen == "leave":
        raise DecisionNeeded(
            said, _("Start the wizard again with the key that it was made with, or decide at its terminal.")
        )
    return "other" if chosen == "other" else "same"


def _elsewhere(effect: Effectful, sent: Effect) -> str:
    """That the request was sent with another key or to another address, where it was."""
    if not sent.account or sent.account == effect.account:
        return ""
    return _(
        "{name} was sent with {then}; here it is {now}. If that is another account, it can't be seen from here."
    ).format(name=effect.name, then=sent.account, now=effect.account)


def _ask_again(effect: Effectful, front: Front, elsewhere: str) -> None:
    """Whether to send once more what is not to be found. Raises DecisionNeeded unless a person says so."""
    question = _(
        "{name} is not to be found on the platform. It may have failed, or it may still appear."
    ).format(name=effect.name)
    decision = Decision(
        joined(elsewhere, question),
        (
            Choice("leave", _("Leave it for now, and look again at the next start")),
            Choice("again", _("Send it again (if the first one does appear later, there are two)")),
        ),
        "leave",
        _(
            "The request was sent, and no clear answer came; the platform may still be working on it.\n"
            "Leave, and the next start looks again. Sending again is safe only if you are sure that it failed.\n"
            "Look yourself: bailian-wizard jobs list, bailian-wizard files list, or the console."
        ),
        about=effect.key,
        code=OutcomeUnknown.code,
    )
    if front.decide(decision) != "again":
        raise DecisionNeeded(
            joined(elsewhere, _("Whether {name} happened is still unknown.").format(name=effect.name)),
            _("Start the wizard again later: it looks first. Nothing is sent twice without asking you."),
            code=OutcomeUnknown.code,
            more=decision.told,
        )


def _ask_which(effect: Effectful, found: Sequence[Receipt], front: Front, *, another: bool) -> Receipt | None:
    """The one that a person says it is; None for none of them. Raises DecisionNeeded where nobody decides."""
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
        several = _("More than one thing on the platform could be {name}. Which one is it?")
        unlike = _(
            "No answer came to the request for {name}. Something like it appeared, but it is not equal. Is it this one?"
        )
        question = (several if len(found) > 1 else unlike).format(name=effect.name)
        if not any(receipt.same for receipt in found):
            none = _("It is not: send again (if the first one does appear later, there are two)")
            choices.append(Choice("another", none))
    choices.append(Choice("leave", _("Leave it for now")))
    explained = _(
        "What is listed is on the platform and could be what this plan would create.\n"
        "If one of them is yours, choose it: nothing is sent then, and nothing is paid twice.\n"
        "Look at each: bailian-wizard jobs show ID, bailian-wizard files show ID, or the console."
    )
    decision = Decision(
        question,
        tuple(choices),
        "leave",
        explained,
        about=effect.key,
        code="twin-found" if another else "decision-needed",
        candidates=tuple({"id": receipt.id, **receipt.told} for receipt in found),
    )
    chosen = front.decide(decision)
    if chosen == "leave":
        shown = "; ".join(f"{receipt.id} {receipt.data.get('about', '')}".strip() for receipt in found)
        raise DecisionNeeded(
            _("{name} was left undecided. On the platform: {shown}").format(name=effect.name, shown=shown),
            _("Start the wizard again to decide."),
            code=decision.code,
            more=decision.told,
        )
    return next((receipt for receipt in found if receipt.id == chosen), None)


def _receive(found: Receipt, effect: Effect, session: Session, front: Front, name: str) -> Receipt:
    receipt = replace(found, adopted=True)
    session.enter(replace(effect, state="done", receipt=_stored(receipt), hearsay=False, claimed=""))
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
