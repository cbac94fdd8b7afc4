"""Which layers a tenant's environment leads to: one definition drives one layer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from gpu_virt_bench.model.system import System
from gpu_virt_bench.systems.environment import KNOWN_LAYERS
from gpu_virt_bench.systems.options import LOADER_VARIABLES
from gpu_virt_bench.systems.variables import DefinitionError

MPS_DIRECTORY = "CUDA_MPS_PIPE_DIRECTORY"


def layers(env: Mapping[str, str], preloads_layers: bool) -> list[str]:
    """The layers that these variables load or lead to: preloaded libraries that are known as layers (or the first, if
    none is known and preloading is how the system works), and an MPS daemon."""
    words = [word for name in LOADER_VARIABLES for word in re.split(r"[:\s]+", env.get(name, "")) if word]
    files = list(dict.fromkeys(Path(word).resolve() for word in words))
    known = [path for path in files if path.name in KNOWN_LAYERS]
    found = [str(path) for path in known or (files[:1] if preloads_layers else [])]
    directory = env.get(MPS_DIRECTORY, "")
    if directory and (Path(directory) / "control").exists():
        found.append(f"MPS (a control daemon in {directory})")
    return found


def check_one_layer(system: System, env: Mapping[str, str]) -> None:
    """Refuses two layers at once: what is measured could not be said to be either's."""
    found = layers(env, system.mechanism == "preload")
    if len(found) > 1:
        raise DefinitionError(f"{system.id} drives two layers at once, {' and '.join(found)}; give each its own system")
