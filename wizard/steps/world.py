"""What the steps share: the folder, the environment, the key in use and the platform behind it.

Where the key may come from, first wins: typed in this run, the process environment, ``.env`` in the folder.
Where requests may go: the endpoint of region and workspace; ``DASHSCOPE_HTTP_BASE_URL`` from the process environment, if
it is one of Alibaba's hosts or this computer, or if ``--allow-endpoint`` was typed; the sandbox, if that was asked for.
A ``.env`` never says where requests go.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard.engine.session import Session
from wizard.errors import NoKey, PlatformError, Remedy, UsageError
from wizard.local import redaction
from wizard.local.named import meant
from wizard.local.way import STATE
from wizard.locale import _, joined

if TYPE_CHECKING:
    from wizard.bailian.apikey import ApiKey
    from wizard.bailian.endpoints import Endpoint
    from wizard.bailian.service import Platform
    from wizard.engine.step import Facts, Step
    from wizard.money.ledger import Ledger
    from wizard.sandbox import Running
    from wizard.steps.said import Permissions, Seen

KEY_NAME = redaction.VARIABLE
KEY_ANSWER = "key.value"
"""The question that asks for the key."""
REGION_NAME = "DASHSCOPE_REGION"
SANDBOX_KEY = redaction.PRACTICE_KEY
SANDBOX_REGION = "sandbox"
UNAUTHORIZED = 401


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A key and where it was found: ``typed``, ``environment``, ``.env`` or ``sandbox``; ``other``: another one is there too."""

    key: ApiKey
    where: str
    other: bool = False


def state_in(folder: Path, *, sandbox: bool) -> Path:
    """Where session and log of a run in ``folder`` are; the sandbox keeps its own, so that nothing practised is taken for real."""
    return folder / STATE / "sandbox" if sandbox else folder / STATE


def _legible(facts: Facts) -> None:
    """Raise TypeError, KeyError or ValueError where a recorded result can't be read by the steps that rest on it."""
    if not facts:
        return  # nothing was recorded, and nothing is imported to read it
    from wizard.steps.facts import read_all

    read_all(facts)


Session.legible = _legible  # here, since nobody knows where a session is without this module


