"""Step 3: the API key: found or asked for, proved with a read that costs nothing, then kept in ``.env``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from wizard.engine.step import Answer, Choice, Facts, Field, Step, Work
from wizard.engine.view import Text, View
from wizard.errors import Refused, Remedy, UsageError, WizardError
from wizard.locale import _, enumerated, joined
from wizard.steps import account, permission
from wizard.steps.facts import Proof
from wizard.steps.help import about
from wizard.steps.world import KEY_ANSWER, KEY_NAME, UNAUTHORIZED, FoundKey, World

if TYPE_CHECKING:
    from wizard.bailian.apikey import ApiKey

OTHER = "other"


def _workspace_problem(text: str) -> str | None:
    from wizard.bailian import endpoints

    try:
        endpoints.check_workspace(text)
    except UsageError as problem:
        return problem.message
    return None


REGION = Answer(
    key="key.region",
    kind="choice",
    name=lambda: _("Region"),
    help=lambda: about("key.region"),
    public=True,
    schema=lambda: {"enum": _regions()},
)
WORKSPACE = Answer(
    key="key.workspace",
    kind="text",
    name=lambda: _("Workspace ID"),
    help=lambda: about("key.workspace"),
    check=_workspace_problem,
)
# The rest is not in the plan: the key that is used is there by its fingerprint, and where it is kept concerns this computer.
TRACKED = Answer(
    key="key.tracked",
    kind="choice",
    name=lambda: _("Use of a key that may be somebody else's"),
    help=lambda: about("key.tracked"),
    public=True,
    in_plan=False,
)
VALUE = Answer(
    key=KEY_ANSWER, kind="secret", name=lambda: _("Key"), help=lambda: about("key.value"), in_plan=False
)
SAVE = Answer(
    key="key.save",
    kind="choice",
    name=lambda: _("Key kept in .env"),
    help=lambda: about("key.save"),
    public=True,
    schema=lambda: {"type": "boolean"},
    in_plan=False,
)


class Key(Step):
    """Leaves behind where the key is and its fingerprint; never the key."""

    id: ClassVar[str] = "key"
    gives: ClassVar[tuple[str, ...]] = ("key.proof",)

    def __init__(self, world: World) -> None:
        self._world = world
        self._trouble = ""
        self._doubts: dict[str, str] = {}  # a key's fingerprint -> why it may be somebody else's

    @classmethod
    def answers(cls) -> Sequence[Answer]:
        """Where requests go, with which key, and where that is kept."""
        return (REGION, WORKSPACE, TRACKED, VALUE, SAVE)

    def title(self) -> str:
        """As on the screen."""
        return _("API key")

    def fields(self, facts: Facts) -> Sequence[Field]:
        """Region and workspace, which choose the endpoint; the key where none is found; whether to keep it."""
        from wizard.bailian import endpoints

        region = REGION.ask(
            label=_("In which region is your Bailian workspace?"),
            default=self._named("DASHSCOPE_REGION") or endpoints.DEFAULT_REGION,
            choices=tuple(Choice(region.code, region.name(), region.note()) for region in endpoints.REGIONS),
            quiet=True,
        )
        workspace = WORKSPACE.ask(
            label=_("Workspace ID (empty: the default workspace of the key)"),
            default=self._named("DASHSCOPE_WORKSPACE"),
            quiet=True,
        )
        found = self._found(facts)
        doubtful = self._doubtful(facts)
        asked = VALUE.ask(
            label=_("Paste your API key"),
            why=_("Get one at {url}. It is not shown, and it is checked before it is saved.").format(
                url=endpoints.console_keys(facts.get("key.region") or endpoints.DEFAULT_REGION)
            ),
            check=_key_problem,
            elsewhere=KEY_NAME,
        )
        save = SAVE.ask(
            label=_("Keep the key in .env in this folder, readable by you only?"),
            default=True,
            choices=(
                Choice(True, _("Yes, so that I need not type it again")),
                Choice(False, _("No, only for this run")),
            ),
            quiet=found is not None,
        )
        undecided = doubtful is not None and not found and facts.get("key.tracked") != OTHER
        return (
            region,
            workspace,
            *((doubtful,) if doubtful else ()),
            *(() if found or undecided else (asked,)),
            save,
        )

    def _doubtful(self, facts: Facts) -> Field | None:
        """The question whether to use a key that came with the folder. The answer names the key, so it holds for no other."""
        key = self._key_in_env()
        doubt = self._doubt(key) if key is not None else ""
        if key is None or not doubt:
            return None
        workspace = facts.get("key.workspace") or self._named("DASHSCOPE_WORKSPACE")
        where = _("{key} (workspace {workspace})").format(key=key.masked, workspace=workspace)
        return TRACKED.ask(
            label=_(
                "The key {key} may be somebody else's, since {reason}. With it your rows go to its account, and its owner "
                "pays. Use it?"
            ).format(key=where if workspace else key.masked, reason=doubt),
            choices=(
                Choice(OTHER, _("No, I give another key")),
                Choice(key.fingerprint, _("Yes, use {key}").format(key=key.masked)),
            ),
        )

    def _key_in_env(self) -> ApiKey | None:
        """The key of ``.env``, where it is the one that would be used if none were typed."""
        from wizard.bailian.apikey import ApiKey
        from wizard.local import envfile

        if self._world.sandbox:
            return None
        try:
            found = envfile.look_up(self._world.environ, self._world.env_path, KEY_NAME)
            return ApiKey.clean(found.value) if found is not None and found.where == ".env" else None
        except UsageError:  # _found tells
            return None

    def _doubt(self, key: ApiKey) -> str:
        """Why ``key``, which is in ``.env``, may be somebody else's; empty where nothing says so. Git is asked once a run."""
        if key.fingerprint not in self._doubts:
            self._doubts[key.fingerprint] = _whose(self._world.env_path)
        return self._doubts[key.fingerprint]

    def view(self, facts: Facts) -> View | None:
        """Why a key that was found can't be used, and what in .env was not obeyed, if so."""
        self._found(facts)
        told = [self._trouble] if self._trouble else []
        if not self._world.sandbox:
            told += _remarks_on(self._world.env_path)
        return View(tuple(Text(line, "warn") for line in told)) if told else None

    def perform(self, work: Work) -> Mapping[str, Any]:
        """Prove the key, then keep it if wanted. A key that is not accepted is never saved."""
        found = self._typed_or_found(work)
        facts = work.facts
        with work.front.progress(_("Preparing the connection"), None, "seconds"):
            platform = self._world.platform(facts, found.key)
        try:
            with work.front.progress(
                _("Checking the key at {host}").format(host=platform.endpoint), None, "seconds"
            ):
                platform.prove_key()
        except Refused as refused:
            self._explain(refused, found, facts)
            raise
        self._world.keep(found.key)
        where = found.where
        if where == "typed" and facts["key.save"]:
            where = self._save(work, found)
        if found.other:
            work.front.say(
                _("The environment's {name} is used; the one in .env is another one.").format(name=KEY_NAME),
                "warn",
            )
        proof = Proof(
            where=where,
            shown=found.key.masked,
            fingerprint=found.key.fingerprint,
            endpoint="sandbox" if self._world.sandbox else platform.endpoint,
        )
        permission.ask_all({**facts, Proof.KEY: proof.as_json()}, self._world, work.front)
        return {Proof.KEY: proof.as_json()}

    def _explain(self, refused: Refused, found: FoundKey, facts: Facts) -> None:
        """Tell a wrong region from a wrong key, and offer what can be done about either."""
        from wizard.bailian import endpoints
        from wizard.bailian.client import accepting_regions

        remedies = [
            Remedy(_("Choose another region"), "key.region"),
            Remedy(_("Give a workspace ID"), "key.workspace"),
        ]
        if refused.status == UNAUTHORIZED:
            official = not self._world.sandbox and not self._world.custom_endpoint
            codes = accepting_regions(found.key, besides=facts["key.region"]) if official else ()
            for code in codes:
                name = endpoints.region(code).name()
                remedies.insert(
                    0,
                    Remedy(
                        _("The key belongs to {region}: use that region").format(region=name),
                        "key.region",
                        code,
                    ),
                )
            if not codes:
                self._world.reject(found.key)
                remedies.insert(0, Remedy(_("Use another key"), "key.value"))
        refused.remedies = tuple(remedies)

    def verify(self, facts: Facts) -> str | None:
        """The key must still be where it was, and be the one that was proved."""
        found = self._found(facts)
        if found is None:
            return _("the key is not there any more")
        proof = Proof.of(facts)
        if found.key.fingerprint != proof.fingerprint:
            return _("another key than before is there; it is checked again")
        for answer, field in zip((REGION, WORKSPACE), self.fields(facts), strict=False):
            before, now = facts.get(field.key), field.default
            if (
                facts.sources.get(field.key) == "default" and before != now
            ):  # what nobody chose follows the default
                return _("{name}: it was {before}, and is {now}; the key is checked again").format(
                    name=answer.name(), before=before or _("none"), now=now or _("none")
                )
        endpoint = "sandbox" if self._world.sandbox else self._world.endpoint(facts).base_url
        if endpoint != proof.endpoint:
            return _("requests go to another address than before: {url}").format(url=endpoint)
        return None

    def made(self) -> str:
        """As in the list of what an edit makes new."""
        return _("the key's proof")

    def reopened(self, key: str) -> None:
        """A key that is there is not used any more, where a person wants to give another one."""
        if key == VALUE.key and (found := self._found(Facts())) is not None:
            self._world.reject(found.key)

    def line(self, facts: Facts) -> str:
        """The masked key and where it lies now; where it isn't the one that was proved, both."""
        proof = Proof.of(facts)
        if proof.where == "sandbox":
            return _("a practice key of the sandbox; no real key is needed")
        try:
            found, now = self._world.found_key(), account.here(facts, self._world)
        except UsageError as unusable:
            return joined(_("made with {key}.").format(key=proof.shown), unusable.message)
        if found is None:
            line = _("made with {key}, which is not there any more").format(key=proof.shown)
        elif found.key.fingerprint != proof.fingerprint:
            line = _("made with {then}; the key here is {now} {where}").format(
                then=proof.shown, now=found.key.masked, where=self._place(found)
            )
        else:
            line = f"{proof.shown} {self._place(found)}"
        then = account.made_with(facts)
        if self._world.custom_endpoint or (then is not None and now.address != then.address):
            line += " · " + _("requests go to {url}").format(url=now.address)
        return line

    def _place(self, found: FoundKey) -> str:
        """Where the key lies; one that was typed, where it is kept."""
        from wizard.local import envfile

        where = found.where
        if where == "typed":
            with suppress(UsageError):  # a .env that can't be read keeps nothing
                kept = envfile.read(self._world.env_path).values.get(KEY_NAME, "")
                where = ".env" if kept.strip() == found.key.reveal() else where
        return {
            "environment": _("from the environment"),
            ".env": _("in .env"),
            "typed": _("for this run only"),
        }[where]

    def _named(self, name: str) -> str:
        try:
            return self._world.named(name)
        except UsageError:  # a .env that can't be read: _found tells
            return ""

    def _found(self, facts: Facts) -> FoundKey | None:
        """The key to use: one that may be somebody else's only where the user said so."""
        self._trouble = ""
        try:
            found = self._world.found_key()
        except UsageError as trouble:
            self._trouble = joined(trouble.message, trouble.hint)
            return None
        if found is None or found.where != ".env" or facts.get("key.tracked") == found.key.fingerprint:
            return found
        return None if self._doubt(found.key) else found

    def _typed_or_found(self, work: Work) -> FoundKey:
        from wizard.bailian.apikey import ApiKey

        typed = work.secret("key.value")
        if typed:
            return FoundKey(ApiKey.clean(typed), "typed")
        found = self._found(work.facts)
        if found is None:
            raise UsageError(
                _("There is no API key: neither {name} in the environment nor a .env file with it.").format(
                    name=KEY_NAME
                )
            )
        return found

    def _save(self, work: Work, found: FoundKey) -> str:
        """Where the key is now; a .env that can't be written is said and stops nothing."""
        from wizard.local import envfile

        try:
            saved = envfile.save(self._world.env_path, KEY_NAME, found.key.reveal())
        except WizardError as trouble:
            work.front.say(
                _("The key works, but it could not be saved: {reason}").format(reason=trouble.message), "warn"
            )
            work.front.say(trouble.hint, "dim")
            return "typed"
        for note in saved.notes:
            work.front.say(note, "dim")
        return ".env"


