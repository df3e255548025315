"""A player that reconnects, resumes and plays (STATE-MACHINE.md). Everything is decided in one thread: readers only put what came into a queue."""

import queue
import random
import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

from .client import PROTOCOL_VERSION, SCHEMA, SUBPROTOCOL, case_of, rest
from .frames import CONTROL, Receiver, input_frame
from .layout import Layout
from .websocket import Closed, Refused, WebSocket

Done = Callable[[dict[str, Any] | None, str, int], None]
RECONNECT_S, RECONNECT_S_MAX = 0.05, 2.0
# Of the time that a stopping gateway gives.
LEAVE_SHARE = 0.7
SEAT_AGAIN_S = 0.3
RENEW_BEFORE_MS = 60_000
TOKEN_ENDED = (4003, 4005)


class Link:
    """One connection to one gateway."""

    def __init__(self, url: str, inbox: "queue.Queue[tuple[Any, ...]]"):
        self.socket = WebSocket(url.replace("http", "ws", 1) + "/v1/realtime", [SUBPROTOCOL])
        self.answers: dict[int, Done] = {}
        self.request_id = 0
        self.welcome = False
        self.closed = False
        threading.Thread(target=self._read, args=(inbox,), daemon=True).start()

    def _read(self, inbox: "queue.Queue[tuple[Any, ...]]") -> None:
        try:
            while True:
                inbox.put(("frame", self, self.socket.receive()))
        except Closed as closed:
            inbox.put(("closed", self, closed.code))

    def ask(self, case: str, value: dict[str, Any], done: Done) -> None:
        self.request_id += 1
        self.answers[self.request_id] = done
        self.send(bytes([CONTROL]) + SCHEMA.encode("ClientControl", {"request_id": self.request_id, case: value}))

    def send(self, frame: bytes) -> None:
        try:
            self.socket.send(frame)
        except Closed:
            pass  # its reader says so


class Match:
    """One that is played, or watched."""

    def __init__(self, about: dict[str, Any], layouts: dict[str, Any]):
        self.match_id: str = about["match_id"]
        self.seat: int = about.get("seat", -1)
        self.receiver = Receiver(layouts["state"])
        self.inputs: Layout = layouts["input"]
        self.held: bool = layouts["held"]
        self.seq = self.match_seq = 0
        # Sent, and not applied as far as this client knows: (number, frame).
        self.sent: list[tuple[int, bytes]] = []

    def input(self, value: dict[str, Any], tick: int = 0) -> bytes:
        self.seq += 1
        frame = input_frame(self.inputs, self.seq, tick, value)
        self.sent.append((self.seq, frame))
        return frame

    def missing(self, last_input_seq: int) -> list[bytes]:
        """What the shard does not have and still counts: of held inputs the last one."""
        self.seq = max(self.seq, last_input_seq)
        self.sent = [(seq, frame) for seq, frame in self.sent if seq > last_input_seq]
        return [frame for _, frame in (self.sent[-1:] if self.held else self.sent)]

    def frame(self, frame: bytes) -> None:
        if self.receiver.apply(frame) and self.seat >= 0:
            ack = self.receiver.ack_of(self.seat)
            self.sent = [(seq, one) for seq, one in self.sent if seq > ack]


