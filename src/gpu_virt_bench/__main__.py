"""The command, by any of its names: `gpu-virt-bench`, `gvb` and `python -m gpu_virt_bench`.

Nothing else is imported before Ctrl-C is heard: one in the first milliseconds must not end in the middle of an import.
"""

import os
import sys

# not `signal`: it imports enum, which takes milliseconds
from _signal import SIGINT, default_int_handler, getsignal, signal  # type: ignore[import-not-found]

INTERRUPTED = 130
WRONG = 2


def stop(*signalled: object) -> None:
    """Ends the process while there is nothing to undo."""
    del signalled
    os.write(2, b"interrupted by SIGINT\n")
    os._exit(INTERRUPTED)


def main() -> None:
    """Ends with the documented exit status; what nobody foresaw is one sentence and never the status of an answer."""
    heard = getsignal(SIGINT) is default_int_handler
    if heard:
        signal(SIGINT, stop)
    from gpu_virt_bench.cli import main as command

    try:
        if heard:
            signal(SIGINT, default_int_handler)
        command()
    except KeyboardInterrupt:
        stop()
    except Exception as error:  # noqa: BLE001  the edge
        print(f"Error: {fault(error)}", file=sys.stderr)
        sys.exit(WRONG)


def fault(error: Exception) -> str:
    """A sentence about what must not happen, with the place for whoever mends it."""
    import traceback

    last = traceback.extract_tb(error.__traceback__)[-1]
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return f"a fault of gpu-virt-bench itself, please report it: {what} ({last.filename}:{last.lineno})"


if __name__ == "__main__":
    main()
