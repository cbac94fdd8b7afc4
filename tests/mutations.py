"""Seeded ways to spoil a run file: bytes that flip, vanish or repeat; values, keys and types that change."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HUGE = "an integer of 5000 digits"  # more than Python converts to text
GOLDEN = Path(__file__).parent / "data" / "run-version-1.json"
VALUES: list[Any] = [
    None,
    True,
    -1,
    0,
    1.5,
    1e300,
    5e-324,
    10**18,
    HUGE,
    "",
    "x",
    "[/red][link=x]",
    "\x1b[2J\x9b\u202e\x00",
    "\ud800",
    [],
    [[]],
    {},
    {"a": {"b": 1}},
]
TOKENS = [b"NaN", b"-Infinity", b"1e999", b"\x00", b"\xff\xfe", b'"', b"[[", b"}", b",", b"\\u001b[31m", b"[/b]"]


def mutations(seed: int, count: int) -> Iterator[bytes]:
    """That many spoiled contents of the golden file, the same for the same seed."""
    draw, original = random.Random(seed), GOLDEN.read_bytes()
    ways = [flip, cut, truncate, insert, swap, remove, rename]
    for number in range(count):
        yield ways[number % len(ways)](draw, original)


def flip(draw: random.Random, content: bytes) -> bytes:
    """A few bytes with one bit turned."""
    spoiled = bytearray(content)
    for _ in range(draw.randint(1, 4)):
        spoiled[draw.randrange(len(spoiled))] ^= 1 << draw.randrange(8)
    return bytes(spoiled)


def cut(draw: random.Random, content: bytes) -> bytes:
    """A stretch left out."""
    begin = draw.randrange(len(content))
    return content[:begin] + content[begin + draw.randint(1, 200) :]


def truncate(draw: random.Random, content: bytes) -> bytes:
    """The beginning alone."""
    return content[: draw.randrange(len(content))]


def insert(draw: random.Random, content: bytes) -> bytes:
    """A token where it does not belong."""
    place = draw.randrange(len(content))
    return content[:place] + draw.choice(TOKENS) + content[place:]


def swap(draw: random.Random, content: bytes) -> bytes:
    """A value of another type or size."""
    run = json.loads(content)
    holder, key = draw.choice(list(places(run)))
    holder[key] = draw.choice(VALUES)
    return text(run)


def remove(draw: random.Random, content: bytes) -> bytes:
    """A key or an entry removed."""
    run = json.loads(content)
    holder, key = draw.choice(list(places(run)))
    del holder[key]
    return text(run)


def rename(draw: random.Random, content: bytes) -> bytes:
    """A key with another name."""
    run = json.loads(content)
    holder, key = draw.choice([place for place in places(run) if isinstance(place[0], dict)])
    holder[draw.choice(["", "x", key + "\x1b", key.upper() + "_"])] = holder.pop(key)
    return text(run)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with every key or index in it."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    for key in keys:
        yield value, key
        yield from places(value[key])


def text(run: Any) -> bytes:
    """The run as JSON, in which HUGE has become the integer that it stands for."""
    return json.dumps(run).replace(json.dumps(HUGE), "9" * 5000).encode()
