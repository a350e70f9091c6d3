"""Converted files that somebody changed: kept aside before anything takes their place, and not passed over unasked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from wizard.engine.plan import digest
from wizard.engine.step import Answer
from wizard.errors import AnswersMissing, Remedy
from wizard.local.shell import addition
from wizard.local.storage import writing
from wizard.locale import _, enumerated, joined
from wizard.steps.help import about

ALTERED = Answer(
    key="preview.altered",
    kind="text",
    name=lambda: _("Changed files that are converted anew"),
    help=lambda: about("preview.altered"),
    in_plan=False,  # what is sent instead shows in its bytes
)
_BLOCK = 1 << 20


def keep_aside(outputs: Sequence[Path], folder: Path, answer: str) -> None:
    """Keep a copy of each file of ``outputs`` that is not as it was written.

    Raises AnswersMissing, with what can be done, unless ``answer`` names these very changes; it is asked of a person and of a
    script alike, since what is sent would be without them.
    """
    from wizard.data.converting.parts import altered, md5_of

    found = {path: md5_of(path) for output in outputs for path in altered(output)}
    if not found:
        return
    copies = [_kept(path, md5) for path, md5 in found.items()]
    code = digest(sorted(found.values()))[:8]
    if answer == code:
        return
    shown = [str(copy.relative_to(folder) if copy.is_relative_to(folder) else copy) for copy in copies]
    hints = [_("To train on it: {words}").format(words=_setting("dataset.source", path)) for path in shown]
    hints.append(
        _("To convert your data anew, without it: {words}").format(words=_setting(ALTERED.key, code))
    )
    missing = AnswersMissing(
        joined(
            _(
                "What stands in {names} is not what the wizard wrote: it was edited, cut off, or put there by something else."
            ).format(names=enumerated(path.name for path in found)),
            _("It is kept as {copies}; nothing was converted.").format(copies=enumerated(shown)),
        ),
        "\n".join(hints),
        keys=(ALTERED.key,),
    )
    on_it = [Remedy(_("Train on {path}").format(path=path), "dataset.source", path) for path in shown]
    missing.remedies = (*on_it, Remedy(_("Convert my data anew, without it"), ALTERED.key, code))
    raise missing


def _kept(path: Path, md5: str) -> Path:
    """A copy beside it, called after what is in it: the same again makes no second one."""
    from wizard.data.converting.parts import md5_of
    from wizard.data.files.opening import opened

    copy = path.with_name(f"{path.stem}.edited-{md5[:8]}{path.suffix}")
    if md5_of(copy) != md5:
        with opened(path) as source, writing(copy) as out:
            while block := source.read(_BLOCK):
                out.write(block)
    return copy


def _setting(key: str, value: str) -> str:
    return addition(("--set", f"{key}={value}"))
