"""Step 6: the training and validation files go to the platform, each once; what was cut on the way is sent again."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from wizard.bailian.refusals import file_is_gone
from wizard.bailian.service import Platform
from wizard.contract import events
from wizard.engine.effectful import Receipt
from wizard.engine.plan import digest
from wizard.engine.session import Session
from wizard.engine.step import Facts, Front, Step, Work
from wizard.errors import AnswersMissing, NeverSent, OutcomeUnknown, Refused, Remedy, UsageError
from wizard.locale import _, enumerated, joined, ngettext
from wizard.steps import account, approval, permission
from wizard.steps.facts import Converted, Uploaded
from wizard.steps.origin import replaced
from wizard.steps.preview import LEAST_PART, MB, PART_SIZE
from wizard.steps.wording import bytes_shown, rfc3339
from wizard.steps.world import KEY_ANSWER, World

# The documents' word, the SDK's, and none: what the vendor's SDK uploads has no purpose.
PURPOSES = ("fine-tune", "fine_tune", "")
PAUSES: tuple[float, ...] = (
    4.0,
    8.0,
    16.0,
    32.0,
)  # seconds between the tries of an upload that was cut before its last byte: a minute in all
CUTS = 2  # after which smaller parts are worth a thought


class Upload(Step):
    """Sends each part with a progress bar, or adopts an identical file that is there already."""

    id: ClassVar[str] = "upload"
    needs: ClassVar[tuple[str, ...]] = ("preview.files", "key.proof", "review.approval")
    gives: ClassVar[tuple[str, ...]] = ("upload.files",)

    def __init__(self, world: World) -> None:
        self._world = world

    def title(self) -> str:
        """As on the screen."""
        return _("Upload")

    def perform(self, work: Work) -> Mapping[str, Any]:
        """One receipt a file: its role, name and id on the platform."""
        facts = work.facts
        permission.demand(facts, self._world)
        with self._world.ledger.held():
            pass  # what is spent later has a place: better known before anything leaves
        platform = self._world.platform(facts)
        uploaded = []
        for file in Converted.all(facts):
            if not file.sent:
                continue
            effect = FileUpload(
                platform,
                self._world.folder / file.path,
                file,
                work.front,
                account=account.shown(facts, self._world),
                demand=lambda: approval.demand(facts, self._world),
            )
            with self._world.keyed():
                receipt = work.once(effect)
            there = {"file_id": receipt.id, "adopted": receipt.adopted}
            events.tell("upload", name=effect.remote_name, sent=file.size, size=file.size, **there)
            uploaded.append(
                Uploaded(role=file.role, name=effect.remote_name, file_id=receipt.id, adopted=receipt.adopted)
            )
        self._mention_replaced({file.file_id for file in uploaded}, platform, work.front)
        return {Uploaded.KEY: [file.as_json() for file in uploaded]}

    def _mention_replaced(self, used: Collection[str], platform: Platform, front: Front) -> None:
        """What was sent before an edit is still there, and no use any more."""
        session = Session.peek(self._world.state)
        for file in replaced(session, used) if session is not None else ():
            if _is_there(platform, file.file_id):
                front.say(
                    _("An earlier upload was replaced and is still on the platform: {file}").format(
                        file=file.told(self._world)
                    ),
                    "warn",
                )

    def asks(self, facts: Facts) -> Callable[[], str | None] | None:
        """Before a job exists, its files must still be on the platform; where that can't be asked now, they are."""
        if "job.id" in facts or not Uploaded.all(facts):
            return None
        return lambda: self._gone(facts)

    def _gone(self, facts: Facts) -> str | None:
        try:
            platform = self._world.platform(facts)
        except (AnswersMissing, UsageError):  # no key: that is told where it is asked for
            return None
        for file in Uploaded.all(facts):
            if not _is_there(platform, file.file_id):
                return _("{name} is no longer on the platform; it is sent again.").format(name=file.name)
        return None

    def made(self) -> str:
        """As in the list of what an edit makes new."""
        return _("the upload")

    def line(self, facts: Facts) -> str:
        """Which files are on the platform."""
        files = Uploaded.all(facts)
        line = ngettext("{count} file on the platform", "{count} files on the platform", len(files)).format(
            count=len(files)
        )
        adopted = sum(file.adopted for file in files)
        if adopted:
            line += " · " + ngettext(
                "{count} was there already", "{count} were there already", adopted
            ).format(count=adopted)
        return line + " · " + enumerated(file.name for file in files)


