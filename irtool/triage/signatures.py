"""Campaign signatures: what a complaint has in common with known abuse, with the directory where there is one.

The signatures are files (`playbooks/signatures/` and the users' own folders, see `irtool.triage.rules`). A signature
says what it saw, not who did it.
"""

from __future__ import annotations

from collections.abc import Sequence

from irtool.records import Complaint
from irtool.triage.rules.correlation import Cluster
from irtool.triage.rules.correlation import clusters as _clusters
from irtool.triage.rules.library import book
from irtool.triage.rules.message import Owner, message_values
from irtool.triage.rules.rule import Book, Rule

__all__ = ["SIGNATURES", "Book", "Cluster", "Owner", "Rule", "book", "clusters", "hits"]

SIGNATURES: Sequence[Rule]
"""The shipped signatures, the gravest first; read when first asked for."""


def __getattr__(name: str) -> Sequence[Rule]:
    if name == "SIGNATURES":
        return book().rules
    raise AttributeError(name)


def hits(complaint: Complaint, owner: Owner | None = None, signatures: Book | None = None) -> tuple[str, ...]:
    """The names of the signatures that the complaint bears, the gravest first.

    `owner` asks the directory who owns a domain; `signatures` are the shipped ones unless others are given. Raises
    FaultsError if a shipped file is broken.
    """
    values = message_values(complaint, owner)
    rules = (signatures or book()).rules
    return tuple(rule.name for rule in rules if rule.for_messages and rule.matches(values))


def clusters(
    complaints: Sequence[Complaint], owner: Owner | None = None, signatures: Book | None = None
) -> tuple[Cluster, ...]:
    """The complaints that belong together: the same relay, HELO or Message-ID domain on different days."""
    return _clusters(complaints, signatures or book(), owner)
