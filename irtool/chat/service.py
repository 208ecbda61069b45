"""Serving Slack: connects over Socket Mode, acknowledges every envelope at once, and hands it to a worker."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from irtool.chat.client import Slack, logger, web_client
from irtool.chat.door import Door
from irtool.chat.inbox import Seen, names, read
from irtool.config import SlackSettings
from irtool.errors import ConfigError, IrtoolError
from irtool.tell.clean import terminal
from irtool.wiring import Desk

if TYPE_CHECKING:
    from slack_sdk import WebClient
    from slack_sdk.socket_mode import SocketModeClient
    from slack_sdk.socket_mode.client import BaseSocketModeClient
    from slack_sdk.socket_mode.request import SocketModeRequest

_AT_ONCE = 8
_LOOK_AROUND = 2.0
_MISSING = (
    "slack:",
    '  app_token: "env:SLACK_APP_TOKEN"     # xapp-…  scope connections:write, Socket Mode on',
    '  bot_token: "env:SLACK_BOT_TOKEN"     # xoxb-…  scopes app_mentions:read channels:history chat:write commands',
    "  channel: C0INCIDENTS                 # where incidents are told; invite the bot there",
)


def serve(desk: Desk, say: Callable[[str], None], *, stop: threading.Event | None = None) -> None:
    """Serve the incident channel until Ctrl-C or until `stop` is set; runs then finish what is in flight.

    Raises ConfigError if irtool.yaml has no Slack section or Slack does not take a token of it, IrtoolError if Slack
    cannot be reached. A connection that is lost later is made again.
    """
    settings = desk.config.settings.slack
    if settings is None:
        raise ConfigError("irtool.yaml has no Slack section; add the lines above", _MISSING, hint="irtool slack")
    stop = stop or threading.Event()
    app_token = desk.config.secret(settings.app_token)
    web = web_client(desk.config.secret(settings.bot_token), settings.api_url, say)
    me = str(_ask(lambda: web.auth_test().data, "bot_token", settings).get("user_id") or "")
    desk.journal.incidents()  # opened now: a fault in it is told before anybody is served
    door = Door(desk, Slack(web, settings.channel, say), say)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="irtool slack") as workers:
        client = _connect(app_token, web, _Listener(door, workers, me), settings, say)
        say(f"serving {terminal(settings.channel)}; Ctrl-C ends it")
        try:
            while not stop.wait(_LOOK_AROUND):
                _look_around(door, say)
        finally:
            say("ending; runs finish what is in flight")
            client.close()
            door.cases.close()


def _look_around(door: Door, say: Callable[[str], None]) -> None:
    try:
        door.cases.look_around()
    except IrtoolError as error:  # a busy disk: next time
        say(f"slack: {terminal(error.message)}")


class _Listener:
    """Acknowledges an envelope within Slack's 3 seconds, then has it answered, once."""

    def __init__(self, door: Door, workers: ThreadPoolExecutor, me: str) -> None:
        self._door = door
        self._workers = workers
        self._me = me
        self._seen = Seen()

    def __call__(self, client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        """One envelope. If it cannot be acknowledged Slack tells its sender so, or sends it again: not done then."""
        from slack_sdk.errors import SlackClientError
        from slack_sdk.socket_mode.response import SocketModeResponse

        try:
            client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        except (SlackClientError, OSError):
            return
        payload: dict[str, Any] = request.payload or {}
        asked = read(request.type, payload, self._me)
        if asked is not None and self._seen.first(names(request.envelope_id, payload)):
            self._workers.submit(self._door.answer, asked)


def _connect(
    app_token: str, web: WebClient, listener: _Listener, settings: SlackSettings, say: Callable[[str], None]
) -> SocketModeClient:
    from slack_sdk.socket_mode import SocketModeClient

    client = SocketModeClient(app_token, logger=logger(say), web_client=web)
    client.socket_mode_request_listeners.append(listener)
    try:
        _ask(client.connect, "app_token", settings)
        _check(client)
    except BaseException:
        client.close()
        raise
    return client


def _check(client: SocketModeClient) -> None:
    if not client.is_connected():
        raise IrtoolError("Slack does not open its socket", hint="irtool slack")


def _ask(call: Callable[[], Any], token: str, settings: SlackSettings) -> dict[str, Any]:
    """The first use of a token. Raises ConfigError if Slack says no, IrtoolError if it cannot be reached."""
    from slack_sdk.errors import SlackApiError, SlackClientError

    try:
        answer = call()
    except SlackApiError as error:
        why = error.response.get("error") or "no reason given"
        raise ConfigError(
            f"Slack does not take slack.{token} of irtool.yaml: {why}",
            hint="https://api.slack.com/apps shows the tokens",
        ) from None
    except (SlackClientError, OSError, HTTPException, ValueError) as error:
        raise IrtoolError(f"Slack cannot be reached at {settings.api_url}: {error}", hint="irtool slack") from None
    return answer if isinstance(answer, dict) else {}
