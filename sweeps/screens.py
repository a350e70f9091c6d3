"""Every screen of the wizard, how a start gets there in a real terminal, and what the next start shows."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox_fixture import call, create, rows, running, upload
from terminal import Terminal, environment

from sweeps import ROOT
from sweeps.journey import PLATFORMS

KEY = "sk-canary0sandbox0123456789abcdef"
WRONG_KEY = "sk-canarywrong0123456789"
UNFINISHED = "What next"
ROWS = 300_000  # enough for a conversion that can be seen at work
PATIENCE = 300.0

DATA = {"dataset.source": "datasets", "dataset.set": "taiwan", "dataset.validation": "dev"}
TRAINING = {"training.model": "qwen3-8b", "training.type": "efficient_sft"}
PLAN = {**DATA, **TRAINING}
OWN = {"dataset.source": "own.jsonl", "dataset.validation": "split"}

LOOKS = ("Does this look right", "enter")
ADJUST = ("recommended settings", "enter")
READ = ("about these rows", "enter")
PASTE = ("Paste your API key", KEY, "enter")
YES = ("Type yes to upload", "yes", "enter")
ALL = (LOOKS, READ, ADJUST)
TRAINS = "RUNNING|SUCCEEDED|PENDING|QUEUING"


@dataclass(frozen=True, slots=True)
class Screen:
    """A screen: the answers given before it, the questions answered on the way, what is seen of it, and of the next start.

    ``words``: of the command, where it is not the wizard. ``key``: whether one is in the environment. ``again``: it is
    one of a second start. ``work``: nothing is asked there; ``effect``: it is a request whose receipt is waited for.
    ``plain``: whether the plain front end has it by the same keys.
    """

    seen: str
    given: dict[str, str]
    on_the_way: tuple[tuple[str, ...], ...] = ()
    next: str = ""
    words: tuple[str, ...] = ()
    key: bool = True
    again: bool = False
    work: bool = False
    effect: str = ""
    plain: bool = False

    @property
    def asked(self) -> list[str]:
        """Questions on the way that the next start has no reason to put."""
        return [
            question for question, *keys in self.on_the_way if keys == ["enter"] and question not in self.next
        ]


SCREENS = {
    "source": Screen("Where is your data", {}, plain=True),
    "completing": Screen("  datasets/", {}, (("Where is your data", "clear", "data"),), "Where is your data"),
    "set": Screen("Which set of questions", {"dataset.source": "datasets"}, plain=True),
    "validation": Screen("checked against", {"dataset.source": "datasets", "dataset.set": "taiwan"}),
    "preview": Screen("Does this look right", DATA, plain=True),
    "prompt": Screen("begin with", DATA, (("Does this look right", "down", "enter"),), "Does this look right"),
    "unfinished": Screen(UNFINISHED, DATA, next="Does this look right", again=True, plain=True),
    "read": Screen("about these rows", DATA, (LOOKS,), plain=True),
    "key": Screen("Paste your API key", DATA, (LOOKS, READ), key=False, plain=True),
    "keep": Screen("Keep the key", DATA, (LOOKS, READ, PASTE), "Paste your API key", key=False),
    "error": Screen(
        "Use another key", DATA, (LOOKS, READ, ("Paste your API key", WRONG_KEY, "enter"), ("Keep the key", "enter")),
        "Paste your API key", key=False, plain=True,
    ),
    "model": Screen("Which model", DATA, (LOOKS, READ)),
    "type": Screen("How shall it be trained", {**DATA, "training.model": "qwen3-8b"}, (LOOKS, READ)),
    "settings": Screen("recommended settings", PLAN, (LOOKS, READ)),
    "line": Screen("What do you want to change", PLAN, (*ALL, ("Type yes to upload", "e")), "Type yes to upload"),
    "word": Screen("Type yes to upload", PLAN, ALL, plain=True),
    "converting": Screen("Converting own", OWN, (LOOKS,), "Converting own", work=True, plain=True),
    "uploading": Screen("Uploading", PLAN, (*ALL, YES), TRAINS, work=True, effect="upload", plain=True),
    "creating": Screen("Creating the job", PLAN, (*ALL, YES), TRAINS, work=True, effect="job", plain=True),
    "watching": Screen("RUNNING", PLAN, (*ALL, YES), TRAINS, work=True, plain=True),
    "jobs-cancel": Screen("Cancel ft-", {}, words=("jobs", "cancel", "{job}"), plain=True),
    "jobs-watch": Screen("RUNNING", {}, words=("jobs", "watch", "{job}"), work=True),
    "check": Screen("Checking own", {}, words=("check", "own.jsonl"), work=True),
    "convert": Screen("Converting own", {}, words=("convert", "own.jsonl", "out.jsonl"), work=True),
    "run": Screen("Converting own", OWN, words=("run", "--yes"), work=True),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """A folder with the samples, the environment of a wizard in it, and the platform that it talks to."""

    home: Path
    env: dict[str, str]
    url: str

    def start(self, *words: str) -> Terminal:
        """The program with ``words`` at a terminal."""
        return Terminal(words, self.home, env=self.env)

    def session(self) -> Any:
        """The session as it is on disk; an empty one where there is none."""
        try:
            return json.loads((self.home / ".wizard" / "session.json").read_bytes())
        except FileNotFoundError:
            return {"effects": [], "facts": {}}

    def jobs(self) -> list[dict[str, Any]]:
        """All that are on the platform."""
        return list(call(self.url, "GET", "/api/v1/fine-tunes?page_size=100").body["output"]["jobs"])


@contextmanager
def place(folder: Path, *, key: bool = True, own: bool = True, **options: Any) -> Iterator[Place]:
    """A place in ``folder``; its platform is one for many cases, unless ``options`` or ``own`` ask for another one."""
    home = folder / "home"
    shutil.copytree(ROOT / "datasets", home / "datasets")

    def on(url: str) -> Place:
        more = {"DASHSCOPE_API_KEY": KEY} if key else {}
        return Place(home, environment(home, DASHSCOPE_HTTP_BASE_URL=f"{url}/api/v1", **more), url)

    if own or options:
        with running(folder / "platform", **options) as sandbox:
            yield on(sandbox.url)
    else:
        yield on(PLATFORMS.mine(0.0, 1.0).url)


@contextmanager
def reached(screen: Screen, folder: Path, *, plain: bool) -> Iterator[tuple[Place, Terminal]]:
    """A terminal at which ``screen`` has just been shown; for an effect, its request has left."""
    more = {"commit_delay": 0.8} if screen.effect else {}
    with place(folder, key=screen.key, own=bool(screen.work or screen.words), **more) as here:
        words = [*screen.words, *(["--plain"] if plain else [])]
        words += [word for key, value in screen.given.items() for word in ("--set", f"{key}={value}")]
        if "own.jsonl" in (*screen.given.values(), *screen.words):
            write_rows(here.home / "own.jsonl")
        if "{job}" in words:
            job = create(here.url, upload(here.url, rows(1000)))
            words = [word.format(job=job) for word in words]
        if screen.again:
            with here.start(*words) as terminal:
                terminal.answer("Does this look right", "ctrl-c")
                terminal.end()
            words = [word for word in words if word == "--plain"]
        with here.start(*words) as terminal:
            for question, *keys in screen.on_the_way:
                terminal.answer(question, *keys)
            if screen.effect:
                until(lambda: (screen.effect, "sent") in effects(here))
            else:
                terminal.expect(screen.seen)
                if not screen.work:
                    terminal.settle()
            yield here, terminal


def effects(here: Place) -> list[tuple[str, str]]:
    """Kind and state of each effect of the session."""
    return [(effect["kind"], effect["state"]) for effect in here.session()["effects"]]


def until(true: Callable[[], bool]) -> None:
    """Look until it is true."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.002)


def write_rows(path: Path) -> None:
    """So many rows that reading them takes a while."""
    row = '{{"question": "Which number is {0}, of all the numbers there are?", "options": {{"A": "{0}", "B": "none"}}, "answer": "{0}", "answer_idx": "A"}}\n'
    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(row.format(number) for number in range(ROWS))
