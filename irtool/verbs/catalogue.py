"""All verbs by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from irtool.records import Verb
from irtool.verbs.account import VERBS as ACCOUNT
from irtool.verbs.block import VERBS as BLOCK
from irtool.verbs.policy import VERBS as POLICY
from irtool.verbs.queue import VERBS as QUEUE
from irtool.verbs.words import VERBS as WORDS
from irtool.verbs.work import VERBS as WORK

CATALOGUE: Mapping[str, Verb] = MappingProxyType(
    {v.name: v for v in (*WORK, *BLOCK, *ACCOUNT, *QUEUE, *POLICY, *WORDS)}
)
"""Every verb that a playbook may use, by its name. `params` are the keys its `with` may have and their types: text,
duration ("30d"), address, any. `target` may always be given instead of taking it from the item of `each`."""