def _regions() -> list[str]:
    from wizard.bailian import endpoints

    return [region.code for region in endpoints.REGIONS]


def _whose(path: Path) -> str:
    """Why the key in the ``.env`` at ``path`` may be somebody else's; empty where nothing says so."""
    from wizard.local import envfile, worktree

    if envfile.read(path).theirs:
        return _("{path} belongs to another user").format(path=path.name)
    if "tracked" in (worktree.standing(path), worktree.standing(path.resolve())):
        return _("git tracks {path}").format(path=path.name)
    return ""


def _remarks_on(path: Path) -> list[str]:
    from wizard.local import envfile, worktree

    try:
        found = envfile.read(path)
    except UsageError:  # told by whoever needed what is in it
        return []
    remarks = []
    if found.values.get(KEY_NAME):
        if found.open:
            remarks.append(
                _("Other users of this computer can open {path}. To shut it: chmod 600 {path}").format(
                    path=path.name
                )
            )
        if worktree.standing(path) == "tracked":
            remarks.append(
                _(
                    "git tracks {path}, so the key in it is in the next commit. To stop that: git rm --cached {path}"
                ).format(path=path.name)
            )
    if found.ignored:
        remarks.append(
            _(
                "{path} sets {names}. They could send your key elsewhere, so they are not obeyed there."
            ).format(path=path.name, names=enumerated(found.ignored))
        )
    if found.unreadable_lines:
        lines = enumerated(map(str, found.unreadable_lines))
        remarks.append(_("{path} has lines that can't be read: {lines}").format(path=path.name, lines=lines))
    return remarks


def _key_problem(text: str) -> str | None:
    from wizard.bailian.apikey import ApiKey

    try:
        ApiKey.clean(text)
    except UsageError as problem:
        return joined(problem.message, problem.hint)
    return None
