"""Owns the rules of starting over: what is offered again, what is made anew, what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_fixture import Person, question, toy, walked

from wizard.engine.run import Run
from wizard.engine.session import Effect, Session
from wizard.engine.step import Step

ANSWERS = (("one.q", "a"), ("two.q", "b"))


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A new session."""
    with Session.open(tmp_path) as opened:
        yield opened


def steps() -> tuple[Step, ...]:
    return (
        toy("one", question("one.q"), question("one.p", default="p", quiet=True), gives=("one.r",)),
        toy("two", question("two.q"), needs=("one.r",), gives=("two.r",)),
        toy("job", needs=("two.r",), gives=("job.id",), seals="job:1"),
    )


def test_start_over_offers_every_answer_again(session: Session) -> None:
    """Every question comes again with its old answer offered, all results are made anew, and effects stay known."""
    walked(steps()[:2], session, *ANSWERS)
    session.enter(Effect("upload:1", "upload", "done", 0, receipt={"id": "f", "data": {}, "adopted": False}))
    Run(steps(), session, Person()).start_over()
    assert ({"one.q", "one.p", "two.q"}, ["upload:1"]) == (set(session.facts), list(session.effects))

    front = walked(steps()[:2], session, *ANSWERS)
    assert (["one.q", "two.q"], ["a", "b"]) == (front.asked, front.offered)


def test_start_over_outlives_a_stop(session: Session) -> None:
    """Stopped right after starting over, the next start asks the questions all the same."""
    walked(steps()[:2], session, *ANSWERS)
    Run(steps(), session, Person()).start_over()
    session.close()
    with Session.open(session.folder) as again:
        assert ["a", "b"] == walked(steps()[:2], again, *ANSWERS).offered


def test_a_new_session_with_these_answers_knows_no_effects(session: Session) -> None:
    """Behind the wall the old session is kept whole, and the new one has its answers only."""
    walked(steps()[:2], session, *ANSWERS)
    session.enter(Effect("job:1", "job", "done", 0, receipt={"id": "ft-1", "data": {}, "adopted": False}))
    run = Run(steps(), session, Person())
    assert run.sealed
    old = session.id
    kept = run.start_anew()
    assert (old, {}, False) == (kept.stem, session.effects, run.sealed)
    (away,) = Session.put_away(session.folder)
    assert (old, ["job:1"], "a") == (away.id, list(away.effects), away.known["one.q"])
    assert ["a", "b"] == walked(steps()[:2], session, *ANSWERS).offered
