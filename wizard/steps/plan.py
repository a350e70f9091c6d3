"""The plan: what will be done, where, with which bytes and settings, at which price; and the command that does the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from wizard.engine.plan import Item, Plan
from wizard.engine.step import Answer, Facts, written
from wizard.local.shell import command_line
from wizard.locale import _, ngettext
from wizard.steps import afterwards, permission
from wizard.steps.dataset import BY_SPLIT
from wizard.steps.estimate import cost_shown, price_of
from wizard.steps.facts import SENT_ROLES, Converted, Counted, Estimate, Proof
from wizard.steps.wording import bytes_shown, moment
from wizard.steps.world import World

if TYPE_CHECKING:
    from wizard.money.ledger import Spent

PLACE = ("key.region", "key.workspace")
"""Answers that have no line of their own: they are part of the platform's."""
JOB_NAME = "training.job_name"
KEPT = "key.save"
"""Not in the command: without questions no key is typed, and there is none to keep."""
BESIDES = ("cost", "tokens", JOB_NAME, "training.budget", "afterwards", "again")
"""Lines that don't make it another training: with the rest equal, it is the same once more."""


def plan_of(facts: Facts, world: World) -> Plan:
    """What will be done. Equal plans have equal digests; whatever changes what is sent or what it costs changes it."""
    items = [
        *_platform(facts, world),
        *_files(facts),
        *_system_prompt(facts),
        *_answers(facts, world),
        permission.item(facts, world),
        afterwards.item(facts),
        *_price(facts, world),
    ]
    earlier = world.ledger.on(_counting(items, ()).base)
    others = [one for one in earlier if one.session != world.session_id]
    planned = _counting(items, others)
    # This session's own: its approval of this very plan is not another time; one of an earlier wording of it is.
    mine = [one for one in earlier if one.session == world.session_id and one.approval != planned.digest]
    return _counting(items, [*mine, *others]) if mine else planned


def command(facts: Facts, plan: Plan, world: World) -> str:
    """The unattended command that does the same: every answer that somebody gave, and the name, which no other session has."""
    words = ["bailian-wizard", "run", "--yes", *(("--sandbox",) if world.sandbox else ())]
    for answer in _asked(facts, world):
        chosen = facts.sources.get(answer.key) in ("asked", "flag", "answers")
        if answer.key in facts and answer.key != KEPT and (chosen or answer.key == JOB_NAME):
            words += ["--set", f"{answer.key}={written(facts[answer.key])}"]
    return command_line([*words, "--approve", plan.digest])


def answered(facts: Facts, world: World) -> dict[str, Any]:
    """Every answer that makes this plan, by its key, whoever gave it."""
    return {one.key: facts[one.key] for one in _asked(facts, world) if one.key in facts and one.key != KEPT}


def _asked(facts: Facts, world: World, *, in_plan: bool = False) -> Iterator[Answer]:
    """The declared answers that these facts ask for, in order; those of the review, which is about the plan, left aside."""
    assert world.steps, "flow.steps makes them known"
    for step in world.steps:
        declared = {
            answer.key: answer
            for answer in step.answers()
            if (answer.in_plan if in_plan else answer.settable)
        }
        if declared:
            yield from (declared[field.key] for field in step.fields(facts) if field.key in declared)


def _answers(facts: Facts, world: World) -> Iterator[Item]:
    """A line for each answer that has no part in another one."""
    for answer in _asked(facts, world, in_plan=True):
        value = facts.get(answer.key)
        if answer.key in PLACE or (value is None and answer.unset is None):
            continue
        shown = answer.unset() if value is None and answer.unset else answer.shown(value)
        yield Item(answer.key, answer.name(), value, shown, edits=answer.key)


def _platform(facts: Facts, world: World) -> Iterator[Item]:
    proof = Proof.of(facts)
    place = _("the sandbox on this computer (simulated)") if world.sandbox else proof.endpoint
    where = "sandbox" if world.sandbox else proof.endpoint  # whose port is another one each time
    value = [where, proof.fingerprint, *(facts[key] for key in PLACE)]
    yield Item("platform", _("Platform"), value, place)
    yield Item("key", _("Key"), None, _("none is needed") if world.sandbox else proof.shown)


