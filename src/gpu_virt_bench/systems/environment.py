"""The environment that tenants and steps start from: nothing of any layer, nothing that moves results."""

from __future__ import annotations

import os
from collections.abc import Mapping

SCRUBBED = [
    "LD_PRELOAD",
    "LD_AUDIT",
    "CUDA_VISIBLE_DEVICES",
    "CUDA_TASK_PRIORITY",
    "CUDA_REDIRECT",
    "CUDA_OVERSUBSCRIBE",
    "CUDA_DISABLE_CONTROL",
    "GPU_CORE_UTILIZATION_POLICY",
    "ACTIVE_OOM_KILLER",
    "RECORD_KERNEL_INTERVAL",
    "LIBCUDA_LOG_LEVEL",
    "BATCH_TOKENS_DEFAULT_SIZE",
    "TF_CUDA_SM_PERCENT_LIMIT",
    "TF_GPU_MEMORY_LIMIT",
    "TF_SHM_PATH",
    "TF_ISOLATION_MODE",
    "CUDA_INJECTION64_PATH",
    "NVTX_INJECTION64_PATH",
    "CUDA_LAUNCH_BLOCKING",
    "CUDA_MODULE_LOADING",
    "CUDA_DEVICE_MAX_CONNECTIONS",
]
SCRUBBED_PREFIXES = [
    "CUDA_MPS_",
    "CUDA_DEVICE_MEMORY_",
    "CUDA_DEVICE_SM_",
    "BUD_",
    "PID_DEFAULT_",
    "NVSHARE_",
    "XSCHED_",
    "NVIDIA_GPU_MEMORY_",
    "ALIYUN_COM_GPU_",
    "CUDA_CACHE_",
]
ALLOWED = ("PATH", "HOME", "USER", "LANG", "TZ", "LD_LIBRARY_PATH")

KNOWN_LAYERS = (
    "libvgpu.so",  # HAMi-core, Volcano, bud-fcsp
    "libnvshare.so",  # nvshare
    "libcuda-control.so",  # vcuda of gpu-manager
    "libcuda_limiter.so",  # TensorFusion
    "libgemhook.so.1",  # Gemini, KubeShare
    "libshimcuda.so",  # XSched
    "libhalcuda.so",  # XSched
)
"""File names of layers that may be found in a process: the one place where they are listed."""


def is_scrubbed(name: str) -> bool:
    """Whether a variable belongs to a layer or moves results, and is kept from every tenant."""
    return name in SCRUBBED or name.startswith(tuple(SCRUBBED_PREFIXES))


def scrubbed(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables that were set and are kept from tenants, for the run file."""
    found = os.environ if environment is None else environment
    return {name: value for name, value in sorted(found.items()) if is_scrubbed(name)}


def clean(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment a tenant's command starts from: an allow list."""
    found = os.environ if environment is None else environment
    return {name: found[name] for name in ALLOWED if name in found}
