"""Carrying out a conversation: what a connector asks for goes to the sender, what the server says goes back."""

from __future__ import annotations

from typing import TypeVar

from irtool.errors import CallError
from irtool.ports import CallSender, Exchange

R = TypeVar("R")


def hold(conversation: Exchange[R], sender: CallSender) -> R:
    """Send each Call the conversation yields and return what it returns.

    A CallError of the sender is thrown into the conversation, which may answer it or let it through; whatever the
    conversation raises is raised here.
    """
    try:
        call = next(conversation)
        while True:
            try:
                reply = sender.send(call)
            except CallError as error:
                call = conversation.throw(error)
            else:
                call = conversation.send(reply)
    except StopIteration as end:
        result: R = end.value
        return result
    finally:
        conversation.close()
