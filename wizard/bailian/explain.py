"""What went wrong between here and the platform, said to a person who meets it for the first time."""

from __future__ import annotations

import re

from wizard.bailian import endpoints
from wizard.bailian.answers import Fault
from wizard.bailian.service import CANCELED, GONE
from wizard.locale import _, joined

Words = tuple[str, str]
"""What happened, and what to do next."""


def quoted(fault: Fault, status: int | None) -> str:
    """The platform's own words in brackets: sentence, code, HTTP status, request id; empty where it said nothing."""
    parts = [
        fault.message,
        fault.code,
        f"HTTP {status}" if status is not None else "",
        _("request {id}").format(id=fault.request_id) if fault.request_id else "",
    ]
    words = "; ".join(part for part in parts if part)
    return f" [{words}]" if words else ""


def refusal(status: int, fault: Fault, endpoint: endpoints.Endpoint) -> Words:
    """For an answer that says no (codes: error-code 2026-05-25, model-training-api-reference 2026-05-26)."""
    what, todo = _refusal(cause(status, fault), endpoint)
    return what + quoted(fault, status), todo


# What an answer is taken for, the first that fits: HTTP status, beginnings of the code, words of the sentence (lower case).
# Codes and sentences: error-code 2026-05-25, model-training-api-reference 2026-05-26, model-deployment-api 2026-05-26,
# create-deployment-api autumn 2026, new-free-quota 2026-05-30. Which of the codes prove that nothing was created: ``refusals``.
_CAUSES: tuple[tuple[str, int, tuple[str, ...], tuple[str, ...]], ...] = (
    ("key", 401, ("invalidapikey", "invalid_api_key"), ()),
    ("arrears", 0, ("arrearage",), ("good standing",)),
    ("not-activated", 0, ("accessdenied.unpurchased",), ()),
    ("workspace", 0, ("workspace.accessdenied",), ()),
    ("free-quota", 0, ("allocationquota.freetieronly",), ()),
    ("not-granted", 0, (), ("privilege for model",)),
    ("model", 0, ("model.accessdenied",), ()),
    ("model-unknown", 0, ("model.notexist", "modelnotfound", "model_not_found"), ("model not exist",)),
    ("forbidden", 403, ("accessdenied",), ()),
    ("models-quota", 0, (), ("running or succeeded",)),
    ("jobs-quota", 0, (), ("fine-tune job in running",)),
    ("too-often", 429, ("throttling",), ()),
    ("no-room", 413, ("badrequest.toolarge",), ("out of space",)),
    ("too-many-files", 0, ("badrequest.toomany",), ("out of number",)),
    ("state", 0, ("unsupportedoperation",), ()),
    ("exists", 0, ("conflict",), ("already exists",)),
    ("not-deployable", 0, (), ("not deployable",)),
    ("not-found", 404, ("notfound",), ("not found", "not exist")),
)


def cause(status: int, fault: Fault) -> str:
    """A word for why the platform refused: one of ``_CAUSES``, or ``refused``."""
    code, said = fault.code.lower(), fault.message.lower()
    for name, at, codes, words in _CAUSES:
        if status == at or code.startswith(codes) or any(word in said for word in words):
            return name
    return "refused"


