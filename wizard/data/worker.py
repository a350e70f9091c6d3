"""The other end of ``workers``: makes the pages that it is asked for until its input ends."""

from __future__ import annotations

import gc
import os
import signal
import sys
from importlib import import_module
from typing import BinaryIO

import msgspec

from wizard import locale
from wizard.data.files.ranges import Range, lines_in
from wizard.data.workers import Answer, Hello, keep_memory

_HEAD = 8


def main() -> None:
    """Serve one file over standard input and output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C goes to us too; our parent decides
    gc.set_threshold(50_000, 20, 20)  # records hold no cycles
    keep_memory()
    try:
        _serve(sys.stdin.buffer, sys.stdout.buffer)
    except (BrokenPipeError, EOFError):
        os._exit(0)  # our parent is gone, and nobody is left to tell


def _serve(requests: BinaryIO, answers: BinaryIO) -> None:
    hello = msgspec.msgpack.decode(_message(requests), type=Hello)
    locale.use(hello.language)
    module, name = hello.work
    work = getattr(import_module(module), name)(hello.task)
    decode = msgspec.msgpack.Decoder(Range).decode
    with open(hello.path, "rb", buffering=0) as source:  # noqa: PTH123 - as short a start as can be
        while True:
            try:
                place = decode(_message(requests))
            except EOFError:
                return
            data: list[bytes] = []
            failure = ""
            try:
                data = work(lines_in(source, place))
            except Exception as error:  # noqa: BLE001 - told to the parent, which ends the work
                failure = f"{type(error).__name__}: {error}"
            message = msgspec.msgpack.encode(Answer(tuple([len(some) for some in data]), failure))
            answers.write(len(message).to_bytes(_HEAD, "little") + message)
            answers.writelines(data)
            answers.flush()


def _message(stream: BinaryIO) -> bytes:
    head = stream.read(_HEAD)
    if len(head) < _HEAD:
        raise EOFError
    return stream.read(int.from_bytes(head, "little"))
