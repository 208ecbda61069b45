"""Signatures as files: Sigma-shaped YAML over a fixed list of fields, one tree, compiled to Python and to SQL.

YAML -> reading (items, condition) -> tree -> predicate  (a complaint, or a log row)
                                           -> sql        (the gateway log, values as parameters)

from irtool.triage.rules import book, message_values
[rule.name for rule in book().rules if rule.matches(message_values(complaint, directory.owner))]
question = rule.question(); log.query(question.select(), question.parameters)
"""

from __future__ import annotations

from irtool.triage.rules.correlation import Cluster, clusters
from irtool.triage.rules.library import book, read_folders
from irtool.triage.rules.message import Owner, message_values
from irtool.triage.rules.reading import load
from irtool.triage.rules.row import row_values
from irtool.triage.rules.rule import Book, Correlation, Rule

__all__ = [
    "Book",
    "Cluster",
    "Correlation",
    "Owner",
    "Rule",
    "book",
    "clusters",
    "load",
    "message_values",
    "read_folders",
    "row_values",
]
