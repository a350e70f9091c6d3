"""The other end of ``workers``: makes the pages that it is asked for until its input ends."""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import BinaryIO

import msgspec

from wizard import locale
from wizard.data.lines import Lines, TooLong
from wizard.data.page import Made, Press, keep_memory
from wizard.data.ranges import Range
from wizard.data.workers import Answer, Hello

_HEAD = 8
_TOO_LONG = 1_000  # bytes of a line beyond the limit, as lines.blocks keeps


def main() -> None:
    """Serve one conversion over standard input and output."""
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
    press = Press(hello.task)
    decode = msgspec.msgpack.Decoder(Range).decode
    with open(hello.path, "rb", buffering=0) as source:  # noqa: PTH123 - as short a start as can be
        while True:
            try:
                place = decode(_message(requests))
            except EOFError:
                return
            data: list[bytes] = []
            try:
                made = _made(press, source, place)
                data, made.data = made.data, []
                answer = Answer(made, tuple([len(some) for some in data]))
            except Exception as error:  # noqa: BLE001 - told to the parent, which ends the conversion
                answer = Answer(None, failure=f"{type(error).__name__}: {error}")
            message = msgspec.msgpack.encode(answer)
            answers.write(len(message).to_bytes(_HEAD, "little") + message)
            answers.writelines(data)
            answers.flush()


def _made(press: Press, source: BinaryIO, place: Range) -> Made:
    wanted = _TOO_LONG if place.too_long else place.end - place.start
    source.seek(place.start)
    data = bytearray()
    while len(data) < wanted:
        more = source.read(wanted - len(data))
        if not more:
            raise OSError("the source became shorter")
        data += more
    if place.too_long:
        return press.page(1, [TooLong(bytes(data) + b"\xff")])
    return press.page_of(1, Lines(None, bytes(data.removesuffix(b"\n"))))


def _message(stream: BinaryIO) -> bytes:
    head = stream.read(_HEAD)
    if len(head) < _HEAD:
        raise EOFError
    return stream.read(int.from_bytes(head, "little"))
