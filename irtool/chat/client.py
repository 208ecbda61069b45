"""The calls to Slack. A call that fails is told to the operator and goes no further: it stops no run."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from irtool.chat.blocks import Block, Message
from irtool.chat.grammar import plain
from irtool.chat.inbox import Asker
from irtool.tell.clean import terminal

if TYPE_CHECKING:
    from slack_sdk import WebClient

TIMEOUT = 10
"""Seconds for one call."""

_RETRIES = 5


def web_client(token: str, url: str, say: Callable[[str], None]) -> WebClient:
    """The Web API with that bot token; waits as long as Slack says when it is asked too often (429, Retry-After)."""
    from slack_sdk import WebClient

    client = WebClient(token=token, base_url=url.rstrip("/") + "/", timeout=TIMEOUT, logger=logger(say))
    client.retry_handlers.append(_patient())
    return client


def _patient() -> Any:
    from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

    return RateLimitErrorRetryHandler(max_retry_count=_RETRIES)


def logger(say: Callable[[str], None]) -> logging.Logger:
    """What the library has to say goes the operator's way, from warnings on, as one clean line."""

    class Saying(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            say(f"slack: {terminal(record.getMessage())[:500]}")

    found = logging.getLogger("irtool.slack")
    found.setLevel(logging.WARNING)
    found.propagate = False
    found.handlers[:] = [Saying()]
    return found


class Slack:
    """The incident channel, and private answers to people."""

    def __init__(self, client: WebClient, channel: str, say: Callable[[str], None]) -> None:
        self._client = client
        self._say = say
        self.channel = channel

    def post(self, message: Message, thread: str = "", *, aloud: bool = False) -> str:
        """Post to the incident channel, or to a thread of it (`aloud`: and to the channel). Returns its time stamp, ""
        if it could not be posted."""
        where = {"thread_ts": thread, "reply_broadcast": aloud} if thread else {}
        answer = self._try("chat.postMessage", {"channel": self.channel, **_content(message), **_quiet(), **where})
        if answer is None:
            return ""
        self.channel = answer.get("channel") or self.channel  # edits need the id where irtool.yaml has a name
        return str(answer.get("ts") or "")

    def edit(self, stamp: str, message: Message) -> bool:
        """Replace a message of ours."""
        return self._try("chat.update", {"channel": self.channel, "ts": stamp, **_content(message)}) is not None

    def whisper(self, asker: Asker, message: Message) -> None:
        """Answer so that only the asker sees it."""
        if asker.respond:
            self._respond(asker.respond, message)
            return
        where = {"thread_ts": asker.thread} if asker.thread else {}
        self._try("chat.postEphemeral", {"channel": asker.channel, "user": asker.user, **_content(message), **where})

    def show(self, asker: Asker, view: Block) -> bool:
        """Open a view for the asker; it works only just after they clicked."""
        return self._try("views.open", {"trigger_id": asker.trigger, "view": view}) is not None

    def first_message(self, asker: Asker) -> str:
        """What the thread that the asker speaks in began with, as it was typed; "" if that cannot be read."""
        answer = self._try(
            "conversations.replies", {"channel": asker.channel, "ts": asker.thread, "limit": 1}, form=True
        )
        found = answer.get("messages") if answer else None
        first = found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else {}
        return plain(str(first.get("text") or ""))

    def _respond(self, url: str, message: Message) -> None:
        from slack_sdk.webhook import WebhookClient

        hook = WebhookClient(url, timeout=TIMEOUT)
        hook.retry_handlers.append(_patient())
        body = {**_content(message), "response_type": "ephemeral", "replace_original": False}
        try:
            answer = hook.send_dict(body)
        except (OSError, HTTPException, ValueError) as error:
            self._failed("response_url", error)
            return
        if answer.status_code != 200:
            self._failed("response_url", f"{answer.status_code} {answer.body[:200]}")

    def _try(self, method: str, body: dict[str, Any], *, form: bool = False) -> dict[str, Any] | None:
        from slack_sdk.errors import SlackApiError, SlackClientError

        try:
            answer = self._client.api_call(method, params=body) if form else self._client.api_call(method, json=body)
        except SlackApiError as error:
            self._failed(method, error.response.get("error") or error)
        except (SlackClientError, OSError, HTTPException, ValueError) as error:
            self._failed(method, error)
        else:
            return answer.data if isinstance(answer.data, dict) else {}
        return None

    def _failed(self, what: str, why: object) -> None:
        self._say(f"slack: {what}: {terminal(str(why))}")


def _content(message: Message) -> dict[str, Any]:
    return {"text": message.text, "blocks": list(message.blocks)}


def _quiet() -> dict[str, Any]:
    return {"unfurl_links": False, "unfurl_media": False, "link_names": False}
