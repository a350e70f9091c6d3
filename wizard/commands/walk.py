"""Walking through the steps: with a person (the wizard), unattended (``run``), or up to the review only (``plan``)."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from wizard import flow, process
from wizard.commands import welcome
from wizard.engine.run import Given, Run
from wizard.engine.session import Session
from wizard.engine.step import NOTHING, Facts, Front, Quit
from wizard.errors import INTERRUPTED, UsageError
from wizard.local.harmless import escaped
from wizard.local.redaction import shown, throughout
from wizard.locale import _
from wizard.steps.world import World


def wizard(world: World, front: Front, given: Mapping[str, Given], *, new: bool) -> int:
    """The eight steps with a person; goes on from where the last start ended. Returns the exit code."""
    with Session.open(world.state) as session:
        if new:
            welcome.put_away(session, front)
        world.session_id = session.id
        run = Run(flow.steps(world), session, front, given)
        try:
            welcome.begin(run, world)
            _through(run, to_the_end=True)
        except Quit as leaving:
            front.say("")
            if leaving.farewell:
                front.say(leaving.farewell)
            front.say(_("Everything is saved. Go on with: {command}").format(command=_command(world)))
            return INTERRUPTED
        return exit_code(run.facts)


def _through(run: Run, *, to_the_end: bool) -> None:
    """Everything before the review first, so that an answer nobody used is said before money is spent."""
    if not run.sealed:
        run.go(before="review")
        if unused := [key for key in run.unused if key != "review.approval"]:
            raise UsageError(
                _("These answers fit no question of this run: {keys}").format(keys=", ".join(unused)),
                _("Remove them, or change the answers that they depend on."),
            )
    run.go(before="" if to_the_end else "watch")


def unattended(
    world: World, front: Front, given: Mapping[str, Given], *, watch: bool, new: bool, as_json: bool
) -> int:
    """``run``: no questions. Ends once the job is created, or with ``watch`` once it has ended."""
    with Session.open(world.state) as session:
        if new:
            welcome.put_away(session, front)
        world.session_id = session.id
        _tell_if_foreign(session, front)
        run = Run(flow.steps(world), session, front, given)
        code = None
        try:
            _through(run, to_the_end=watch)
        except Quit as leaving:  # the job that is watched goes on
            front.say(leaving.farewell)
            code = INTERRUPTED
        if as_json:
            print_json(result(run, world))
        return exit_code(run.facts) if code is None else code


def plan(world: World, front: Front, given: Mapping[str, Given], *, as_json: bool) -> int:
    """``plan``: everything up to the review; sends nothing but the key's proof. Prints the plan and its digest."""
    from wizard.steps.review import Review, plan_of
    from wizard.ui.lines import text_of

    with Session.open(world.state) as session:
        world.session_id = session.id
        _tell_if_foreign(session, front)
        run = Run(flow.steps(world), session, front, given)
        if run.sealed:
            raise UsageError(
                _("The job of this session has been created; there is nothing left to plan."),
                _("Plan another one after putting this session away with --new."),
            )
        run.go(before="review")
        planned = plan_of(run.facts, world)
        if as_json:
            items = [
                {"key": item.key, "label": item.label, "value": item.value, "shown": item.shown}
                for item in planned.items
            ]
            print_json({"digest": planned.digest, "plan": items, "estimate": run.facts["training.estimate"]})
            return 0
        for line in text_of(Review(world).whole(run.facts)):
            process.result(line)
        process.result(_("digest: {digest}").format(digest=planned.digest))
        return 0


def _tell_if_foreign(session: Session, front: Front) -> None:
    if session.foreign:
        front.say(welcome.said_of_foreign(session), "warn")
        front.say(_("To take it over: bailian-wizard sessions trust"), "dim")


def schema() -> int:
    """``schema``: every answer as JSON Schema."""
    from wizard.bailian.hyperparameters import HYPERPARAMETERS
    from wizard.commands.answers import keys
    from wizard.data.parts import MAX_PART_SIZE
    from wizard.steps.preview import LEAST_PART, MB

    types = {"integer": "integer", "number": "number"}
    known = {f"training.{parameter.name}": parameter for parameter in HYPERPARAMETERS}
    properties: dict[str, Any] = {}
    for key in keys():
        entry: dict[str, Any] = {"type": "string"}
        if parameter := known.get(key):
            entry = {
                "type": "string" if parameter.as_text else types.get(parameter.kind, "string"),
                "description": parameter.why(),
            }
            if parameter.choices:
                entry["enum"] = list(parameter.choices)
            if parameter.low is not None and parameter.high is not None and not parameter.as_text:
                low, high = (
                    ("exclusiveMinimum", "exclusiveMaximum")
                    if parameter.open_ends
                    else ("minimum", "maximum")
                )
                entry |= {low: parameter.low, high: parameter.high}
        properties[key] = _or_nothing(entry) if parameter and not parameter.sent else entry
    properties["preview.part_size"] = {
        "type": "integer",
        "minimum": LEAST_PART,
        "maximum": MAX_PART_SIZE // MB,
    }
    properties["training.budget"] = _or_nothing({"type": "number", "exclusiveMinimum": 0})
    properties["key.save"] = {"type": "boolean"}
    print_json(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Answers of bailian-wizard",
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
        }
    )
    return 0


def _or_nothing(entry: dict[str, Any]) -> dict[str, Any]:
    """An answer that may be none."""
    return {"anyOf": [entry, {"const": NOTHING}]}


def result(run: Run, world: World) -> dict[str, Any]:
    """What ``run --json`` prints: one object, whatever was done in this start or before."""
    facts = run.facts
    return {
        "session": run.session.id,
        "sandbox": world.sandbox,
        "digest": facts.get("review.approval"),
        "estimate": facts.get("training.estimate"),
        "files": facts.get("upload.files", []),
        "job": {"id": facts.get("job.id"), **facts.get("watch.result", {})},
    }


def exit_code(facts: Facts) -> int:
    """0, or 1 where the job was followed to an end that is not success."""
    watched = facts.get("watch.result")
    return 0 if watched is None or watched["status"] == "SUCCEEDED" else 1


def print_json(value: Any) -> None:
    """One JSON object on standard output; no key is in it, whoever wrote it, and nothing that a terminal obeys."""
    with process.results():
        sys.stdout.write(escaped(json.dumps(throughout(value, shown), ensure_ascii=False, indent=2)) + "\n")


def _command(world: World) -> str:
    return "bailian-wizard --sandbox" if world.sandbox else "bailian-wizard"
