"""What a verdict looks like."""

from __future__ import annotations

from collections.abc import Mapping

from gpu_virt_bench.model.comparison import Verdict
from gpu_virt_bench.report.blocks import Tone

TONES: Mapping[Verdict, Tone] = {
    "better": "good",
    "slightly better": "good",
    "worse": "bad",
    "slightly worse": "bad",
    "same": "",
    "deferred or elided": "unsure",
    "inconclusive": "unsure",
    "not comparable": "muted",
    "informational": "muted",
}