def _refusal(cause: str, endpoint: endpoints.Endpoint) -> Words:
    home, keys = endpoints.console_home(endpoint.region), endpoints.console_keys(endpoint.region)
    words = {
        "key": (
            _("The platform doesn't accept this key at {host}.").format(host=endpoint.host),
            _("Either the key is wrong or was deleted, or it belongs to another region or workspace: a key works only where it was made. Compare both in the console: {url}").format(url=keys),
        ),
        "arrears": (
            _("The account owes money, so the platform does nothing for it."),
            _("Pay or top up the account at {url}, wait a few minutes, and try again.").format(url="https://usercenter2.aliyun.com"),
        ),
        "not-activated": (
            _("Bailian (Model Studio) isn't activated for this account."),
            _("Open the console once with the account's owner and accept the terms: {url}").format(url=home),
        ),
        "workspace": (
            _("This key has no access to the workspace."),
            _("Use a key that was made in that workspace, or leave the workspace empty: {url}").format(url=keys),
        ),
        "free-quota": (
            _("The platform stopped because the free quota is used up and it was told to stop there."),
            _("Switch that off in the console: {url}. A free quota never pays for training or deployment.").format(
                url=endpoints.console_free_quota(endpoint.region)
            ),
        ),
        "not-granted": (
            _("The key's workspace has not been granted this model."),
            _("Grant it training and deployment of the model, or ask its administrator to: {url}; or choose another model.").format(
                url=endpoints.console_workspace(endpoint.region)
            ),
        ),
        "model": (
            _("This key's workspace may not use or tune this model."),
            _("Ask the workspace's administrator to grant training on the model, or choose another: {url}").format(url=home),
        ),
        "model-unknown": (
            _("The platform has no such model here, or it can't be tuned any more."),
            _("Choose another model; the console shows those that can be tuned: {url}").format(
                url=endpoints.console_jobs(endpoint.region)
            ),
        ),
        "forbidden": (
            _("The platform doesn't allow this to the key."),
            _("The account's owner can grant fine-tuning to the user in the console; the key may also have an IP allow-list: {url}").format(url=home),
        ),
        "models-quota": (
            _("The account has as many running and finished fine-tune jobs as it may have: trying again doesn't help."),
            _("Delete fine-tuned models that are no longer used ({url}), or ask the platform for a larger quota.").format(
                url=endpoints.console_models(endpoint.region)
            ),
        ),
        "jobs-quota": (
            _("Too many fine-tune jobs are running at the moment."),
            _("Wait until one has ended (bailian-wizard jobs list), then try again."),
        ),
        "too-often": (
            _("The platform is asked too often at the moment."),
            _("Wait a minute, then try again."),
        ),
        "no-room": (
            _("There is no room for the file on the platform, or it is larger than one file may be (300 MB)."),
            _("Delete files that are no longer used (bailian-wizard files list), or send smaller parts."),
        ),
        "too-many-files": (
            _("The account holds as many files as the platform allows."),
            _("Delete files that are no longer used: bailian-wizard files list"),
        ),
        "state": (
            _("The platform can't do this in the state that things are in."),
            _("Look at the state first: bailian-wizard jobs list"),
        ),
        "exists": (
            _("The platform says that there is one with this name already."),
            _("Look at it before anything is made: bailian-wizard jobs list, or the console: {url}").format(
                url=endpoints.console_deploy(endpoint.region)
            ),
        ),
        "not-deployable": (
            _("There is no such model, or it can't be deployed."),
            _("Its training must have SUCCEEDED, and its name is the one that the job ended with: bailian-wizard jobs show ID"),
        ),
        "not-found": (
            _("The platform doesn't know what was asked for."),
            _("It may have been deleted, or belong to another region or workspace."),
        ),
    }  # fmt: skip
    return words.get(
        cause,
        (
            _("The platform refused the request."),
            _("Correct what it names and try again; its words are in the brackets."),
        ),
    )


# Why a training came to nothing, by patterns in the reason that the platform gives, the first that fits. No document lists
# these reasons: "too little training data" is the console guide's (FAQ, mid-2026), batch_size its own tools' check, the others
# are of its logs.
_ENDINGS: tuple[tuple[str, str], ...] = (
    ("few-rows", r"\u8bad\u7ec3\u6570\u636e\u91cf\u4e0d\u8db3|batch_size|training samples"),
    ("format", r"format error|invalid format"),
    ("file", r"download failed|file was deleted|file not found"),
    ("type", r"not support"),
)


def ended_badly(status: str, code: str, message: str) -> Words:
    """For a job that ended without a model: why, as far as it is known, and what to change."""
    said = f"{code} {message}".lower()
    log = _("Its log may say more.")
    if status == CANCELED:
        return (
            _("The job was cancelled, here or in the console; what it had trained until then is billed."),
            _("Nothing has to be changed to train again."),
        )
    if status == GONE:
        return (
            _("The platform has no such job any more: it was deleted elsewhere, in the console say."),
            _(
                "Whether it made a model can be seen in the console only. Nothing has to be changed to train again."
            ),
        )
    words = {
        "few-rows": (
            _("Too few rows were left to train with: there must be more of them than batch_size."),
            _("Add rows, raise max_length where rows were too long, or choose a smaller batch_size."),
        ),
        "format": (
            _("The platform found a row that it can't read."),
            joined(_("Look at the data (bailian-wizard check FILE), mend that row, and train again."), log),
        ),
        "file": (
            _("The platform could not read a file that was uploaded; it may have been deleted."),
            _("Train again: what is no longer there is sent again."),
        ),
        "type": (
            _("This model can't be trained in this way."),
            _("Choose another model or another training type."),
        ),
    }  # fmt: skip
    cause = next((name for name, signs in _ENDINGS if re.search(signs, said)), "")
    unknown = (
        _("The platform's reason is not one that this wizard knows.")
        if said.strip()
        else _("The platform gives no reason.")
    )
    return words.get(cause, (unknown, log))


