"""The step that creates the job: which jobs of the platform it takes for its own, asks about, or leaves alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest
from facts_fixture import KEY, file_of, known, step_of, world_in
from hypothesis import given
from hypothesis import strategies as st

from wizard.bailian.apikey import ApiKey
from wizard.bailian.hyperparameters import taken_by
from wizard.bailian.service import Job, JobRequest, Platform
from wizard.engine.effectful import Receipt
from wizard.engine.step import Facts
from wizard.errors import ApprovalMissing, DecisionNeeded, NeverSent, OutcomeUnknown, Refused, StorageError
from wizard.money.ledger import Entry
from wizard.steps import approval
from wizard.steps.estimate import sent_parameters
from wizard.steps.job import CreateJob, JobCreation, _remedies
from wizard.steps.plan import plan_of
from wizard.steps.wording import moment
from wizard.steps.world import World
from wizard.ui.scripted import Scripted

NAME = "our-job"
UPLOADED = [
    {"role": "train", "name": "own.jsonl", "file_id": "f-train", "adopted": False},
    {"role": "validation", "name": "dev.jsonl", "file_id": "f-dev", "adopted": False},
]


@dataclass
class Listing:
    """A platform of which only the list of jobs is asked, and a creation that ends as it is told to."""

    listed: list[Job] = field(default_factory=list)
    refuses: Exception | None = None
    requests: list[JobRequest] = field(default_factory=list)

    def jobs(self) -> list[Job]:
        return self.listed

    def create_job(self, request: JobRequest, *, before_sending: Any) -> Job:
        before_sending()
        self.requests.append(request)
        if self.refuses:
            raise self.refuses
        return Job("ft-new", "PENDING", created="now", request_id="r-1")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("BAILIAN_WIZARD_STATE", str(tmp_path.with_name(f"{tmp_path.name}.user")))
    with world_in(tmp_path) as made:
        yield made


def approved(world: World, **changed: Any) -> Facts:
    """Facts of an approved plan, its files uploaded."""
    facts = known(
        step_of(world, "training"), training__job_name=NAME, upload__files=UPLOADED, dataset__validation="file",
        preview__files=[file_of("train", "own"), file_of("validation", "dev")], training__eval_steps=10, **changed,
    )  # fmt: skip
    return Facts({**facts, "review.approval": plan_of(facts, world).digest})


def effect_on(
    world: World, facts: Facts, *listed: Job, refuses: Exception | None = None
) -> tuple[JobCreation, Listing]:
    """The effect, over a platform with these jobs."""
    platform = Listing(list(listed), refuses)
    return JobCreation(world, cast("Platform", platform), facts, Scripted(yes=True)), platform


def planned(facts: Facts, **changed: Any) -> Job:
    """A job that is all that was planned."""
    job = Job(
        "ft-1", "RUNNING", NAME, facts["training.model"], training_type=facts["training.type"],
        training_files=("f-train",), validation_files=("f-dev",), hyper_parameters=sent_parameters(facts),
    )  # fmt: skip
    return replace(job, **changed)


def seen(world: World, **changed: Any) -> tuple[bool, bool] | None:
    """Whether a job is taken unasked, and asked about; None where it isn't even found."""
    facts = approved(world)
    effect, _platform = effect_on(world, facts, planned(facts, **changed))
    found = effect.look()
    return (found[0].same, found[0].twin) if found else None


OURS, TWIN, NEITHER = (True, True), (False, True), (False, False)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, OURS),
        ({"name": ""}, OURS),
        ({"name": "ft-1"}, OURS),
        ({"name": "theirs"}, TWIN),
        ({"model": "qwen3-14b"}, TWIN),
        ({"training_type": "sft"}, TWIN),
        ({"validation_files": ()}, TWIN),
        ({"training_files": ("f-other",)}, TWIN),
        ({"model": "qwen3-14b", "name": ""}, NEITHER),
        ({"training_type": "sft", "name": ""}, NEITHER),
        ({"validation_files": ("f-other",), "name": ""}, NEITHER),
        ({"training_files": ("f-other",), "name": ""}, None),
        ({"training_files": ("f-other",), "name": "theirs"}, None),
        ({"hyper_parameters": {}}, OURS),
        ({"hyper_parameters": {}, "name": ""}, TWIN),
        ({"status": "FAILED"}, (True, False)),
        ({"status": "CANCELED"}, (True, False)),
        ({"status": "FAILED", "name": ""}, NEITHER),
        ({"status": "CANCELED", "name": ""}, NEITHER),
        ({"status": "SUCCEEDED", "name": ""}, OURS),
    ],
)
def test_what_is_taken_for_our_job(
    changed: dict[str, Any], expected: tuple[bool, bool] | None, world: World
) -> None:
    """Taken unasked is what equals the plan, by our name or by every setting; what is merely like it is asked about."""
    assert expected == seen(world, **changed)


