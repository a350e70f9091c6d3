"""``sandbox``: the platform on this computer, in the foreground, for other programs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from wizard.engine.step import Front
from wizard.locale import _
from wizard.steps.world import SANDBOX_KEY, STATE


def serve(folder: Path, port: int, front: Front) -> int:
    """Serve until Ctrl-C, with the state that ``--sandbox`` uses in this folder. Returns the server's exit code."""
    state = folder / STATE / "sandbox" / "platform"
    front.say(
        _("The sandbox is at http://127.0.0.1:{port}; Ctrl-C ends it. All that it does is simulated.").format(
            port=port
        )
    )
    front.say(
        _(
            "For another program: DASHSCOPE_HTTP_BASE_URL=http://127.0.0.1:{port}/api/v1 DASHSCOPE_API_KEY={key}"
        ).format(port=port, key=SANDBOX_KEY)
    )
    command = [sys.executable, "-P", "-m", "wizard.sandbox", "--state", str(state), "--port", str(port)]
    with subprocess.Popen(command) as server:
        try:
            return server.wait()
        except KeyboardInterrupt:
            server.terminate()
            return server.wait() and 0