class World:
    """The surroundings of one run."""

    def __init__(
        self, folder: Path, environ: Mapping[str, str], *, sandbox: bool = False, allow_endpoint: bool = False
    ) -> None:
        self.folder = folder
        self.environ = environ
        self.sandbox = sandbox
        self.session_id = ""
        self.steps: tuple[Step, ...] = ()  # as flow lists them: what each asks makes the plan
        self.patience: float | None = None
        """Seconds for which a job is followed; None: to its end."""
        self._allow_endpoint = allow_endpoint
        self._typed: ApiKey | None = None
        self._rejected: set[str] = set()
        self._platform: tuple[tuple[str, str, str], Platform] | None = None
        self._running: Running | None = None
        self._ledger: Ledger | None = None
        self.seen: dict[str, Seen] = {}
        """What the platform said in this run of jobs that are remembered, by their ids."""
        self._making = threading.RLock()

    # Files

    @cached_property
    def permissions(self) -> Permissions:
        """What the platform said of which models may be trained."""
        from wizard.steps.said import Permissions

        return Permissions()

    @property
    def state(self) -> Path:
        """The folder of session and log."""
        return state_in(self.folder, sandbox=self.sandbox)

    @property
    def ledger(self) -> Ledger:
        """What was approved and spent in this folder; what is practised in a sandbox counts in that folder only."""
        if self._ledger is None:
            from wizard.money.ledger import Ledger

            self._ledger = Ledger(self.state, everywhere=not self.sandbox)
        return self._ledger

    @property
    def env_path(self) -> Path:
        """The ``.env`` that is read and written."""
        return self.folder / ".env"

    def path(self, name: str) -> Path:
        """A path as the user named it, in quotes or not, seen from the folder of the run."""
        return meant(name, self.folder)

    def shown(self, path: Path) -> str:
        """A path as it is recorded and told: from the folder of the run where it lies in it."""
        return str(path.relative_to(self.folder) if path.is_relative_to(self.folder) else path)

    def command(self, *rest: str) -> str:
        """A command line for later that works on the same platform."""
        return " ".join(("bailian-wizard", *rest, *(("--sandbox",) if self.sandbox else ())))

    # The key

    def found_key(self) -> FoundKey | None:
        """The key in use, or None: it has to be asked for. One that the platform rejected in this run counts no more.

        Raises UsageError where a key is there but can't be one, or ``.env`` can't be read.
        """
        from wizard.bailian.apikey import ApiKey

        if self.sandbox:
            return FoundKey(ApiKey.clean(SANDBOX_KEY), "sandbox")
        if self._typed is not None:
            return FoundKey(self._typed, "typed")
        from wizard.local import envfile

        found = envfile.look_up(self.environ, self.env_path, KEY_NAME)
        if found is None or not found.value.strip():
            return None
        key = ApiKey.clean(found.value)
        return None if key.fingerprint in self._rejected else FoundKey(key, found.where, found.other)

    def reject(self, key: ApiKey) -> None:
        """This key is not used in this run: the platform did not accept it, or a person gives another one."""
        self._rejected.add(key.fingerprint)
        if self._typed == key:
            self._typed = None

    def keep(self, key: ApiKey) -> None:
        """Use a typed key for the rest of this run."""
        self._typed = key

    # The platform

    def endpoint(self, facts: Mapping[str, Any]) -> Endpoint:
        """Where requests go. Raises UsageError for a host that may not see the key."""
        from wizard.bailian import endpoints

        region = facts.get("key.region") or self.named("DASHSCOPE_REGION") or endpoints.DEFAULT_REGION
        # An answer counts also where it is empty: then nothing is looked up, not even in a .env that can't be read.
        workspace = facts["key.workspace"] if "key.workspace" in facts else self.named("DASHSCOPE_WORKSPACE")
        if self.sandbox:
            return endpoints.Endpoint(self._sandbox_url() + "/api/v1", SANDBOX_REGION, workspace)
        if url := self.environ.get("DASHSCOPE_HTTP_BASE_URL"):
            return endpoints.endpoint_at(
                url, region_code=region, workspace=workspace, allow_any=self._allow_endpoint
            )
        return endpoints.endpoint(region, workspace)

    def named(self, name: str) -> str:
        """What the environment, else ``.env``, says under ``name``; empty where neither does."""
        from wizard.local import envfile

        found = envfile.look_up(self.environ, self.env_path, name)
        return found.value.strip() if found is not None else ""

    def check_region(self) -> None:
        """Raise UsageError where the environment or ``.env`` names a region that there isn't."""
        if REGION_NAME not in self.environ and not os.path.lexists(self.env_path):
            return  # as at a first start, whose first question doesn't wait for what reads either
        from wizard.bailian import endpoints
        from wizard.local import envfile

        try:
            found = envfile.look_up(self.environ, self.env_path, REGION_NAME)
        except UsageError:  # a .env that can't be read is told where the key is looked for
            return
        if found is None or not found.value.strip():
            return
        try:
            endpoints.region(found.value.strip())
        except UsageError as unknown:
            where = _("the environment") if found.where == "environment" else found.where
            named = _("{text} ({aside})").format(text=REGION_NAME, aside=where)
            unknown.message = _("{title}: {line}").format(title=named, line=unknown.message)
            raise

    @property
    def custom_endpoint(self) -> bool:
        """Whether the environment sends requests elsewhere than to the region's own host."""
        return not self.sandbox and bool(self.environ.get("DASHSCOPE_HTTP_BASE_URL"))

    def platform(self, facts: Mapping[str, Any], key: ApiKey | None = None) -> Platform:
        """The platform for these facts with ``key``, or with the key in use.

        Raises NoKey where there is none, and UsageError where one is there that can't be one; both lead a person to
        the question for a key.
        """
        if key is None:
            key = self._key_in_use()
        with self._making:  # more than one thread asks
            where = self.endpoint(facts)
            identity = (where.base_url, where.workspace, key.fingerprint)
            if self._platform is None or self._platform[0] != identity:
                from wizard.bailian.client import Bailian

                self._platform = (identity, Bailian(where, key))
            return self._platform[1]

    def _key_in_use(self) -> ApiKey:
        try:
            found = self.found_key()
        except UsageError as unusable:
            unusable.remedies = (_ask_for_key(),)
            raise
        if found is not None:
            return found.key
        missing = NoKey(
            _("There is no API key: neither {name} in the environment nor a .env file with it.").format(
                name=KEY_NAME
            )
            if not self._rejected
            else _(
                "There is no other API key: neither {name} in the environment nor a .env file with it."
            ).format(name=KEY_NAME),
            put_key(),
            keys=(KEY_NAME,),
        )
        missing.remedies = (_ask_for_key(),)
        raise missing

    @contextmanager
    def keyed(self) -> Iterator[None]:
        """Where the platform doesn't accept the key within, a person is led to the question for another one."""
        try:
            yield
        except PlatformError as refused:
            if refused.status == UNAUTHORIZED:
                refused.hint = joined(refused.hint, put_key())
                refused.remedies = (Remedy(_("Use another key"), KEY_ANSWER), *refused.remedies)
            raise

    @property
    def poll_seconds(self) -> float:
        """How often to look at a job: the platform's limit for these calls is unknown, so at most every ten seconds."""
        return 0.5 if self.sandbox else 10.0

    def _sandbox_url(self) -> str:
        if self._running is None:
            from wizard import sandbox

            self._running = sandbox.start(self.state / "platform")
        return self._running.url

    def close(self) -> None:
        """End what this run started."""
        if self._running is not None:
            self._running.close()
            self._running = None


def put_key() -> str:
    """Where a key can be given besides the question for it."""
    return _("Put {name} into the environment, or into .env in this folder.").format(name=KEY_NAME)


def _ask_for_key() -> Remedy:
    return Remedy(_("Give the key here"), KEY_ANSWER)
