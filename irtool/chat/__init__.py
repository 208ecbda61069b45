"""Front door 2: Slack over Socket Mode. The same engine as the terminal; what Slack says or fails to say stops no run.

    serve    connects, acknowledges, hands on            inbox    envelopes -> what a person said or clicked
    door     what they may ask for, and the answers      grammar  text -> words
    cases    opening, running, deciding                  board    headline, thread and cards in the channel
    views    histories and plans -> messages             blocks, words   Block Kit, and text made harmless
    client   the calls to Slack

Two things in this room are rules and not taste: a Slack user is a person only if irtool.yaml maps their id, and every
answer to an approval goes through `Desk.decide`, which knows who may.
"""

from __future__ import annotations

from irtool.chat.service import serve

__all__ = ["serve"]