class Player:
    def __init__(self, url: str, tell: Callable[[dict[str, Any]], None]):
        self.url, self.tell = url, tell
        self.inbox: queue.Queue[tuple[Any, ...]] = queue.Queue()
        session = rest(url, "POST", "/v1/auth/guest", {"deviceKey": secrets.token_hex(16)})
        self.player_id: str = session["player"]["playerId"]
        self.tokens: dict[str, Any] = session["tokens"]
        self.link: Link | None = None
        # Another connection, which is about to take the seat.
        self.next: Link | None = None
        self.stopped = False
        self.found: dict[str, Any] = {}
        self.match: Match | None = None
        self.watched: Match | None = None
        # Of Enqueue: the mode, the ticket, and whom to tell.
        self.queued: dict[str, Any] | None = None
        # By channel: the highest change. None: not subscribed.
        self.cursors: dict[str, int] | None = None
        self._layouts: dict[str, dict[str, Any]] = {}
        self._timers: list[tuple[float, Callable[[], None]]] = []
        self._delay_s = RECONNECT_S

    # What a caller does. Each calls `done` with an answer, or with None, a code, and how long to wait.

    def start(self, done: Done) -> None:
        self._open(lambda link: self._welcomed(link, done), done)

    def stop(self) -> None:
        self.stopped = True
        for link in (self.link, self.next):
            if link:
                link.socket.close()

    def ask(self, case: str, value: dict[str, Any], done: Done) -> None:
        if self.link is None:
            return done(None, "closed", 0)
        self.link.ask(case, value, done)

    def enqueue(self, mode: str, done: Done) -> None:
        self.queued = {"mode": mode, "ticket_id": "", "done": done}
        self._enqueue()

    def join(self, done: Done) -> None:
        def joined(answer: dict[str, Any] | None, code: str, wait: int) -> None:
            if answer:
                self.match = Match(answer["match_joined"], self._layout(answer["match_joined"]))
            done(answer, code, wait)

        self.ask("join_match", {"seat_ticket": self.found["seat_ticket"]}, joined)

    def input(self, value: dict[str, Any], tick: int = 0) -> int:
        assert self.match is not None
        frame = self.match.input(value, tick)
        if self.link:
            self.link.send(frame)
        return self.match.seq

    def watch(self, match_id: str, done: Done) -> None:
        def watching(answer: dict[str, Any] | None, code: str, wait: int) -> None:
            if answer:
                self.watched = Match(answer["watching"], self._layout(answer["watching"]))
            done(answer, code, wait)

        self.ask("watch_match", {"match_id": match_id}, watching)

    def subscribe(self, done: Done) -> None:
        cursors = [{"channel_id": channel, "change": change} for channel, change in (self.cursors or {}).items()]
        self.ask("chat_subscribe", {"cursors": cursors}, done)

    # The loop.

    def run(self, within_s: float) -> None:
        """Handles what came, and what is due, for at most as long as this."""
        now = time.monotonic()
        due = [timer for timer in self._timers if timer[0] <= now]
        self._timers = [timer for timer in self._timers if timer[0] > now]
        for _, act in due:
            act()
        soonest = min([now + within_s, *(at for at, _ in self._timers)])
        try:
            kind, link, value = self.inbox.get(timeout=max(0.0, soonest - time.monotonic()))
        except queue.Empty:
            return
        if kind == "frame":
            self._frame(link, value)
        elif kind == "closed":
            self._closed(link, value)

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        self._timers.append((time.monotonic() + seconds, lambda: None if self.stopped else act()))

    # Connections.

    def _open(self, welcomed: Callable[[Link], None], failed: Done) -> None:
        try:
            link = Link(self.url, self.inbox)
        except (OSError, Refused, Closed):
            return failed(None, "closed", 1006)

        def answered(answer: dict[str, Any] | None, code: str, wait: int) -> None:
            if answer is None:
                return failed(None, code, wait)
            self._renew_later(link, answer["welcome"]["token_ends_in_ms"])
            welcomed(link)

        hello = {"access_token": self.tokens["accessToken"], "protocol_version": PROTOCOL_VERSION, "client": "python"}
        link.ask("hello", hello, answered)

    def _welcomed(self, link: Link, done: Done) -> None:
        self.link, self._delay_s = link, RECONNECT_S
        done({"player_id": self.player_id}, "", 0)

    def _renew_later(self, link: Link, ends_in_ms: int) -> None:
        def renew() -> None:
            if link.closed:
                return
            self._refresh()
            hello = {"access_token": self.tokens["accessToken"], "protocol_version": PROTOCOL_VERSION}
            link.ask("hello", hello, lambda answer, _code, _wait: answer and self._renew_later(link, answer["welcome"]["token_ends_in_ms"]))

        if ends_in_ms > 0:
            self._after(max(ends_in_ms - RENEW_BEFORE_MS, ends_in_ms / 2) / 1000, renew)

    def _refresh(self) -> None:
        self.tokens = rest(self.url, "POST", "/v1/auth/refresh", {"refreshToken": self.tokens["refreshToken"]})

    def _closed(self, link: Link, code: int) -> None:
        link.closed = True
        answers, link.answers = list(link.answers.values()), {}
        was_current = link is self.link
        if was_current:
            self.link = None
        for done in answers:
            done(None, "closed", code)
        if link is self.next:
            self.next = None
        elif was_current and not self.stopped and self.next is None:
            self._lost(code)

    def _lost(self, code: int) -> None:
        if 4500 <= code <= 4999:
            self.stopped = True
            return self.tell({"event": "closed", "code": code})
        if code in TOKEN_ENDED:
            self._refresh()
        self._after(self._delay_s * (0.5 + random.random() / 2), self._reconnect)
        self._delay_s = min(self._delay_s * 2, RECONNECT_S_MAX)

    def _reconnect(self) -> None:
        self._open(lambda link: self._welcomed(link, lambda *_: self._resume()), lambda _none, _code, wait: self._lost(wait))

    def _resume(self) -> None:
        if self.cursors is not None:
            self.subscribe(lambda *_: None)
        if self.match and self.link:
            return self._take_seat(self.link)
        if self.queued:
            self._enqueue()
        if self.watched:
            self.watch(self.watched.match_id, lambda answer, code, _wait: None if answer or code == "closed" else self._watch_ended(code))

    def _take_seat(self, link: Link, taken: Callable[[], None] = lambda: None) -> None:
        match = self.match
        assert match is not None

        def answered(answer: dict[str, Any] | None, code: str, _wait: int) -> None:
            if answer:
                taken()
                for frame in match.missing(answer["match_joined"]["last_input_seq"]):
                    link.send(frame)
            elif code == "shard_unavailable":
                self._after(SEAT_AGAIN_S, lambda: self._take_seat(link, taken) if self.match and not link.closed else None)
            elif code != "closed" and self.match is match:
                self.match = None
                self.tell({"event": "cancelled", "reason": code})

        link.ask("join_match", {"seat_ticket": self.found["seat_ticket"], "last_match_seq": match.match_seq}, answered)

    def _leave_gateway(self, link: Link) -> None:
        if link is not self.link:
            return
        if self.match is None:
            link.socket.close()  # and when it is closed, another one is opened
            return

        def moved(to: Link) -> None:
            self.next = to
            self._take_seat(to, lambda: self._moved(link, to))

        self._open(moved, lambda *_: self._after(SEAT_AGAIN_S, lambda: self._leave_gateway(link)))

    def _moved(self, link: Link, to: Link) -> None:
        self.link, self.next = to, None
        link.socket.close()
        if self.cursors is not None:
            self.subscribe(lambda *_: None)

    # What came.

    def _frame(self, link: Link, frame: bytes) -> None:
        if frame[0] == CONTROL:
            message = SCHEMA.decode("ServerControl", frame[1:])
            if len(message) > 2:  # of a later version: no field of the oneof
                self._control(link, message)
        elif frame[0] in (3, 4) and link is self.link:
            shown = self.match or self.watched
            if shown:
                shown.frame(frame)

    def _control(self, link: Link, message: dict[str, Any]) -> None:
        case, request_id, match_seq = case_of(message), message["request_id"], message["match_seq"]
        done = link.answers.pop(request_id, None) if request_id else None
        value = message[case]
        if self.match and match_seq > 0 and case != "error":
            if match_seq <= self.match.match_seq:
                return
            self.match.match_seq = match_seq
        self._note(link, case, value, done is not None)
        if done and case == "error":
            done(None, value["code"], value["retry_after_ms"])
        elif done:
            done(message, "", 0)

    def _note(self, link: Link, case: str, value: dict[str, Any], asked: bool) -> None:
        if case == "queued" and self.queued:
            self.queued["ticket_id"] = value["ticket_id"]
        elif case == "queue_left":
            self._left(value["reason"], value["retry_after_ms"])
        elif case == "match_found" and self.queued:
            self.found = value
            done, self.queued = self.queued["done"], None
            done({"match_found": value}, "", 0)
        elif case == "match_joined" and not asked and self.match:  # on another shard
            for frame in self.match.missing(value["last_input_seq"]):
                link.send(frame)
        elif case in ("match_ended", "match_cancelled") and self.match and self.match.match_id == value["match_id"]:
            self.match = None if case == "match_cancelled" else self._ended(value)
            if case == "match_cancelled":
                self.tell({"event": "cancelled", "reason": value["reason"]})
        elif case == "seat_status":
            self.tell({"event": "seat", "seat": value["seat"], "connected": value["connected"], "graceMs": value["grace_ms"]})
        elif case == "error" and not asked:
            self.tell({"event": "refused", "code": value["code"], "count": value["count"]})
        elif case == "watch_ended" and not asked:
            self._watch_ended(value["reason"])
        elif case == "going_away":
            self._after(random.random() * LEAVE_SHARE * value["reconnect_within_ms"] / 1000, lambda: self._leave_gateway(link))
        elif case == "chat_channels":
            known = self.cursors or {}
            self.cursors = {one["channel_id"]: max(one["from_change"], known.get(one["channel_id"], 0)) for one in value["channels"]}
        elif case == "chat_changed" and self.cursors is not None and value["change"] > self.cursors.get(value["channel_id"], 0):
            self.cursors[value["channel_id"]] = value["change"]
            self.tell({"event": "chat", "channelId": value["channel_id"], **{name: value[name] for name in ("seq", "body", "deleted")}})

    def _ended(self, value: dict[str, Any]) -> None:
        seats = sorted(value["seats"], key=lambda one: one["seat"])
        assert self.match is not None
        self.tell(
            {
                "event": "ended",
                "reason": value["reason"],
                "ticks": value["ticks"],
                "stateHash": value["state_hash"],
                "ownHash": self.match.receiver.hash,
                "scores": [one["score"] for one in seats],
                "ranks": [one["rank"] for one in seats],
            }
        )

    def _watch_ended(self, reason: str) -> None:
        self.watched = None
        self.tell({"event": "watch-ended", "reason": reason})

    # The queue.

    def _enqueue(self) -> None:
        queued = self.queued
        assert queued is not None

        def answered(_answer: dict[str, Any] | None, code: str, wait: int) -> None:
            if code not in ("", "closed") and self.queued is queued:
                self._left(code, wait)

        self.ask("enqueue", {"mode": queued["mode"], "resume_ticket_id": queued["ticket_id"]}, answered)

    def _left(self, code: str, wait: int) -> None:
        if self.queued:
            done, self.queued = self.queued["done"], None
            done(None, code, wait)

    def _layout(self, about: dict[str, Any]) -> dict[str, Any]:
        wanted = about["layout_hash"]
        if wanted not in self._layouts:
            for build in rest(self.url, "GET", f"/v1/games/{about['game_id']}")["builds"]:
                layouts = {"state": Layout(build["state"]), "input": Layout(build["input"]), "held": build["inputMode"] == "held"}
                self._layouts[build["layoutHash"]] = layouts
        return self._layouts[wanted]
