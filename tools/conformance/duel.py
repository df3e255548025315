"""Plays one duel against whoever else waits: python3 duel.py URL MODE. Loses its connection in the midst of it, returns, and prints the result."""

import json
import sys
import time
from typing import Any

from muster.player import Player

WITHIN_S = 60
CUT_AT_TICK = 40
TICKS_PER_INPUT = 5


def play(url: str, mode: str) -> dict[str, Any]:
    events: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []

    def done(answer: dict[str, Any] | None, code: str, _wait: int) -> None:
        assert answer is not None, code
        answers.append(answer)

    player = Player(url, events.append)
    deadline = time.monotonic() + WITHIN_S

    def until(reached: Any, what: str) -> None:
        while not reached():
            assert time.monotonic() < deadline, f"not within {WITHIN_S} s: {what}; {events}"
            player.run(0.05)

    player.start(done)
    until(lambda: len(answers) == 1, "welcome")
    player.enqueue(mode, done)
    until(lambda: len(answers) == 2, "a match")
    player.join(done)
    until(lambda: len(answers) == 3, "the seat")
    match = player.match
    assert match is not None
    held = {field["name"]: field["name"] in ("thrust", "fire") for field in match.inputs.fields}
    cut = False

    def goes_on() -> bool:
        nonlocal cut
        tick = match.receiver.tick or 0
        if tick >= (match.seq + 1) * TICKS_PER_INPUT and player.link and not player.link.closed:
            player.input({**held, "left": match.seq % 2 == 0})
        if tick >= CUT_AT_TICK and not cut and player.link:
            cut = True
            player.link.socket.cut()
        return any(event["event"] in ("ended", "cancelled") for event in events)

    until(goes_on, "the end")
    end = next(event for event in events if event["event"] in ("ended", "cancelled"))
    acked = match.receiver.ack_of(match.seat)
    player.stop()
    return {"matchId": match.match_id, "seat": match.seat, "sent": match.seq, "acked": acked, "cut": cut, **end}


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python3 duel.py URL MODE     such as http://localhost:8080 duel-quick")
    print(json.dumps(play(sys.argv[1], sys.argv[2])))
