"""The client under test of `pnpm conformance server`: python3 driven.py [ws://…/driver], by the driver protocol of README.md."""

import json
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from muster.player import Player
from muster.websocket import TEXT, Closed, WebSocket


class Driven:
    def __init__(self, url: str):
        self.socket = WebSocket(url, [])
        self.player: Player | None = None
        self.commands: list[dict[str, Any]] = []
        self.over = False
        self.came = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            while True:
                command = json.loads(self.socket.receive())
                with self.came:
                    self.commands.append(command)
                    self.came.notify()
                if self.player:
                    self.player.inbox.put(("wake", None, None))
        except Closed:
            os._exit(0)

    def send(self, message: dict[str, Any]) -> None:
        self.socket.send(json.dumps(message).encode(), TEXT)

    def run(self) -> None:
        while True:
            if self.player is None:
                with self.came:
                    self.came.wait_for(lambda: bool(self.commands), 1)
            else:
                self.player.run(1)
            while self.commands:
                self._do(self.commands.pop(0))

    def _do(self, command: dict[str, Any]) -> None:
        def done(pick: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[dict[str, Any] | None, str, int], None]:
            def answer(value: dict[str, Any] | None, code: str, wait: int) -> None:
                outcome = {"error": code, "retryAfterMs": wait} if value is None else {"ok": pick(value)}
                self.send({"id": command["id"], **outcome})

            return answer

        nothing = done(lambda _value: {})
        what = command["do"]
        if what == "start":
            self.player = Player(command["url"], self.send)
            return self.player.start(done(lambda value: {"playerId": value["player_id"]}))
        player = self.player
        if player is None:
            return nothing(None, "not_started", 0)
        if what == "stop":
            player.stop()
            nothing({}, "", 0)
        elif what == "ping":
            player.ask("ping", {"payload": 7}, nothing)
        elif what == "queue":
            player.enqueue(command["mode"], done(lambda value: found(value["match_found"])))
        elif what == "cancel":
            player.ask("cancel_queue", {}, nothing)
        elif what == "join":
            player.join(done(lambda value: {"matchId": value["match_joined"]["match_id"]}))
        elif what == "input":
            if player.match is None:
                return nothing(None, "not_in_match", 0)
            nothing({"seq": player.input(command["value"])}, "", 0)
        elif what == "leave":
            player.ask("leave_match", {}, nothing)
        elif what == "watch":
            player.watch(command["matchId"], done(lambda value: {"delayMs": value["watching"]["delay_ms"]}))
        elif what == "stop-watching":
            player.ask("stop_watching", {}, nothing)
        elif what == "state":
            shown = player.match or player.watched
            receiver = shown.receiver if shown else None
            seen = receiver is not None and receiver.tick is not None
            state = {"tick": receiver.tick, "acks": receiver.acks, "hash": receiver.hash} if receiver and seen else {"tick": -1}
            done(lambda value: value)(state, "", 0)
        elif what == "subscribe":
            channels = lambda value: [one["channel_id"] for one in value["chat_channels"]["channels"]]  # noqa: E731
            player.subscribe(done(lambda value: {"channels": channels(value)}))
        elif what == "say":
            message = {"channel_id": command["channelId"], "body": command["body"], "key": command["key"]}
            player.ask("chat_send", message, done(lambda value: {"seq": value["chat_sent"]["seq"]}))
        else:
            nothing(None, "unknown_command", 0)


def found(value: dict[str, Any]) -> dict[str, Any]:
    bots = [one["bot"] for one in value["players"] if one["bot"] != ""]
    return {"matchId": value["match_id"], "seat": value["seat"], "held": value["held"], "bots": bots}


if __name__ == "__main__":
    at = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MUSTER_CONFORMANCE", "")
    if at == "":
        sys.exit("usage: python3 driven.py ws://HOST:PORT/driver     or with MUSTER_CONFORMANCE set, as `pnpm conformance server` does")
    Driven(at).run()