def unreachable(kind: str, reason: str, host: str, proxy: str) -> Words:
    """For a connection that never came about; ``kind`` is one of ``wire``'s words, ``proxy`` the one in use or empty."""
    if kind == "dns":
        what = _("The address {host} can't be found.").format(host=proxy or host)
        todo = _("Is this computer connected to the network? Behind a proxy, set HTTPS_PROXY.")
    elif kind == "silent":
        what = _("{host} didn't answer when it was called.").format(host=proxy or host)
        todo = _("Check the network, a firewall or a VPN, then try again.")
    elif kind == "certificate":
        what = _("The connection to {host} isn't safe: its certificate can't be trusted.").format(host=host)
        todo = _("Nothing was sent. Log in to the network first if it asks for that; behind a company's filter, set "
                 "SSL_CERT_FILE to its certificate; check this computer's clock.")  # fmt: skip
    elif kind == "tls":
        what = _("No encrypted connection to {host} could be made.").format(host=host)
        todo = _("Nothing was sent. A proxy, firewall or VPN between here and there may be in the way.")
    elif kind == "proxy":
        what = _("The proxy {proxy} can't be used.").format(proxy=proxy)
        todo = _("Only http:// and https:// proxies work. Set HTTPS_PROXY to one of those, or NO_PROXY=.aliyuncs.com to go "
                 "without.")  # fmt: skip
    else:
        what = _("The connection to {host} was refused.").format(host=proxy or host)
        todo = _("Check the network and the proxy (HTTPS_PROXY), then try again.")
    return (f"{what} [{reason}]" if reason else what), todo


def unclear(reason: str, host: str, fault: Fault, status: int | None) -> Words:
    """For a request that may have taken effect, and whose answer doesn't say."""
    what = _("The request was sent to {host}, and no clear answer came back: {reason}").format(
        host=host, reason=reason
    )
    return (
        what + quoted(fault, status),
        _("It may have worked. The wizard looks at what the platform has before anything is sent again."),
    )


def doubtful(status: int, fault: Fault, endpoint: endpoints.Endpoint) -> Words:
    """For a creation that is answered with an error which isn't known to prove that nothing was created."""
    known = cause(status, fault)
    what, todo = _refusal(known, endpoint)
    if known == "refused":
        what = _("The platform answered with an error.")
    doubt = _(
        "That usually means no, but it is no proof: the wizard looks on the platform before anything is sent again."
    )
    return f"{what}{quoted(fault, status)} {doubt}", todo


def unanswered(reason: str, host: str, fault: Fault, status: int | None) -> Words:
    """For a request that can't have taken effect, and that got no usable answer."""
    what = _("{host} gave no usable answer: {reason}").format(host=host, reason=reason)
    return what + quoted(fault, status), _("Nothing was changed. Try again in a moment.")


def odd_answer(status: int) -> str:
    """Why an answer can't be used, for ``unclear`` and ``unanswered``."""
    if 300 <= status < 400:  # noqa: PLR2004 - HTTP's redirects
        return _(
            "it was redirected elsewhere, which the platform never does; a network that wants a log-in does."
        )
    if status >= 500:  # noqa: PLR2004 - HTTP's "my fault"
        return _("the platform, or something on the way to it, is in trouble.")
    if status >= 400:  # noqa: PLR2004 - HTTP's "your fault"
        return _(
            "it is an error without a code of the platform's; something on the way, such as a firewall, may have answered instead."
        )
    return _(
        "it isn't what the platform answers; a proxy, or a network that wants a log-in, may have answered instead."
    )


def trouble() -> str:
    """As ``odd_answer``, for a code by which the platform speaks of its own trouble."""
    return _("it speaks of trouble, or of time that ran out.")


def contradiction() -> str:
    """As ``odd_answer``, for an error that comes with what was asked for."""
    return _("it is an error, and yet it names what was to be created.")


def broken(kind: str) -> str:
    """As ``odd_answer``, for an answer that didn't come whole; ``kind`` is one of ``wire``'s words."""
    if kind == "slow":
        return _("it took too long.")
    if kind == "large":
        return _("it is far too large.")
    return _("the connection was cut.")


def file_changed(name: str) -> Words:
    """For a file that isn't what the preview saw."""
    return (
        _("{name} has changed since the preview, so it was not sent.").format(name=name),
        _(
            "Start the wizard again: what was changed is kept aside, and you are asked which of the two to train on."
        ),
    )


def file_empty(name: str) -> Words:
    """For a file without a byte in it."""
    return (_("{name} is empty, so it was not sent.").format(name=name), _("Go back to the dataset step."))


def file_unreadable(name: str, reason: str) -> Words:
    """For a file that can't be opened or read."""
    return (
        _("{name} can't be read: {reason}").format(name=name, reason=reason),
        _("Nothing was sent. Check that the file is still there and may be read."),
    )


def bad_id() -> Words:
    """For an id that can't be one; the id itself isn't repeated."""
    return (
        _("This can't be an id: the platform's ids have only letters, digits, dots, - and _."),
        _("Nothing was sent. The lists show the ids: bailian-wizard jobs list, bailian-wizard files list"),
    )


def not_expressible(reason: str) -> Words:
    """For a request that can't be written down as the platform wants it."""
    return (
        _("The request can't be put into words that the platform reads: {reason}").format(reason=reason),
        _("Nothing was sent. Look for odd characters or values in the names and hyper-parameters."),
    )
