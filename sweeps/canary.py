"""A key that is looked for in everything a run leaves, shows or sends; and the places where it is looked for."""

from __future__ import annotations

import base64
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

from terminal import environment

# With characters that a URL quotes, so that its quoted form is another one.
KEY = "sk-canary+7d1e/0b5a94c26f38&4e2b"
NAME = "DASHSCOPE_API_KEY"
_LOOK_AGAIN = 0.05  # seconds between two looks at the processes


def forms(key: str) -> dict[str, bytes]:
    """How a key can stand in a text: plain (also where its first letter is escaped), as Python or JSON quote it, in base64 at any alignment, in a URL, in hex."""
    raw = key.encode()
    found = {
        "plain": raw,
        "all but one letter": raw[1:],
        "repr": repr(key)[1:-1].encode(),
        "hex": raw.hex().encode(),
    }
    found |= {
        "url": quote(key, safe="").encode(),
        "url-path": quote(key).encode(),
        "form": quote_plus(key).encode(),
    }
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + raw)
        found[f"base64-{before}"] = whole[(before * 8 + 5) // 6 : (before + len(raw)) * 8 // 6]
    return found


def leaks(texts: Mapping[str, bytes], key: str = KEY) -> list[str]:
    """Where in ``texts`` the key is, and in which form."""
    return [
        f"{where}: {form}"
        for where, text in texts.items()
        for form, look in forms(key).items()
        if look in text
    ]


@dataclass
class Place:
    """A folder of a run, with a home and a folder for temporary files inside, and a stranger that nobody may talk to."""

    folder: Path
    stranger: Stranger
    seen: dict[str, bytes] = field(default_factory=dict)

    def env(self, **more: str) -> dict[str, str]:
        """What the wizard is given; its home and temporary files lie in the place."""
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        return environment(self.folder, **{"TMPDIR": str(temporary), **more})

    def left(self) -> dict[str, bytes]:
        """Every file that is there but ``.env``, links not followed; and the names of all."""
        found = {"names": b"\n".join(os.fsencode(path) for path in sorted(self.folder.rglob("*")))}
        for path in self.folder.rglob("*"):
            if path.is_file() and not path.is_symlink() and path.name != ".env":
                found[str(path.relative_to(self.folder))] = path.read_bytes()
        return found

    def check(self, **shown: bytes) -> None:
        """The key is nowhere: not in ``shown``, the files, the processes that were seen, nor with the stranger."""
        found = leaks({**self.left(), **self.seen, **shown, "stranger": bytes(self.stranger.received)})
        assert not found, found

    @contextmanager
    def watched(self, *, children_only: bool) -> Iterator[None]:
        """Meanwhile the arguments and the environment of this process's descendants are looked at.

        ``children_only``: those that the test itself started were given the key by their user.
        """
        stop = threading.Event()

        def look() -> None:
            while not stop.is_set():
                self._look(children_only=children_only)
                time.sleep(_LOOK_AGAIN)

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _look(self, *, children_only: bool) -> None:
        parents: dict[int, int] = {}
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError, ValueError, IndexError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        for pid, above in parents.items():
            depth, parent = 1, above
            while parent in parents and parent != os.getpid():
                depth, parent = depth + 1, parents[parent]
            if parent != os.getpid():
                continue
            with suppress(OSError):
                if not Path(f"/proc/{pid}/cwd").readlink().is_relative_to(self.folder):
                    continue  # another case's
                self.seen[f"arguments of {pid}"] = Path(f"/proc/{pid}/cmdline").read_bytes()
                if depth > 1 or not children_only:
                    self.seen[f"environment of {pid}"] = Path(f"/proc/{pid}/environ").read_bytes()


@dataclass
class Stranger:
    """A host that is not the platform's: keeps every byte that anybody sends, and answers 502."""

    url: str
    received: bytearray = field(default_factory=bytearray)
    connections: int = 0


@contextmanager
def stranger() -> Iterator[Stranger]:
    """One on 127.0.0.1, which ends with the block."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    host = Stranger(f"http://127.0.0.1:{listener.getsockname()[1]}")
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                connection, _address = listener.accept()
            except TimeoutError:
                continue
            host.connections += 1
            with connection, suppress(OSError):
                connection.settimeout(0.2)
                host.received += connection.recv(1 << 16)
                connection.sendall(b"HTTP/1.1 502 Stranger\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        stop.set()
        thread.join()
        listener.close()


@contextmanager
def place(folder: Path) -> Iterator[Place]:
    """A place in ``folder``."""
    with stranger() as host:
        yield Place(folder, host)