def test_a_job_is_shown_as_what_it_is(world: World) -> None:
    """Who is asked whether a job is theirs sees its status, model, name and when it was made, by their clock."""
    effect, _platform = effect_on(
        world, facts := approved(world), planned(facts, created="2026-11-01 09:30:00")
    )
    (found,) = effect.look()
    when = "2026-11-01 09:30:00"
    about = f"RUNNING qwen2.5-7b-instruct our-job {moment(when)}"
    assert {"created": when, "about": about} == found.data


def _another(value: Any) -> Any:
    return value + 1 if isinstance(value, int) else value / 2 if isinstance(value, float) else f"{value}x"


@given(
    st.sets(st.sampled_from([known.name for known in taken_by("efficient_sft")]), min_size=1),
    st.sampled_from(["", "theirs", NAME]),
)
def test_a_twin_with_other_settings_is_none(
    tmp_path_factory: pytest.TempPathFactory, names: set[str], name: str
) -> None:
    """One single other setting makes it another training, whatever else is equal: never taken, nor asked about but for our name."""
    with world_in(tmp_path_factory.mktemp("twin")) as world:
        facts = approved(world)
        sent = sent_parameters(facts)
        differs = names & sent.keys()
        settings = {key: _another(value) if key in differs else value for key, value in sent.items()}
        same, twin = seen(world, hyper_parameters=settings, name=name) or (None, None)
        if differs:
            assert (False, name == NAME) == (same, twin)
        else:
            assert (name != "theirs", True) == (same, twin)


@given(st.sets(st.sampled_from(["n_epochs", "batch_size", "learning_rate", "eval_steps"]), min_size=1))
def test_settings_that_are_not_told_prove_nothing(
    tmp_path_factory: pytest.TempPathFactory, untold: set[str]
) -> None:
    """A nameless job that doesn't tell each setting is shown, and never taken unasked."""
    with world_in(tmp_path_factory.mktemp("untold")) as world:
        told = {key: value for key, value in sent_parameters(approved(world)).items() if key not in untold}
        assert TWIN == seen(world, hyper_parameters=told, name="")
        assert OURS == seen(world, hyper_parameters={**told, "beside": "the platform's own"})


def written(world: World, facts: Facts, kind: Any, session: str, job: str = "") -> None:
    """A line of the ledger about the approval in ``facts``."""
    entry = Entry(
        kind=kind,
        approval=facts["review.approval"],
        base="b",
        session=session,
        platform="p",
        key="f1",
        id=job,
    )
    with world.ledger.held():
        world.ledger.write(entry)


def test_the_ledger_knows_ones_own_job(world: World) -> None:
    """The job of this very approval is ours whatever the list says of it; what another session created never is."""
    facts = approved(world)
    strange = planned(facts, model="qwen3-14b", training_files=("f-other",), name="theirs")
    theirs = planned(facts, job_id="ft-2")
    effect, _platform = effect_on(world, facts, strange, theirs)
    assert not effect.may_have_left
    assert ["ft-2"] == [receipt.id for receipt in effect.look()]
    written(world, facts, "receipt", "theirs", "ft-2")
    assert [] == list(effect.look())
    written(world, facts, "spent", world.session_id)
    written(world, facts, "receipt", world.session_id, "ft-1")
    assert effect.may_have_left
    assert [("ft-1", True)] == [(receipt.id, receipt.same) for receipt in effect.look()]


def test_the_request_is_the_plan(world: World) -> None:
    """What goes out is model, type, the ids of the files by their roles, every setting and the name; it is spent before."""
    facts = approved(world)
    effect, platform = effect_on(world, facts)
    committed: list[bool] = []
    receipt = effect.send(lambda: committed.append(approval.is_spent(facts, world)))
    assert [True] == committed
    assert ("ft-new", {"created": "now", "request_id": "r-1"}) == (receipt.id, receipt.data)
    assert [
        JobRequest(
            facts["training.model"], "efficient_sft", ("f-train",), ("f-dev",), sent_parameters(facts), NAME
        )
    ] == platform.requests
    assert effect.holds(Receipt("ft-new", {}))
    assert NAME in effect.name
    account = f"key {ApiKey(KEY).masked} at {world.endpoint(facts).base_url}"
    assert ("job:" + facts["review.approval"], account) == (effect.key, effect.account)