class FileUpload:
    """The effect: this file, with these bytes, in this account."""

    kind = Upload.id
    adopts = True
    account_answer = KEY_ANSWER
    grace = 30.0

    may_have_left = False

    def __init__(
        self,
        platform: Platform,
        path: Path,
        file: Converted,
        front: Front,
        *,
        account: str,
        demand: Callable[[], None],
    ) -> None:
        """``account``: what it is sent with, fit to be shown. ``demand`` raises ApprovalMissing unless what is sent is what was approved."""
        self._platform = platform
        self._path = path
        self._file = file
        self._front = front
        self._demand = demand
        self.remote_name = path.name
        self.account = account
        self._seen: set[str] = set()
        self.key = upload_key(file)
        self.name = _("the upload of {name}").format(name=self.remote_name)

    def look(self) -> Sequence[Receipt]:
        """Files with the same name, size and md5, and with no other purpose than training."""
        wanted = (self.remote_name, self._file.size, self._file.md5)
        for found in self._platform.files():
            self._seen.add(found.file_id)
            if (found.name, found.size, found.md5) == wanted and found.purpose in PURPOSES:
                told: dict[str, Any] = {
                    "name": found.name,
                    "status": None,
                    "model": None,
                    "created": rfc3339(found.created),
                    "settings": {},
                    "equal": ["name", "size", "md5"],
                    "different": [],
                    "untold": [] if found.purpose else ["purpose"],
                }
                data = {"created": found.created, "name": found.name}
                return (Receipt(found.file_id, data, told=told),)
        return ()

    def holds(self, receipt: Receipt) -> bool:
        """Whether the file is still there; yes where that can't be asked now."""
        return _is_there(self._platform, receipt.id)

    def release(self) -> None:
        """Nothing is spent by an upload."""

    def send(self, commit: Callable[[], None]) -> Receipt:
        """One upload, from disk, with the bytes that were converted and no others.

        One that is cut before its last byte left can't be on the platform: it is sent again by itself, a few times.
        """
        self._demand()
        reached: list[int] = []
        tried = 0
        while True:
            attempt = _Attempt(commit)
            try:
                return self._sent(attempt)
            except NeverSent as trouble:
                if attempt.committed or not trouble.passing:
                    raise
                lost = trouble
            reached += [attempt.reached] if attempt.reached else []
            tried += 1
            if tried > len(PAUSES):
                raise self._given_up(lost, reached)
            if attempt.reached and len(reached) == CUTS and self._front.attended:
                self._offer(reached)
            self._wait(lost, attempt.reached, tried)

    def _sent(self, attempt: _Attempt) -> Receipt:
        label = _("Uploading {name} ({size})").format(
            name=self.remote_name, size=bytes_shown(self._file.size)
        )
        with self._front.progress(label, self._file.size, "bytes") as progress:

            def moved(sent: int, total: int) -> None:
                attempt.reached = sent
                events.moved(self.remote_name, sent, total)
                progress.update(sent, total)

            uploaded = self._platform.upload(
                self._path,
                name=self.remote_name,
                description=_description(self._file),
                md5=self._file.md5,
                on_progress=moved,
                before_last_byte=attempt.commit,
            )
        if uploaded.file_id in self._seen:
            raise OutcomeUnknown(
                _("The platform answered with {id}, which was there before: that can't be {name}.").format(
                    id=uploaded.file_id, name=self.name
                )
            )
        return Receipt(uploaded.file_id, {"created": uploaded.created, "name": self.remote_name})

    def _wait(self, lost: NeverSent, reached: int, tried: int) -> None:
        """In place of the bar, why nothing moves, and until when."""
        seconds = PAUSES[tried - 1]
        what = lost.message
        if reached and lost.status is None:
            what = _("Connection lost at {done} of {size}").format(
                done=bytes_shown(reached), size=bytes_shown(self._file.size)
            )
        told = _("{what}; again in {seconds} s (try {number} of {most})").format(
            what=what, seconds=round(seconds), number=tried + 1, most=len(PAUSES) + 1
        )
        with self._front.progress(told, None, "seconds"):
            time.sleep(seconds)

    def _offer(self, reached: Sequence[int]) -> None:
        """While it is still tried: what a person can do who doesn't want to wait."""
        if size := self._smaller(reached):
            self._front.say(
                _("Smaller parts may get through: leave with Ctrl-C, and start again with {words}").format(
                    words=_setting(size)
                ),
                "warn",
            )

    def _given_up(self, lost: NeverSent, reached: Sequence[int]) -> NeverSent:
        """What is told in the end; a line that was cut again and again can be helped with smaller parts."""
        if not reached:
            return lost
        size = self._smaller(reached) if len(reached) >= CUTS else None
        hint = _("Try again when the line is better.")
        if size is not None:
            hint = joined(
                hint,
                _(
                    "Smaller parts may get through: {words} (new files, a new plan, and your approval anew)."
                ).format(words=_setting(size)),
            )
        told = NeverSent(
            _(
                "{name} could not be sent in {count} tries: {trouble} Nothing of it is on the platform."
            ).format(name=self.remote_name, count=len(PAUSES) + 1, trouble=lost.message),
            hint,
            request_id=lost.request_id,
            status=lost.status,
            passing=True,
        )
        if size is not None:
            told.remedies = (
                Remedy(
                    _("Send parts of at most {size} MB: convert anew, and back to the review").format(
                        size=size
                    ),
                    PART_SIZE.key,
                    size,
                ),
            )
        return told

    def _smaller(self, reached: Sequence[int]) -> int | None:
        """MB of parts that would have got through, with room to spare; None where they wouldn't be smaller."""
        size = max(min(reached) // 2 // MB, LEAST_PART)
        return size if size * MB < self._file.size else None


class _Attempt:
    """How far one try came."""

    def __init__(self, commit: Callable[[], None]) -> None:
        self.reached = 0
        self.committed = False
        self._commit = commit

    def commit(self) -> None:
        """From here on the platform may have the file."""
        self.committed = True
        self._commit()


def upload_key(file: Converted) -> str:
    """The effect's key, whichever account it goes to: with another one it is the same file, of which nobody may know whether it is there."""
    return "upload:" + digest([file.name, file.sha256, file.role])


def _setting(size: int) -> str:
    return f"--set {PART_SIZE.key}={size}"


def _is_there(platform: Platform, file_id: str) -> bool:
    """Only a clear no counts as gone: a file that can't be asked about is not sent again."""
    try:
        platform.file(file_id)
    except Refused as refused:
        return not file_is_gone(refused.platform_code, refused.platform_message)
    except (NeverSent, OutcomeUnknown):
        return True
    return True


def _description(file: Converted) -> str:
    """What stands beside the file on the platform: for the user, so in the user's language; nothing is known again by it."""
    if file.role == "train":
        told = ngettext("training set, {rows:,} row", "training set, {rows:,} rows", file.rows)
    else:
        told = ngettext("validation set, {rows:,} row", "validation set, {rows:,} rows", file.rows)
    return told.format(rows=file.rows)
