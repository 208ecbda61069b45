"""Everything irtool can say no with. One class is one exit code and a hint.

    IrtoolError                     what happened, what was already done, what to type next
    ├── UsageError             2    a flag, a file, an incident that does not exist
    │   ├── PlaybookError      2    faults in a playbook, each with file:line:column
    │   ├── ConfigError        2    faults in irtool.yaml, or a secret that is not there
    │   └── InputError         2    a complaint, a log or a directory that cannot be read
    ├── StepFailed             1    a change was tried and the server said no
    ├── Waiting                3    a person has to say yes first
    ├── Unknown                4    it cannot be told whether a change was applied
    ├── Refused                5    a guard, an approval rule or a lease forbids it
    └── CallError                   one call to a server went wrong (caught by plan and run)
        ├── NotSent            1    it certainly did not reach the server
        ├── Rejected           1    the server answered, and the answer is not success
        └── InDoubt            4    it may have been applied: a timeout, a reset, a garbled answer

Exit codes are part of the interface: scripts rely on them.
"""

from __future__ import annotations

from collections.abc import Sequence


class IrtoolError(Exception):
    """Base of all expected errors. `done` says what already happened, `hint` what to type next."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", done: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.done = done


class UsageError(IrtoolError):
    """The command cannot be carried out as typed. Nothing was changed."""

    exit_code = 2


class FaultsError(UsageError):
    """Several faults in one file, all of them at once; `faults` are lines `file:line:column  what`."""

    def __init__(self, message: str, faults: Sequence[str] = (), *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.faults = tuple(faults)


class PlaybookError(FaultsError):
    """A playbook that is not valid."""


class ConfigError(FaultsError):
    """An irtool.yaml that is not valid, or a reference in it that cannot be followed."""


class InputError(UsageError):
    """A complaint, a log or a directory file that cannot be read or lacks what is needed."""


class StepFailed(IrtoolError):
    """At least one change failed; the journal says which."""

    exit_code = 1


class Waiting(IrtoolError):
    """The run stopped at a step that a person has to approve."""

    exit_code = 3


class Unknown(IrtoolError):
    """The outcome of at least one change is not known; `irtool resume` looks."""

    exit_code = 4


class Refused(IrtoolError):
    """A guard, an approval rule or the lease of another process forbids it."""

    exit_code = 5


class CallError(IrtoolError):
    """One call to a server did not succeed."""


class NotSent(CallError):
    """The request did not reach the server: connection refused, name not found, TLS refused, lock not free."""


class Rejected(CallError):
    """The server answered and the answer is not success; `status` is its status code (0 if it has none)."""

    def __init__(self, message: str, *, status: int = 0, hint: str = "", done: str = "") -> None:
        super().__init__(message, hint=hint, done=done)
        self.status = status


class InDoubt(CallError):
    """The request was sent and there is no trustworthy answer: it may or may not have been applied."""

    exit_code = 4
