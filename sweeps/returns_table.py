"""Owns what a return must come to: a row for the stage at which a session was stopped and what has changed meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

from wizard.steps.standing import EXIT_CODES


@dataclass(frozen=True, slots=True)
class Row:
    """``state``: what ``status`` tells. ``run``: what ``run --yes`` ends with, ``again``: once more, where that is another.

    ``screen``: words up to the first question of a start at a terminal (``…``: anything between them), or up to its end;
    ``then``: what Enter leads to, or, where the start ``ends`` without a question, what the next one shows. ``creates``: by Enter
    the job is created, and by ``run --yes``.
    """

    stages: tuple[str, ...]
    changes: tuple[str, ...]
    state: str
    run: int
    screen: str
    then: str = ""
    again: int | None = None
    ends: bool = False
    creates: bool = False

    @property
    def status(self) -> int:
        """What ``status --exit-status`` ends with."""
        return EXITS[self.state]


NO_SUCCESS = EXIT_CODES["failed"]
"""What ``run`` ends with where the job came to another end than success."""

EXITS: dict[str, int] = {**{str(state): code for state, code in EXIT_CODES.items()}, "session-newer": 6}

# Stages

NO_KEY = ("data-chosen", "previewed")
AT_MODEL = ("key-given", "model-chosen")
PLANNED = ("plan-shown",)
BEFORE = (*NO_KEY, *AT_MODEL, *PLANNED)
APPROVED = ("approved", "uploaded")
LOST, HEARD = ("unknown-lost",), ("unknown-heard",)
RUNNING = ("running",)
SUCCEEDED, SEEN = ("succeeded",), ("succeeded-seen",)
FAILED, CANCELED = ("failed",), ("canceled",)
UNSEEN = (*RUNNING, *SUCCEEDED, *FAILED, *CANCELED)
JOB = (*UNSEEN, *SEEN)

# Changes

NOTHING = ("nothing",)
SOURCE_GONE = ("source-moved", "source-deleted")
REPLACED, EDITED, REMOVED = ("source-replaced",), ("converted-edited",), ("converted-deleted",)
TABLE_GONE = ("model-gone", "price-gone")
WORKSPACE = ("workspace-set",)
UNNEEDED = (*NOTHING, *SOURCE_GONE, *REPLACED, *EDITED, *REMOVED, *TABLE_GONE, *WORKSPACE)
"""What a session whose job was sent has no need of: it is followed where it was made."""
ENV_GONE, OTHER, REVOKED = ("env-gone",), ("other-account",), ("key-revoked",)
DELETED = ("job-deleted",)
DAMAGED, BAK, NEWER_SESSION = ("session-damaged",), ("session-only-bak",), ("session-newer",)
RENAMED, LATER = ("folder-renamed",), ("hours-later",)

# What is read more than once

GO_ON_DATA = "Go on: step 1, Data"
FOLLOW = "What next … Go on: follow the job … costs nothing"
CREATE = "What next … Go on: create the job that you approved … ¥0.00 to ¥1.00"
APPROVE = "Waiting for your approval … Go on: look at the plan and approve it … ¥0.00 to ¥1.00"
NOT_FOUND = "Unknown since … is not to be found on the platform … Leave it for now … Send it again"
SUCCESS = "SUCCEEDED since … model qwen2.5-7b-instruct-ft- … Leave"
FAILURE = "FAILED since … Too few rows … Again with the same answers … ¥0.00 to ¥1.00"
CANCELLATION = "CANCELED since … Again with the same answers … ¥0.00 to ¥1.00"
GONE = "No longer on the platform since … deleted elsewhere … Again with the same answers … ¥0.00 to ¥1.00"
OTHER_DATA = "Start a new session with these answers … asks for other data"
REJECTED = "doesn't accept this key"


def _again(changes: tuple[str, ...], then: str) -> tuple[Row, Row]:
    """After a failure and a cancellation Enter is: again with the same answers, as far as they can still be had."""
    return (
        Row(FAILED, changes, "failed", NO_SUCCESS, FAILURE, then),
        Row(CANCELED, changes, "canceled", NO_SUCCESS, CANCELLATION, then),
    )


def _copy(changes: tuple[str, ...], why: str) -> tuple[Row, ...]:
    """The first start says so, and ends; the next one goes on from the copy, in which an unused approval is taken back."""
    told = f"{why} … The next start goes on from the copy before it"
    return tuple(
        Row(stages, changes, "unknown", 1, told, then, again, ends=True)
        for stages, again, then in (
            (BEFORE, 3, "What next"),
            (APPROVED, 3, "Waiting for your approval"),
            (LOST, 4, "is not to be found on the platform"),
            (HEARD, 0, "watched for"),
            (RUNNING, 0, "RUNNING, step 3 of 6"),
            ((*SUCCEEDED, *SEEN), 0, "SUCCEEDED since"),
            (FAILED, NO_SUCCESS, "FAILED since"),
            (CANCELED, NO_SUCCESS, "CANCELED since"),
        )
    )


TABLE: tuple[Row, ...] = (
    # Nothing has changed, or what nobody needs any more
    Row(("data-chosen",), NOTHING, "open", 3, "Open at step 2 of 8 … What next", "Does this look right"),
    Row(("previewed",), NOTHING, "open", 3, "Open at step 3 of 8 … What next", "Paste your API key"),
    Row(("key-given",), (*NOTHING, *REVOKED), "open", 3, "Open at step 4 of 8 … What next", "Which model"),
    Row(("model-chosen",), (*NOTHING, *REVOKED), "open", 3, "Open at step 4 of 8 … What next", "recommended settings"),
    Row(PLANNED, (*NOTHING, *LATER), "waiting", 3, APPROVE, "Type yes"),
    Row(APPROVED, NOTHING, "open", 0, CREATE, "watched for", creates=True),
    Row(LOST, UNNEEDED, "unknown", 4, NOT_FOUND, "Nothing is sent twice"),
    Row(HEARD, UNNEEDED, "unknown", 0, "Unknown since … already on the platform as ft- … watched for"),
    Row(RUNNING, UNNEEDED, "running", 0, f"RUNNING, step 3 of 6 … {FOLLOW}", "watched for"),
    Row((*SUCCEEDED, *SEEN), UNNEEDED, "succeeded", 0, SUCCESS),
    *_again((*NOTHING, *REMOVED, *WORKSPACE), "Type yes"),
    Row(FAILED, SOURCE_GONE, "failed", NO_SUCCESS, f"FAILED since … Too few rows … {OTHER_DATA}", "Where is your data"),
    Row(CANCELED, SOURCE_GONE, "canceled", NO_SUCCESS, f"CANCELED since … {OTHER_DATA}", "Where is your data"),
    *_again(REPLACED, "Does this look right"),
    *_again(EDITED, "What stands in own.jsonl"),
    *_again(TABLE_GONE, "Which model"),
    # Data
    Row((*BEFORE, *APPROVED), SOURCE_GONE, "open", 3, f"Data: own.jsonl is no longer there. … {GO_ON_DATA}", "Where is your data"),
    Row((*BEFORE, *APPROVED), REPLACED, "open", 3, f"Data: own.jsonl has changed; it is read again. … {GO_ON_DATA}", "Does this look right"),
    Row((*BEFORE[1:], *APPROVED), EDITED, "open", 3, "what was changed in it is kept aside … Go on: step 2", "kept as … Train on"),
    Row(("previewed",), REMOVED, "open", 3, "it is converted again … Go on: step 2", "Paste your API key"),
    Row(("key-given",), REMOVED, "open", 3, "it is converted again … Go on: step 2", "Which model"),
    Row(("model-chosen",), REMOVED, "open", 3, "it is converted again … Go on: step 2", "recommended settings"),
    Row(PLANNED, REMOVED, "open", 3, "it is converted again … Go on: step 2", "Type yes"),
    Row(APPROVED, REMOVED, "open", 0, "it is converted again … Go on: step 2", "watched for", creates=True),
    # The key, and whose it is
    Row((*AT_MODEL, *PLANNED, *APPROVED), ENV_GONE, "open", 3, "API key: the key is not there any more … Go on: step 3", "Paste your API key"),
    Row((*LOST, *HEARD), ENV_GONE, "unknown", 3, "Unknown since … which is not there any more … There is no API key … Give the key here", "Paste your API key"),
    Row(UNSEEN, ENV_GONE, "running", 0, f"could not be looked up: There is no API key … which is not there any more … {FOLLOW}", "Give the key here"),
    Row(("key-given",), OTHER, "open", 3, "another key than before is there … Go on: step 3", "Which model"),
    Row(("model-chosen",), OTHER, "open", 3, "another key than before is there … Go on: step 3", "recommended settings"),
    Row((*PLANNED, *APPROVED), OTHER, "open", 3, "another key than before is there … Go on: step 3", "Key: sk-…8899 … Type yes"),
    Row((*LOST, *HEARD), OTHER, "unknown", 4, "was sent with key sk-…4567 … here it is key sk-…8899 … Give the key that it was made with", "Start the wizard again with the key that it was made with"),
    Row(UNSEEN, OTHER, "running", 0, f"was made with the key sk-…4567; the key here is sk-…8899 … {FOLLOW}", "Give the key that it was made with"),
    Row(PLANNED, REVOKED, "waiting", 3, APPROVE, "could not be told … Type yes"),
    Row(APPROVED, REVOKED, "open", 5, CREATE, f"{REJECTED} … Use another key"),
    Row((*LOST, *HEARD), REVOKED, "unknown", 4, f"can't be asked: The platform {REJECTED} … Use another key", "Paste your API key"),
    Row(UNSEEN, REVOKED, "running", 0, f"could not be looked up: The platform {REJECTED} … {FOLLOW}", "Use another key"),
    Row(SEEN, (*ENV_GONE, *OTHER, *REVOKED), "succeeded", 0, SUCCESS),
    Row(("key-given",), WORKSPACE, "open", 3, "it was none, and is llm-elsewhere … Go on: step 3", "Which model"),
    Row(("model-chosen",), WORKSPACE, "open", 3, "it was none, and is llm-elsewhere … Go on: step 3", "recommended settings"),
    Row((*PLANNED, *APPROVED), WORKSPACE, "open", 3, "it was none, and is llm-elsewhere … Go on: step 3", "Type yes"),
    # The job, models and prices
    Row(HEARD, DELETED, "unknown", 4, NOT_FOUND, "Nothing is sent twice"),
    Row(UNSEEN, DELETED, "gone", NO_SUCCESS, GONE, "Type yes"),
    Row(SEEN, DELETED, "succeeded", 0, "SUCCEEDED since … The platform has the job … no more … Leave"),
    Row(("model-chosen",), TABLE_GONE, "open", 3, "Open at step 4 of 8 … Go on: step 4", "Which model"),
    Row((*PLANNED, *APPROVED), ("model-gone",), "open", 3, "is no longer among the models of this version … Go on: step 4", "Which model"),
    Row((*PLANNED, *APPROVED), ("price-gone",), "open", 3, "the price of qwen2.5-7b-instruct was ¥0.006 … is not published … Go on: step 4", "Which model"),
    # The session itself
    *_copy(DAMAGED, "The session file was damaged. It is kept as"),
    *_copy(BAK, "is gone; the copy"),
    Row((*BEFORE, *APPROVED, *LOST, *HEARD, *JOB), NEWER_SESSION, "session-newer", 6, "was written by a newer version", ends=True),
    Row((*BEFORE, *APPROVED), RENAMED, "open", 3, "not yours as it stands … What about this session", "Where is your data"),
    Row((*LOST, *HEARD, *JOB), RENAMED, "unknown", 3, "not yours as it stands … What it says was sent is looked for … What about this session", "Where is your data"),
    Row(APPROVED, LATER, "waiting", 3, APPROVE, "Type yes"),
)  # fmt: skip