def _files(facts: Facts) -> Iterator[Item]:
    """A line for each file that is sent, by the digest of its bytes."""
    roles = {"train": _("Training data"), "validation": _("Validation data")}
    edits = {"train": "dataset.source", "validation": "dataset.validation"}
    for role in SENT_ROLES:
        files = [file for file in Converted.all(facts) if file.role == role]
        for number, file in enumerate(files, 1):
            shown = ngettext(
                "{name}, {rows:,} row, {size}", "{name}, {rows:,} rows, {size}", file.rows
            ).format(name=_both_names(file, facts), rows=file.rows, size=bytes_shown(file.size))
            # Each part has a key of its own: of lines with one key, only the last would count in the digest.
            key = role if number == 1 else f"{role}-{number}"
            label = roles[role]
            if len(files) > 1:
                label = _("{text} ({number} of {count})").format(text=label, number=number, count=len(files))
            value = [file.name, file.sha256, file.rows]
            yield Item(key, label, value, shown, edits=edits[role])
        if role == "validation" and not files:
            held_back = _("a tenth of the training rows")
            yield Item(role, roles[role], None, held_back, edits=edits[role])


def _both_names(file: Converted, facts: Facts) -> str:
    """A file's name on the platform, behind the user's own where it isn't to be recognised in it."""
    sources = [counted.source for counted in Counted.all(facts) if counted.role == file.role]
    own = PurePath(sources[0]).name if len(sources) == 1 else ""
    if PurePath(own).stem in file.name:
        return file.name
    return _("{own} (on the platform: {name})").format(own=own, name=file.name)


def _system_prompt(facts: Facts) -> Iterator[Item]:
    """What the rows that are sent begin with, as it was counted while they were written. Without a value: it shows in their bytes."""
    shown, changes = _begin_with(facts)
    edits = "preview.system_prompt" if changes else ""
    yield Item("system_prompt", _("System prompt"), None, shown, edits=edits)


def _begin_with(facts: Facts) -> tuple[str, bool]:
    """In words; and whether another answer would change it."""
    from wizard.data.converting.page import MOST_TEXTS

    counted = [entry.systems for entry in Counted.all(facts) if entry.role in SENT_ROLES]
    found = [one for one in counted if one is not None]
    if len(found) < len(counted):
        return _("not counted"), True  # a session of an earlier version
    put, own, none = (sum(getattr(one, name) for one in found) for name in ("put", "own", "none"))
    texts = len({text for one in found for text in one.texts})
    prompt = facts.get("preview.system_prompt", "")
    count = _("more than {count}").format(count=texts - 1) if texts >= MOST_TEXTS else f"{texts}"
    theirs = _("the rows' own")
    if texts > 1:
        theirs = _("the rows' own ({count} different)").format(count=count)
    parts = [(put, prompt), (own, theirs), (none, _("none"))]
    there = [(rows, words) for rows, words in parts if rows]
    if len(there) == 1:
        return there[0][1], not own
    shown = "; ".join(
        ngettext("in {rows:,} row: {words}", "in {rows:,} rows: {words}", rows).format(rows=rows, words=words)
        for rows, words in there
    )
    return shown, True


def _price(facts: Facts, world: World) -> Iterator[Item]:
    estimate = Estimate.of(facts)
    tokens = _("{tokens:,} in {rows:,} rows").format(
        tokens=estimate.tokens, rows=estimate.rows - estimate.rows_dropped
    )
    if facts.get("dataset.validation") == BY_SPLIT:
        tokens += _("; the platform keeps a part of the rows for validation")
    if estimate.rows_dropped:
        tokens += _("; {count:,} too long, dropped by the platform").format(count=estimate.rows_dropped)
    ends = [None, None] if estimate.cost is None else [estimate.cost.low, estimate.cost.high]
    cost = cost_shown(estimate.cost) + (_(" (simulated: nothing is charged)") if world.sandbox else "")
    yield Item("tokens", _("Tokens"), [estimate.tokens, estimate.rows], tokens)
    yield Item("cost", _("Cost"), [*ends, price_of(facts)], cost)


def _counting(items: Sequence[Item], earlier: Sequence[Spent]) -> Plan:
    """The plan with how often it was approved before."""
    again = [Item("again", _("Approved before"), len(earlier), _earlier_shown(earlier))] if earlier else []
    return Plan((*items, *again), besides=BESIDES)


def _earlier_shown(earlier: Sequence[Spent]) -> str:
    """The same data, model and settings were approved before: how often, and what came of the first."""
    first = earlier[0]
    outcome = " ".join(filter(None, (first.id or _("outcome unknown"), first.status, moment(first.at))))
    return ngettext(
        "once, with the same data, model and settings: {outcome}",
        "{count} times, with the same data, model and settings; the first: {outcome}",
        len(earlier),
    ).format(count=len(earlier), outcome=outcome)
