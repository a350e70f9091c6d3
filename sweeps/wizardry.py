"""Owns the model: what can happen to a wizard, and what must hold after each of it."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bailian_server import Server
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sandbox_fixture import NATIVE

from sweeps.journey import PLATFORMS, STARTS, Journey, rows
from sweeps.proxy import CREATIONS
from sweeps.sitting import VARIANTS, Crash, Fuse, FusedSession, FusedWorld, Memory, Paused, Somebody, opened
from sweeps.unsteady import FATES, LISTS, Fate, Unsteady
from sweeps.walker import GO_ON
from wizard import flow
from wizard.commands import welcome
from wizard.engine.run import Run
from wizard.engine.session import Session
from wizard.engine.step import Back, Edit, Quit
from wizard.errors import SessionBusy, WizardError
from wizard.steps.estimate import sent_parameters

SERVERS: list[Server] = []
"""The one that this process's requests go to."""


class Wizardry(RuleBasedStateMachine):
    """What can happen, and what must hold after each of it."""

    def __init__(self) -> None:
        super().__init__()
        self.closing = ExitStack()
        folder = Path(self.closing.enter_context(TemporaryDirectory(prefix="sweep-model-")))
        self.journey = Journey(folder, PLATFORMS.mine(0.0, 1.0).url)
        (self.journey.folder / "other.jsonl").write_text(rows(30, f"other {folder.name}"), "utf-8")
        self.way = Unsteady(self.journey.url)
        (server,) = SERVERS
        server.route = self.way.route
        self.journey.way = server.url.removesuffix(NATIVE)
        self.memory = Memory()
        self.sessions: set[str] = set()
        self.run: Run | None = None
        self.somebody: Somebody
        self.session: FusedSession
        self.world: FusedWorld
        self.sound = True

    # What can happen

    @rule(answers=st.integers(1, 12), data=st.data())
    def answer(self, answers: int, data: st.DataObject) -> None:
        """Some questions are answered; the next one is looked at."""
        self.go(data, answers, Paused())

    @rule(data=st.data())
    def go_through(self, data: st.DataObject) -> None:
        """All questions are answered."""
        self.go(data, math.inf, Paused())

    @rule(answers=st.integers(0, 3), again=st.integers(0, 12), data=st.data())
    def back(self, answers: int, again: int, data: st.DataObject) -> None:
        """One question back, then on."""
        self.go(data, answers, Back())
        self.go(data, again, Paused())

    @rule(key=st.sampled_from(sorted(VARIANTS)), again=st.integers(0, 12), data=st.data())
    def edit(self, key: str, again: int, data: st.DataObject) -> None:
        """An earlier answer is changed, then on."""
        self.go(data, 0, Edit(key))
        self.go(data, again, Paused())

    @rule(answers=st.integers(0, 12), data=st.data())
    def leave(self, answers: int, data: st.DataObject) -> None:
        """Save and leave at a question."""
        self.go(data, answers, Quit())

    @rule(ticks=st.integers(0, 80), data=st.data())
    def crash(self, ticks: int, data: st.DataObject) -> None:
        """The process ends somewhere on its way."""
        self.go(data, math.inf, Paused(), Fuse(ticks))

    @precondition(lambda self: self.run is not None)
    @rule()
    def vanish(self) -> None:
        """The process ends at a question."""
        self.close()

    @rule(endpoint=st.sampled_from(CREATIONS), fate=st.sampled_from(FATES), requests=st.integers(0, 40))
    def lose(self, endpoint: str, fate: Fate, requests: int) -> None:
        """The next creation doesn't go well."""
        self.way.lose(endpoint, fate, requests)

    @rule(endpoint=st.sampled_from(sorted(LISTS)))
    def fail(self, endpoint: str) -> None:
        """The next look fails."""
        self.way.fail(endpoint)

    @rule(looks=st.integers(0, 6))
    def lag(self, looks: int) -> None:
        """What is created can't be seen at once."""
        self.way.lag(looks)

    @rule()
    def arrive(self) -> None:
        """What was under way arrives."""
        self.way.arrive()

    @precondition(lambda self: self.run is not None)
    @rule()
    def second(self) -> None:
        """Another wizard in the same folder is kept out."""
        try:
            opened(self.journey.folder, self.journey.environment())
        except SessionBusy:
            return
        raise AssertionError("a second wizard is at work")

    # What must hold

    @invariant()
    def holds(self) -> None:
        """Nothing that nobody said yes to, nothing twice, nothing lost."""
        self.sound = False
        files, jobs = self.journey.files(), self.journey.jobs()
        content = {file["file_id"]: file["md5"] for file in files}
        self._jobs_confirmed(content, jobs)
        self._files_confirmed(files)
        self._jobs_known(jobs)
        self._answers_kept()
        self.sound = True

    def _jobs_confirmed(self, content: dict[str, str], jobs: Sequence[Any]) -> None:
        """Each job is exactly what stood there when yes was typed, one a yes; but for those wanted again."""
        yeses = Counter(_planned(facts) for facts in self.memory.yeses)
        requests = [request.json() for request in self.way.creations if "fine-tunes" in request.target]
        assert len(requests) == len(jobs), "more jobs than requests"
        wanted = Counter(_requested(request, content) for request in requests)
        again = self._agains("job")
        for plan, count in wanted.items():
            assert plan in yeses, f"nobody said yes to {plan}"
            assert count <= min(yeses[plan], len(self.sessions)) + again, f"{count} times {plan}"

    def _files_confirmed(self, files: Sequence[Any]) -> None:
        yeses = {md5 for facts in self.memory.yeses for md5 in _sent(facts)}
        for (name, md5), count in Counter((file["name"], file["md5"]) for file in files).items():
            assert md5 in yeses, f"nobody said yes to {name}"
            # A new session can't see what an earlier one sent and what isn't listed yet.
            allowed = len(self.sessions) if self.way.shaken else 1
            assert count <= allowed + self._agains(name), f"{name} is there {count} times"

    def _jobs_known(self, jobs: Sequence[Any]) -> None:
        """In the session, in one that was put away, on the screen, or looked for at the next start."""
        state = self.journey.folder / ".wizard"
        current = Session.peek(state)
        known = [*Session.put_away(state), *([current] if current else [])]
        effects = [effect for session in known for effect in session.effects.values() if effect.kind == "job"]
        ids = {effect.receipt["id"] for effect in effects if effect.receipt}
        said = self.memory.screen.getvalue()
        unknown = [job["job_id"] for job in jobs if job["job_id"] not in ids and job["job_id"] not in said]
        looked_for = any(effect.state == "sent" for effect in effects)
        assert len(unknown) <= looked_for + self._agains("job"), f"known to nobody: {unknown}"

    def _answers_kept(self) -> None:
        path = self.journey.folder / ".wizard" / "session.json"
        if not path.exists():
            assert not self.memory.answers, f"lost: {sorted(self.memory.answers)}"
            return
        session = Session.peek(path.parent)
        assert session is not None, "the session can't be read"
        for key, (value, _needs) in self.memory.answers.items():
            assert key in session.facts, f"lost: {key}"
            assert session.facts[key].value == value, f"{key}: {session.facts[key].value} and not {value}"

    def _agains(self, what: str) -> int:
        return sum(f"the upload of {what} " in question or (what == "job" and "the job " in question)
                   for question in self.memory.agains)  # fmt: skip

    # How it happens

    def go(
        self, data: st.DataObject | None, answers: float, then: BaseException, fuse: Fuse | None = None
    ) -> None:
        """Start the wizard unless it stands at a question; it goes on until ``then``, or its end."""
        self.sound = False

        def choose(among: Sequence[Any]) -> Any:
            return data.draw(st.sampled_from(among)) if data is not None else _steadily(among)

        starting = self.run is None
        if starting:
            self.session, self.world = opened(self.journey.folder, self.journey.environment())
            self.somebody = Somebody(self.memory, self.session, choose)
            self.run = Run(flow.steps(self.world), self.session, self.somebody)
        assert self.run is not None
        self.session.fuse = self.world.fuse = fuse or Fuse()
        self.somebody.sit(choose, answers, then)
        try:
            if starting:
                welcome.begin(self.run, self.world)
            self.run.go()
        except Paused:
            pass
        except (Crash, Quit):
            self.close()
        except WizardError as error:
            self.memory.screen.write(f"{error.message}\n{error.hint}\n")
            self.close()
        else:
            self.close()
        finally:
            self.sessions.add(self.session.id)
        if self.run is not None:
            self.session.fuse = self.world.fuse = Fuse()

    def close(self) -> None:
        """Nothing is left but what is on the disk."""
        self.run = None
        self.session.close()
        self.world.close()

    def teardown(self) -> None:
        """With all well again, the next starts end with a job that is known; a request that was lost is wanted again."""
        try:
            if self.sound:
                self._end_well()
        finally:
            if self.run is not None:
                self.close()
            self.closing.close()

    def _end_well(self) -> None:
        self.way.settle()
        if self.run is not None:
            self.close()
        for _ in range(2 * STARTS):
            self.go(None, math.inf, Paused())
            self.holds()
            if "job.id" in self.journey.facts():
                break
        else:
            raise AssertionError(f"stuck: {self.memory.screen.getvalue()[-2000:]}")
        assert self.journey.facts()["job.id"] in [job["job_id"] for job in self.journey.jobs()]
        assert not self.journey.temporary(), self.journey.temporary()


def _steadily(among: Sequence[Any]) -> Any:
    """Goes on; takes what is found; sends again what is not."""
    found = [value for value in among if str(value).startswith(("ft-", "file-"))]
    return next((value for value in (GO_ON, "retry", *found, "again") if value in among), among[0])


def _planned(facts: Any) -> str:
    """What a yes was given to, as it goes out."""
    settings = {name: facts[f"training.{name}"] for name in ("model", "type", "job_name")}
    files = [sorted(_sent(facts, role)) for role in ("train", "validation")]
    return json.dumps([*settings.values(), sent_parameters(facts), *files], sort_keys=True)


def _requested(request: dict[str, Any], content: dict[str, str]) -> str:
    named = [request[name] for name in ("model", "training_type", "job_name")]
    files = [
        sorted(content[file] for file in request.get(f"{role}_file_ids") or ())
        for role in ("training", "validation")
    ]
    return json.dumps([*named, request["hyper_parameters"], *files], sort_keys=True)


def _sent(facts: Any, *roles: str) -> list[str]:
    return [
        file["md5"] for file in facts["preview.files"] if file["role"] in (roles or ("train", "validation"))
    ]
