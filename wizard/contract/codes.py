"""The codes of errors: each with its exit code, whether the same command may simply be run again, what it means and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from wizard.locale import N_


@dataclass(frozen=True, slots=True)
class Code:
    """``retryable``: the same command, run again as it is, may succeed and does no harm. Sentences in English, said by ``locale.said``."""

    name: str
    exit: int
    retryable: bool
    about: str
    todo: str


_ALL = (
    Code("usage", 2, False, N_("The command line, an answers file or the environment is wrong."), N_("Change what the message names.")),
    Code("over-budget", 2, False, N_("The most that the job may cost is above the budget, or above a limit of this computer."), N_("Make the plan cheaper, or let whoever set the limit raise it.")),
    Code("not-allowed", 2, False, N_("The limits of this computer's user don't allow it (limits.toml)."), N_("Choose what they allow, or let whoever set them change them.")),
    Code("answers-missing", 3, False, N_("Questions are left that nobody answered; details.keys are all of them."), N_("Give each with --set KEY=VALUE or in --answers.")),
    Code("no-key", 3, False, N_("There is no API key."), N_("Put DASHSCOPE_API_KEY into the environment or into .env; never on the command line.")),
    Code("not-approved", 3, False, N_("Nobody approved this very plan, or this very decision."), N_("Show it to a person, then give --approve with details.digest.")),
    Code("owner-unknown", 3, False, N_("What is kept in this folder belongs to another user of this computer."), N_("If that is all right, give --allow-owner once.")),
    Code("outcome-unknown", 4, True, N_("A request left, and it is not known whether it took effect."), N_("Run the same command again later: it looks first, and sends nothing twice.")),
    Code("twin-found", 4, False, N_("What would be created, or something like it, is on the platform already; details.candidates are all of it."), N_("Let a person decide, then give --resolve and --approve with details.digest.")),
    Code("decision-needed", 4, False, N_("Only a person can say how it goes on."), N_("Let a person decide, then give --resolve and --approve with details.digest where it is there; else at a terminal.")),
    Code("bad-key", 5, False, N_("The platform doesn't accept the key."), N_("Give the key of this region and workspace.")),
    Code("no-permission", 5, False, N_("The platform doesn't allow it to this key's workspace."), N_("Have it granted in the console.")),
    Code("arrears", 5, False, N_("The account owes money, or its free quota is used up."), N_("Pay, or switch in the console what stops it.")),
    Code("quota", 5, False, N_("The account has as many jobs, models or files as it may have."), N_("Delete what is no longer used, or wait until a job has ended.")),
    Code("throttled", 5, True, N_("The platform is asked too often; nothing was created."), N_("Wait a minute, then run it again; --retry does so.")),
    Code("not-found", 5, False, N_("The platform doesn't know what was asked for."), N_("Look at the list; another account's things are not in it.")),
    Code("refused", 5, False, N_("The platform said no, for the reason in the message; nothing was created."), N_("Change what the message names.")),
    Code("unreachable", 1, True, N_("The platform could not be reached, or gave no clear answer; nothing took effect."), N_("Check the network, then run it again; --retry does so.")),
    Code("not-sent", 1, False, N_("Nothing was sent: what would be is not as it must be."), N_("Change what the message names.")),
    Code("bad-data", 1, False, N_("The user's data can't be used as it is; details name file, line and what is wrong."), N_("Mend the rows, or leave them out knowingly.")),
    Code("storage", 1, False, N_("This computer's disk refused to read or write; what was there before is still there."), N_("Do about it what the message says.")),
    Code("session-damaged", 1, True, N_("The session file can't be read; it was set aside, not deleted."), N_("Run it again: it goes on from the copy before.")),
    Code("failed", 1, False, N_("Something went wrong that has no code of its own."), N_("Do what the message says.")),
    Code("bug", 1, False, N_("Something unexpected happened in the program itself."), N_("Report it with the log that details.log names; no key is in it.")),
    Code("busy", 6, True, N_("Another wizard works in this folder."), N_("Wait for it, then run it again; --retry does so.")),
    Code("session-newer", 6, False, N_("A newer version wrote the session; it is left untouched."), N_("Update bailian-wizard.")),
    Code("job-failed", 7, False, N_("The training ended as FAILED; details tell why."), N_("Change what the reason names, and train another.")),
    Code("job-canceled", 7, False, N_("The training was canceled; what it trained until then is billed."), N_("Train another, if one is wanted.")),
    Code("job-gone", 7, False, N_("The platform has the job no more."), N_("Look in the console whether its model is still there.")),
    Code("still-running", 8, True, N_("The time of --timeout is over, and the job goes on."), N_("Run it again to wait on.")),
    Code("interrupted", 130, True, N_("It was interrupted; everything answered is saved. Ended by a signal, the exit code is 128 and its number."), N_("Run it again: it goes on from there.")),
)  # fmt: skip

CODES: Mapping[str, Code] = MappingProxyType({one.name: one for one in _ALL})
"""All of them by name, in the order in which they are documented."""
