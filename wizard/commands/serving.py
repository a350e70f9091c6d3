"""``sandbox``: the platform on this computer, in the foreground, for other programs."""

from __future__ import annotations

import sys

from wizard import process, sandbox
from wizard.commands.scene import Scene
from wizard.local.shell import variables
from wizard.locale import _
from wizard.steps.world import SANDBOX_KEY, state_in


def serve(scene: Scene) -> int:
    """Serve until Ctrl-C or another signal, with the state that ``--sandbox`` uses in this folder.

    Prints the server's line, as the server does; returns the server's exit code where it ends by itself.
    """
    arguments, front = scene.arguments, scene.front
    state = state_in(scene.world.folder, sandbox=True) / "platform"
    served = ("--port", str(arguments.port), "--speed", str(arguments.speed))
    with sandbox.start(state, arguments=served) as running:
        process.deliver(process.as_json({"url": running.url, "pid": running.pid}, indent=None))
        sys.stdout.flush()
        front.say(
            _("The sandbox is at {url}; Ctrl-C ends it. All that it does is simulated.").format(
                url=running.url
            )
        )
        front.say(
            _("For another program: {variables}").format(
                variables=variables(
                    {"DASHSCOPE_HTTP_BASE_URL": f"{running.url}/api/v1", "DASHSCOPE_API_KEY": SANDBOX_KEY}
                )
            )
        )
        try:
            return running.wait()
        except KeyboardInterrupt:
            return 0
