"""What the provider says no with: an HTTP status and a sentence."""

from __future__ import annotations

from irtool.errors import UsageError


class Problem(UsageError):
    """A request the provider cannot carry out; `status` is the HTTP status its admin API answers with."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
