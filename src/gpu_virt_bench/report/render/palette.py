"""Colours by name, light and dark: told apart by colour-blind eyes, at least 4.5 : 1 for texts and 3 : 1 for marks."""

from __future__ import annotations

from collections.abc import Callable

Ink = Callable[[str], str]
"""What an SVG attribute says for a colour's name."""

LIGHT = {
    "page": "#f7f8fa", "paper": "#ffffff", "raised": "#f1f3f6", "line": "#d5dae1", "grid": "#e6e9ee", "edge": "#7d8896",
    "ink": "#1b2430", "soft": "#556070", "link": "#0b5cad", "focus": "#0b5cad", "mark": "#9a3b00", "code": "#f1f3f6",
    "good": "#0b6b4f", "bad": "#b3261e", "unsure": "#7d5200", "muted": "#556070",
    "good-soft": "#e6f4ee", "bad-soft": "#fdecea", "unsure-soft": "#fdf3dc", "muted-soft": "#eef0f3",
    "worst": "#d55e00",
    "series-1": "#0067a5", "series-2": "#c2500a", "series-3": "#007f5c",
    "series-4": "#a2457f", "series-5": "#7d6200", "series-6": "#3f4d5c",
}  # fmt: skip
DARK = {
    "page": "#11151b", "paper": "#171c23", "raised": "#1f262f", "line": "#333c48", "grid": "#29313b", "edge": "#7f8b9a",
    "ink": "#e7ebf0", "soft": "#a7b1be", "link": "#7cb8f5", "focus": "#7cb8f5", "mark": "#ffb27a", "code": "#1f262f",
    "good": "#63d0a6", "bad": "#ff9389", "unsure": "#e9bd62", "muted": "#a7b1be",
    "good-soft": "#15302a", "bad-soft": "#3a1f20", "unsure-soft": "#332a17", "muted-soft": "#232a33",
    "worst": "#e0670a",
    "series-1": "#5bb4f0", "series-2": "#ff9a57", "series-3": "#3ecf9f",
    "series-4": "#e394c4", "series-5": "#dcbc4e", "series-6": "#b7c1cc",
}  # fmt: skip
SERIES = 6


def themed(name: str) -> str:
    """A colour that follows the page's theme; the light one where a page's style sheet is refused."""
    return f"var(--{name},{LIGHT[name]})"


def plain(name: str) -> str:
    """A colour for paper."""
    return LIGHT[name]


def series_colour(index: int) -> str:
    """The name of a series' colour."""
    return f"series-{index % SERIES + 1}"


def variables(colours: dict[str, str]) -> str:
    """Colours as CSS custom properties."""
    return "".join(f"--{name}:{value};" for name, value in colours.items())
