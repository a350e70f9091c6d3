"""Step 6: the training and validation files go to the platform, each once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from wizard.bailian.refusals import file_is_gone
from wizard.bailian.service import Platform
from wizard.engine.effects import Receipt
from wizard.engine.plan import digest
from wizard.engine.step import Facts, Front, Step, Work
from wizard.errors import NeverSent, OutcomeUnknown, Refused
from wizard.locale import _, ngettext
from wizard.steps import approval
from wizard.steps.review import SENT_ROLES
from wizard.steps.wording import bytes_shown
from wizard.steps.world import World

# The documents' word, the SDK's, and none: what the vendor's SDK uploads has no purpose.
PURPOSES = ("fine-tune", "fine_tune", "")


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
        platform = self._world.platform(facts)
        receipts = []
        for file in facts["preview.files"]:
            if file["role"] not in SENT_ROLES:
                continue
            effect = FileUpload(self._world, platform, facts, file, work.front)
            receipt = work.once(effect)
            receipts.append(
                {
                    "role": file["role"],
                    "name": effect.remote_name,
                    "file_id": receipt.id,
                    "adopted": receipt.adopted,
                }
            )
        return {"upload.files": receipts}

    def verify(self, facts: Facts) -> str | None:
        """Before a job exists, its files must still be on the platform; where that can't be asked now, they are."""
        if "job.id" in facts:
            return None
        platform = self._world.platform(facts)
        for file in facts["upload.files"]:
            if not _is_there(platform, file["file_id"]):
                return _("{name} is no longer on the platform; it is sent again.").format(name=file["name"])
        return None

    def made(self) -> str:
        """As in the list of what an edit makes new."""
        return _("the upload")

    def line(self, facts: Facts) -> str:
        """Which files are on the platform."""
        files = facts["upload.files"]
        line = ngettext("{count} file on the platform", "{count} files on the platform", len(files)).format(
            count=len(files)
        )
        adopted = sum(file["adopted"] for file in files)
        if adopted:
            line += " · " + ngettext(
                "{count} was there already", "{count} were there already", adopted
            ).format(count=adopted)
        return line + " · " + ", ".join(file["name"] for file in files)


class FileUpload:
    """The effect: this file, with these bytes, in this account."""

    kind = Upload.id
    adopts = True
    grace = 30.0

    may_have_left = False

    def __init__(
        self, world: World, platform: Platform, facts: Facts, file: Mapping[str, Any], front: Front
    ) -> None:
        self._world = world
        self._platform = platform
        self._facts = facts
        self._path = world.folder / file["path"]
        self._file = file
        self._front = front
        self.remote_name = self._path.name
        self.account = approval.account_shown(facts, world)
        proof = facts["key.proof"]
        self.key = "upload:" + digest(
            [proof["endpoint"], proof["fingerprint"], self.remote_name, file["sha256"], file["role"]]
        )
        self.name = _("the upload of {name}").format(name=self.remote_name)

    def look(self) -> Sequence[Receipt]:
        """Files with the same name, size and md5, and with no other purpose than training."""
        wanted = (self.remote_name, self._file["size"], self._file["md5"])
        for found in self._platform.files():
            if (found.name, found.size, found.md5) == wanted and found.purpose in PURPOSES:
                return (Receipt(found.file_id, {"created": found.created}),)
        return ()

    def holds(self, receipt: Receipt) -> bool:
        """Whether the file is still there; yes where that can't be asked now."""
        return _is_there(self._platform, receipt.id)

    def send(self, commit: Callable[[], None]) -> Receipt:
        """One upload, from disk, with the bytes that were converted and no others."""
        approval.demand(self._facts, self._world)
        descriptions = {"train": "training set", "validation": "validation set"}
        label = _("Uploading {name} ({size})").format(
            name=self.remote_name, size=bytes_shown(self._file["size"])
        )
        with self._front.progress(label, self._file["size"], "bytes") as progress:
            uploaded = self._platform.upload(
                self._path,
                name=self.remote_name,
                description=f"{descriptions[self._file['role']]}, {self._file['rows']} rows",
                md5=self._file["md5"],
                on_progress=progress.update,
                before_last_byte=commit,
            )
        return Receipt(uploaded.file_id, {"created": uploaded.created})


def _is_there(platform: Platform, file_id: str) -> bool:
    """Only a clear no counts as gone: a file that can't be asked about is not sent again."""
    try:
        platform.file(file_id)
    except Refused as refused:
        return not file_is_gone(refused.platform_code, refused.platform_message)
    except (NeverSent, OutcomeUnknown):
        return True
    return True
