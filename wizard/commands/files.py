"""``files``: what lies on the platform: listed, shown, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from wizard.commands import told, whereabouts
from wizard.commands.consent import confirmed
from wizard.commands.listing import SHOWN, size, table
from wizard.commands.scene import Scene
from wizard.commands.whereabouts import Whereabouts
from wizard.contract import forms
from wizard.engine.view import Table, View
from wizard.errors import Refused, UsageError
from wizard.locale import _, enumerated
from wizard.steps.origin import unused

if TYPE_CHECKING:
    from wizard.bailian.service import RemoteFile


def files(scene: Scene) -> int:
    """``files list|show|delete``."""
    arguments, world, front = scene.arguments, scene.world, scene.front
    action = arguments.action or "list"
    if action == "list":
        platform = world.platform(whereabouts.of_a_list(world, front))
        found = list(islice(platform.files(), None if arguments.all else SHOWN))
        return scene.report(forms.Files(files=[told.file(file) for file in found]), _files_table(found))
    if action == "delete":
        return _delete(scene)
    about = _about(arguments.id, scene)
    with about.seen_from_here():
        file = world.platform(about.facts).file(arguments.id)
    return scene.report(forms.OneFile(file=told.file(file)), _file_shown(file))


def _about(file_id: str, scene: Scene) -> Whereabouts:
    return whereabouts.of_one(file_id, _("The file {id}").format(id=file_id), scene.world, scene.front)


def _delete(scene: Scene) -> int:
    """Those that are named, or that nothing needs; one that is gone already is what was wanted."""
    arguments, world = scene.arguments, scene.world
    if bool(arguments.ids) is arguments.unused:
        raise UsageError(_("Name the files to delete by their ids, or give --unused."))
    ids = [*dict.fromkeys(arguments.ids)]
    if arguments.unused:
        ids = [*unused(world, world.platform(whereabouts.of_a_list(world, scene.front)))]
    places = {file_id: _about(file_id, scene) for file_id in ids}
    there = {file_id: _there(file_id, about) for file_id, about in places.items()}
    present = [file for file in there.values() if file is not None]
    gone = False
    if present:
        names = enumerated(f"{file.name} ({file.file_id})" for file in present)
        question = _("Delete {names} from the platform? Jobs that still wait for it will fail.").format(
            names=names
        )
        gone = confirmed(scene, question, _("Yes, delete it"))
    done: list[forms.Deleted] = []
    lines = []
    for file_id, file in there.items():
        if file is None:
            lines.append(_("{id} is not on the platform (any more).").format(id=file_id))
        elif gone:
            with places[file_id].seen_from_here():
                world.platform(places[file_id].facts).delete_file(file_id)
            lines.append(_("{name} ({id}) is deleted.").format(name=file.name, id=file_id))
        known = file.name if file is not None else ""
        done.append(
            {
                "file_id": file_id,
                "name": known or None,
                "deleted": file is not None and gone,
                "gone": file is None or gone,
            }
        )
    if present and not gone:
        lines.append(_("Nothing was changed."))
    if not ids:
        lines.append(_("There is nothing that this folder uploaded and that nothing here needs any more."))
    return scene.report(forms.DeletedFiles(files=done), "\n".join(lines))


def _there(file_id: str, about: Whereabouts) -> RemoteFile | None:
    """The file; None where the platform clearly says that it has none."""
    from wizard.bailian.refusals import file_is_gone

    try:
        with about.seen_from_here():
            return about.world.platform(about.facts).file(file_id)
    except Refused as refused:
        if not file_is_gone(refused.platform_code, refused.platform_message):
            raise
    return None


def _files_table(found: Sequence[RemoteFile]) -> View:
    from wizard.steps.wording import moment, whose_clock

    rows = tuple(
        (
            file.file_id,
            size(file.size),
            moment(file.created),
            file.name + (f" · {file.description}" if file.description else ""),
        )
        for file in found
    )
    heads = (_("File"), _("Size"), _("Created"), _("Name"))
    return table(Table(heads, rows, frozenset({1})), whose_clock(), none=_("There are no files."))


def _file_shown(file: RemoteFile) -> View:
    from wizard.steps.wording import moment, whose_clock

    length = "" if file.size is None else f"{size(file.size)} ({file.size:,} B)"
    rows = (
        (_("File"), file.file_id),
        (_("Name"), file.name),
        (_("Description"), file.description),
        (_("Purpose"), file.purpose),
        (_("Size"), length),
        ("md5", file.md5),
        (_("Created"), moment(file.created)),
    )
    return table(Table((_("What"), _("Value")), tuple(row for row in rows if row[1])), whose_clock())