@dataclass
class Working:
    """What the step gets to work with; an effect is sent at once, with nothing looked for before."""

    facts: Facts
    front: Scripted = field(default_factory=lambda: Scripted(yes=True))

    def secret(self, key: str) -> Any:
        raise AssertionError(key)

    def once(self, effect: Any) -> Receipt:
        receipt: Receipt = effect.send(lambda: None)
        return receipt


def test_a_created_job_is_written_down(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step leaves the job's id and when it was made, and the ledger knows the job of this approval from then on."""
    facts = approved(world)
    monkeypatch.setattr(world, "platform", lambda _facts: Listing())
    made = CreateJob(world).perform(Working(facts))
    assert {"job.id": "ft-new", "job.created": "now"} == made
    assert "ft-new" == approval.jobs_known(facts, world)[0]


def test_a_refusal_comes_with_the_way_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused creation leads to the question of what was refused."""
    refused = Refused("no", "", status=400, platform_message="batch_size is too large")
    monkeypatch.setattr(world, "platform", lambda _facts: Listing(refuses=refused))
    with pytest.raises(Refused) as raised:
        CreateJob(world).perform(Working(approved(world)))
    assert ["training.batch_size"] == [remedy.key for remedy in raised.value.remedies]


@pytest.mark.parametrize(
    "trouble", [Refused("no", "", status=400), StorageError("full", ""), NeverSent("cut", "")]
)
def test_what_was_refused_is_free_again(trouble: Exception, world: World) -> None:
    """A creation that was refused leaves the approval unspent, so that the same plan can be approved again."""
    facts = approved(world)
    effect, _platform = effect_on(world, facts, refuses=trouble)
    with pytest.raises(type(trouble)):
        effect.send(lambda: None)
    assert not approval.is_spent(facts, world)
    assert ["spent", "freed"] == [entry.kind for entry in world.ledger.entries]


def test_an_answer_that_is_lost_stays_spent(world: World) -> None:
    """Whatever else goes wrong after the request may have left: the approval stays spent."""
    facts = approved(world)
    effect, _platform = effect_on(world, facts, refuses=RuntimeError("lost"))
    with pytest.raises(RuntimeError):
        effect.send(lambda: None)
    assert approval.is_spent(facts, world)


def test_nothing_is_sent_under_another_approval(world: World) -> None:
    """Where the plan is no longer the one that was approved, no request goes out and nothing is spent."""
    facts = Facts({**approved(world), "training.n_epochs": 5})
    effect, platform = effect_on(world, facts)
    with pytest.raises(ApprovalMissing):
        effect.send(lambda: None)
    assert ([], False) == (platform.requests, approval.is_spent(facts, world))


def test_the_job_of_this_approval_seals(world: World) -> None:
    """Behind the creation nothing changes any more: its key is the approval's; before an approval there is none."""
    facts = approved(world)
    assert (f"job:{facts['review.approval']}", "") == (
        CreateJob(world).seals(facts), CreateJob(world).seals(Facts()),
    )  # fmt: skip
    assert "ft-1" == CreateJob(world).line(Facts({"job.id": "ft-1"}))


@pytest.mark.parametrize(
    ("message", "key"),
    [
        ("Parameter n_epochs is invalid", "training.n_epochs"),
        ("hyper_parameters.eval_steps must be positive", "training.eval_steps"),
        ("training_type is not supported", "training.type"),
        ("job_name is too long", "training.job_name"),
        ("no such thing", "training.model"),
    ],
)
def test_a_refused_parameter_leads_back_to_its_question(message: str, key: str, world: World) -> None:
    """A refusal that names what was sent leads to that question; any other one to the model."""
    facts = approved(world)
    refused = Refused("no", "", status=400, platform_code="InvalidParameter", platform_message=message)
    assert [key] == [remedy.key for remedy in _remedies(refused, facts)]
    assert key in {field.key for field in step_of(world, "training").fields(facts)}


def test_an_approval_that_was_just_spent_sends_nothing(world: World) -> None:
    """Where a copy of this very session has spent the approval since it was looked at, nothing is sent, and a person is needed."""
    facts = approved(world)
    effect, platform = effect_on(world, facts)
    assert not effect.may_have_left
    written(world, facts, "spent", world.session_id)
    with pytest.raises(DecisionNeeded):
        effect.send(lambda: None)
    assert [] == platform.requests
    effect.release()
    assert "ft-new" == effect.send(lambda: None).id


def test_a_job_that_was_there_is_no_answer(world: World) -> None:
    """A creation that is answered with the id of a job listed before is unknown, never a receipt."""
    facts = approved(world)
    effect, _platform = effect_on(world, facts, planned(facts, job_id="ft-new", model="qwen3-14b"))
    effect.look()
    with pytest.raises(OutcomeUnknown, match="ft-new"):
        effect.send(lambda: None)
    assert effect.may_have_left
