"""Places that a call writes to: filled before with a pattern, so that it shows whether they were written."""

from __future__ import annotations

from ctypes import Array, addressof, byref, c_char, c_char_p, create_string_buffer
from struct import unpack_from
from typing import Any

PATTERN = b"\xa5"


class Cell:
    """Bytes that a call may write. As an argument it is their address."""

    SIZE = 8

    def __init__(self) -> None:
        self._bytes: Array[c_char] = create_string_buffer(PATTERN * self.SIZE, self.SIZE)

    @property
    def _as_parameter_(self) -> Any:  # noqa: ANN401  what ctypes passes
        return byref(self._bytes)

    @property
    def address(self) -> int:
        """Where it lies."""
        return addressof(self._bytes)

    @property
    def is_unchanged(self) -> bool:
        """Whether nothing was written."""
        return self._bytes.raw == PATTERN * self.SIZE

    @property
    def shown(self) -> str:
        """What stands there, in words that are the same in every process."""
        return "unchanged" if self.is_unchanged else self._written()

    def _written(self) -> str:
        raise NotImplementedError

    @property
    def value(self) -> Any:  # noqa: ANN401
        """What stands there, as a number."""
        return unpack_from("<Q", self._bytes)[0]


class Handle(Cell):
    """An address or a handle, whose value means nothing outside its process."""

    def _written(self) -> str:
        return "an address" if self.value else "NULL"


class Int(Cell):
    """A C int."""

    SIZE = 4

    def _written(self) -> str:
        return str(self.value)

    @property
    def value(self) -> int:
        """The number."""
        return int(unpack_from("<i", self._bytes)[0])


class Size(Cell):
    """A number of 64 bits."""

    def _written(self) -> str:
        return str(self.value)


class Float(Cell):
    """A time as a C float."""

    SIZE = 4

    def _written(self) -> str:
        return "0" if self.value == 0 else "a time"

    @property
    def value(self) -> float:
        """The number."""
        return float(unpack_from("<f", self._bytes)[0])


class Truth(Cell):
    """A truth value, of which drivers write one byte or more."""

    def _written(self) -> str:
        return "yes" if self._bytes.raw[0] else "no"


class Text(Cell):
    """A pointer to text of the driver's."""

    def _written(self) -> str:
        text = c_char_p(self.value).value
        return "NULL" if text is None else repr(text.decode(errors="replace"))


class Filled(Cell):
    """Any value that differs between devices or sessions: only whether one was written."""

    def _written(self) -> str:
        return "a value"


class Buffer(Cell):
    """Room for text that the driver copies; also 64 bytes that are anything."""

    SIZE = 64

    def _written(self) -> str:
        return "written"
