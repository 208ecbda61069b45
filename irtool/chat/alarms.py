"""Alarms that a watch writes, wherever it runs, told in the channel: somebody has to see to them."""

from __future__ import annotations

from irtool.chat.board import Board
from irtool.chat.words import foreign
from irtool.tell.sentences import Sentences
from irtool.wiring import Desk


class Alarms:
    """Looks for new ones in the journal. What was written before this process began is not told again."""

    def __init__(self, desk: Desk, board: Board) -> None:
        self._desk = desk
        self._board = board
        self._heard: dict[str, int] = {}
        self._began = desk.clock.now()

    def look_around(self) -> None:
        """Tell each new alarm once, in the incident's thread and in the channel."""
        for incident in self._desk.journal.incidents():
            fresh = []
            for event in self._desk.journal.events(incident, self._heard.get(incident, 0)):
                self._heard[incident] = event.seq
                if event.kind == "watch.alarm" and event.recorded_at >= self._began:
                    fresh.append(event)
            if fresh:
                sentences = Sentences.of(self._desk.history(incident), "en")
                lines = [f"*{incident}*  {foreign(sentences.say(e))}: {foreign(sentences.detail(e))}" for e in fresh]
                self._board.announce(incident, lines)
