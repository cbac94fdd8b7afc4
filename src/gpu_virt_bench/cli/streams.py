"""Standard output and standard error of the command: which signs they can show, and what happens when nobody reads.

A reader that goes away (`gpu-virt-bench show FILE | head`) changes nothing: the command does its work to the end,
quietly, and exits with the status that it would have had. Output that cannot be written for another reason, such as a
full disk, is told at the end.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from codecs import CodecInfo
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gpu_virt_bench.report import signs

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

HANDLER = "gpu-virt-bench-signs"
PLAIN = "gpu-virt-bench-ascii"
"""ASCII under another name: click writes UTF-8 to a stream that says it is ASCII."""


def in_ascii(error: UnicodeError) -> tuple[str | bytes, int]:
    """What stands for letters that an encoding lacks."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return signs.in_ascii(lacking), error.end


class Encoder(codecs.IncrementalEncoder):
    """Text as ASCII."""

    def encode(self, text: str, final: bool = False) -> bytes:
        """Its bytes."""
        return text.encode("ascii", HANDLER)


def plain(name: str) -> CodecInfo | None:
    """The codec of that name, if it is ours."""
    if name != PLAIN.replace("-", "_"):
        return None
    ascii_codec = codecs.lookup("ascii")
    return CodecInfo(ascii_codec.encode, ascii_codec.decode, incrementalencoder=Encoder, name=PLAIN)


class Stream(io.FileIO):
    """One of the process's own streams; a failure to write is kept, and never raised."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self.failure: OSError | None = None
        """Why something was not written; a closed pipe is no failure."""

    def write(self, found: Buffer) -> int:
        """Writes, or says that it did."""
        try:
            return super().write(found)
        except BrokenPipeError:
            return memoryview(found).nbytes
        except OSError as error:
            self.failure = error
            return memoryview(found).nbytes


def ours(stream: object) -> tuple[object, Stream | None]:
    """The stream as this module describes it; what is no file of the process stays as it is."""
    if type(stream) is not io.TextIOWrapper:
        return stream, None
    if not isinstance(getattr(stream.buffer, "raw", stream.buffer), io.FileIO):
        return stream, None
    raw = Stream(stream.fileno())
    is_ascii = codecs.lookup(stream.encoding).name == "ascii" or is_plain_locale(os.environ)
    encoding, errors = (PLAIN, "strict") if is_ascii else (stream.encoding, HANDLER)
    lines = stream.line_buffering or stream.write_through
    made = io.TextIOWrapper(io.BufferedWriter(raw), encoding=encoding, errors=errors, line_buffering=lines)
    return made, raw


def is_plain_locale(environ: Mapping[str, str]) -> bool:
    """Whether the user's locale is C: Python writes UTF-8 there, and the terminal was not asked for it."""
    asked = any(environ.get(name) for name in ("PYTHONIOENCODING", "PYTHONUTF8"))
    return not asked and environ.get("LC_ALL") in ("C", "POSIX")


def take_over() -> Stream | None:
    """Makes both streams ours; returns what is below standard output."""
    codecs.register_error(HANDLER, in_ascii)
    codecs.register(plain)
    sys.stderr = ours(sys.stderr)[0]
    sys.stdout, below = ours(sys.stdout)
    return below
