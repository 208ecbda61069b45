"""If irtool itself breaks: a traceback that helps whoever mends it, without the secrets that irtool was given."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from irtool.redact import KNOWN


@contextmanager
def broken() -> Iterator[None]:
    """Around the whole command: what nobody expected is shown with its secrets struck out, in every thread, and ends
    with 1. No core file is written, which would hold them too."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    threading.excepthook = lambda told: _tell(told.exc_type, told.exc_value, told.exc_traceback)
    try:
        yield
    except Exception as error:  # noqa: BLE001 (the outermost door)
        _tell(type(error), error, error.__traceback__)
        sys.exit(1)


def _tell(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    import traceback

    sys.stderr.write(KNOWN.hide("".join(traceback.format_exception(kind, error, trace))))
    sys.stderr.write("irtool: this is a fault of irtool. What was done is in the journal: irtool status\n")
