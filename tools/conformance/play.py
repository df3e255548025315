"""Plays on a live Muster: python3 play.py URL MODE. Prints what was seen, one JSON document a line; fails at what is not by the contract."""

import json
import secrets
import sys
import time
import uuid
from typing import Any

from muster.client import Connection, Refusal, RestError, rest
from muster.frames import INPUT, KEYFRAME, input_frame
from muster.layout import Layout, layout_hash
from muster.websocket import Refused, WebSocket


# A match that is none.
NOWHERE = str(uuid.UUID(int=7 << 76 | 2 << 62))


def seen(what: str, **more: Any) -> None:
    print(json.dumps({"seen": what, **more}), flush=True)


def expect(got: object, wanted: object, what: str) -> None:
    assert got == wanted, f"{what}: {got!r}, not {wanted!r}"


def refused(what: str, code: str, act: Any) -> None:
    try:
        got = act()
    except (Refusal, RestError) as refusal:
        return expect(refusal.code, code, what)
    raise AssertionError(f"{what}: {got!r}, not {code}")


class Guest:
    def __init__(self, url: str):
        self.url = url
        session = rest(url, "POST", "/v1/auth/guest", {"deviceKey": secrets.token_hex(16)})
        self.player_id = session["player"]["playerId"]
        self.token = session["tokens"]["accessToken"]
        self.layouts: dict[str, Layout] = {}
        self.input_seq = 0
        self.found: dict[str, Any] = {}
        self.connect()

    def connect(self) -> None:
        match_seq = self.connection.match_seq if hasattr(self, "connection") else 0
        self.connection = Connection(self.url, self.token)
        self.connection.layouts = self.layouts
        self.connection.match_seq = match_seq

    def join(self, last_match_seq: int = 0) -> dict[str, Any]:
        asked = {"seat_ticket": self.found["seat_ticket"], "last_match_seq": last_match_seq}
        return self.connection.ask("join_match", asked)["match_joined"]

    def steer(self, layout: Layout, held: dict[str, bool], tick: int = 0) -> None:
        self.input_seq += 1
        value = {field["name"]: held.get(field["name"], False) for field in layout.fields}
        self.connection.socket.send(input_frame(layout, self.input_seq, tick, value))


def chat(one: Guest, other: Guest) -> None:
    channels = {}
    for guest in (one, other):
        answer = guest.connection.ask("chat_subscribe", {})["chat_channels"]["channels"]
        channels[guest] = next(channel["channel_id"] for channel in answer if channel["kind"] == "global")
    body, key = f"hello from {one.player_id}", str(uuid.uuid4())
    message = {"channel_id": channels[one], "body": body, "key": key}
    sent = one.connection.ask("chat_send", message)["chat_sent"]
    expect(one.connection.ask("chat_send", message)["chat_sent"]["seq"], sent["seq"], "the same key again")
    for guest in (one, other):
        change = guest.connection.told("chat_changed", lambda value: value["seq"] == sent["seq"])
        expect((change["body"], change["author_id"]), (body, one.player_id), "the message")
    # After a lost connection what was missed comes first.
    other.connection.socket.cut()
    missed = {"channel_id": channels[one], "body": "while you were away", "key": str(uuid.uuid4())}
    missed_seq = one.connection.ask("chat_send", missed)["chat_sent"]["seq"]
    other.connect()
    cursor = {"channel_id": channels[other], "change": change["change"]}
    other.connection.ask("chat_subscribe", {"cursors": [cursor]})
    again = other.connection.told("chat_changed")
    expect((again["seq"], again["body"]), (missed_seq, "while you were away"), "what was missed")
    seen("chat", seq=sent["seq"])


def duel(url: str, mode: str) -> None:
    one, other, spectator = Guest(url), Guest(url), Guest(url)
    modes = {entry["mode"]: entry for entry in rest(url, "GET", "/v1/modes")["modes"]}
    builds = rest(url, "GET", f"/v1/games/{modes[mode]['gameId']}")["builds"]
    for build in builds:
        expect(layout_hash(build["state"], build["input"]), build["layoutHash"], "the layout's hash")
    inputs = Layout(builds[0]["input"])
    for guest in (one, other, spectator):
        guest.layouts = {build["layoutHash"]: Layout(build["state"]) for build in builds}
        guest.connection.layouts = guest.layouts
    chat(one, other)

    for guest in (one, other):
        queued = guest.connection.ask("enqueue", {"mode": mode})["queued"]
        expect(queued["mode"], mode, "the queue")
    for guest in (one, other):
        guest.found = guest.connection.told("match_found")
    match_id = one.found["match_id"]
    expect(match_id, other.found["match_id"], "the match")
    expect({one.found["seat"], other.found["seat"]}, {0, 1}, "the seats")

    joined = one.join()
    expect((joined["match_id"], joined["resumed"], joined["last_input_seq"]), (match_id, False, 0), "joined")
    expect(joined["build_id"] in {build["buildId"] for build in builds}, True, "the build")
    one.connection.until(lambda: one.connection.applied == 1, "no keyframe while the other is awaited")
    expect(one.connection.receiver.tick, 0, "the tick of the first keyframe")
    first: list[int] = []
    one.connection.on_frame = lambda frame: first.append(frame[0])
    other.join()
    spectator.connection.ask("watch_match", {"match_id": match_id})
    refused("watching nothing instead", "match_not_found", lambda: spectator.connection.ask("watch_match", {"match_id": NOWHERE}))
    refused("which has ended the one before", "not_watching", lambda: spectator.connection.ask("stop_watching", {}))
    spectator.connection.ask("watch_match", {"match_id": match_id})
    watching = spectator.connection.ask("watch_match", {"match_id": match_id})["watching"]
    expect([one for one in spectator.connection.untaken if "watch_ended" in one], [], "what is told of the one before")
    seen("joined", tickRate=joined["tick_rate"], options=joined["options"], delayMs=watching["delay_ms"])

    for guest, held in ((one, {"thrust": True, "fire": True}), (other, {"left": True, "fire": True})):
        for _ in range(3):
            guest.steer(inputs, held)
    seat = one.found["seat"]
    one.connection.until(lambda: one.connection.receiver.ack_of(seat) >= 3, "the inputs are not applied")
    expect(first[0] != KEYFRAME, True, "what follows the first keyframe: deltas")
    expect(one.connection.dropped, 0, "deltas that did not follow")

    # The connection is lost, and comes back.
    last_seq, match_seq = one.input_seq, one.connection.match_seq
    one.connection.socket.cut()
    status = other.connection.told("seat_status")
    expect((status["seat"], status["connected"], status["grace_ms"] > 0), (seat, False, True), "who is away")
    one.connect()
    joined = one.join(match_seq)
    expect((joined["resumed"], joined["last_input_seq"]), (True, last_seq), "back in the seat")
    expect(other.connection.told("seat_status")["connected"], True, "who is back")
    one.steer(inputs, {"right": True, "fire": True})
    one.connection.until(lambda: one.connection.receiver.ack_of(seat) == one.input_seq, "the input after the return")
    # A number that was used before is refused, and the connection stays.
    one.connection.socket.send(input_frame(inputs, last_seq, 0, {"left": False, "right": False, "thrust": False, "fire": False}))
    expect(one.connection.told("error")["code"], "input_out_of_order", "an old number")
    one.connection.socket.send(bytes([INPUT]) + (99).to_bytes(4, "little") + bytes(4) + b"\xff\xff")
    expect(one.connection.told("error")["code"], "input_malformed", "an input that is none")
    seen("resumed", acks=one.connection.receiver.acks)

    for guest in (one, other):
        end = guest.connection.told("match_ended")
        receiver = guest.connection.receiver
        expect((receiver.tick, receiver.hash), (end["ticks"], end["state_hash"]), "the last state")
        expect(sorted(score["seat"] for score in end["seats"]), [0, 1], "the scores")
    over = spectator.connection.told("watch_ended")
    expect(over["reason"], "ended", "the end of what was watched")
    expect((spectator.connection.receiver.tick, spectator.connection.receiver.hash), (end["ticks"], end["state_hash"]), "what was watched")
    seen("ended", ticks=end["ticks"], stateHash=end["state_hash"], reason=end["reason"])
    history(one, match_id, end)
    refused("a match that is over", "match_over", one.join)


def history(guest: Guest, match_id: str, end: dict[str, Any]) -> None:
    for _ in range(100):
        page = rest(guest.url, "GET", "/v1/me/matches?limit=1", token=guest.token)
        if page["matches"] and page["matches"][0]["matchId"] == match_id and page["matches"][0]["state"] == "ended":
            expect(page["matches"][0]["stateHash"], end["state_hash"], "the history's hash")
            return seen("history")
        time.sleep(0.1)
    raise AssertionError(f"the match is not in the history: {page}")


def unhappy(url: str, mode: str) -> None:
    """What is not allowed is answered as the tables of STATE-MACHINE.md say."""
    guest, other = Guest(url), Guest(url)
    ask = guest.connection.ask
    expect(ask("ping", {"payload": 2**64 - 1})["pong"]["payload"], 2**64 - 1, "the ping's payload")
    refused("cancelling no wait", "not_queued", lambda: ask("cancel_queue", {}))
    refused("leaving no match", "not_in_match", lambda: ask("leave_match", {}))
    refused("watching nothing", "not_watching", lambda: ask("stop_watching", {}))
    refused("a seat ticket that is none", "seat_ticket_invalid", lambda: ask("join_match", {"seat_ticket": "x"}))
    refused("a match that is none", "match_not_found", lambda: ask("watch_match", {"match_id": NOWHERE}))
    ask("enqueue", {"mode": mode})
    refused("queueing twice", "already_queued", lambda: ask("enqueue", {"mode": mode}))
    expect(ask("cancel_queue", {})["queue_left"]["reason"], "cancelled", "leaving the queue")
    guest.connection.socket.send(bytes([INPUT]) + bytes(8) + b"\x00")
    expect(guest.connection.told("error")["code"], "not_in_match", "an input without a match")
    guest.connection.ask("hello", {"access_token": guest.token, "protocol_version": 1})
    guest.connection.control("hello", {"access_token": other.token, "protocol_version": 1})
    expect(guest.connection.ended(), 4501, "another player's token")
    for sent, code in ((b"\x09", 4500), (b"\x03\x00", 4500), (b"", 4500), (bytes(9000), 4500)):
        connection = Connection(url, other.token)
        connection.socket.send(sent)
        expect(connection.ended(), code, f"the frame {sent[:4].hex()} of {len(sent)} bytes")
    offered = Connection(url, None, (f"muster.token.{other.token}",))
    expect(offered.told("welcome")["player_id"], other.player_id, "a token as a sub-protocol")
    unauthenticated = Connection(url, None)
    unauthenticated.control("ping", {"payload": 1})
    expect(unauthenticated.ended(), 4502, "a ping before hello")
    for token, version, code in ((other.token, 99, 4506), ("x.y.z", 1, 4501)):
        unauthenticated = Connection(url, None)
        unauthenticated.control("hello", {"access_token": token, "protocol_version": version})
        expect(unauthenticated.ended(), code, f"a hello of version {version}")
    try:
        WebSocket(url.replace("http", "ws", 1) + "/v1/realtime", [])
        raise AssertionError("a socket without the sub-protocol is open")
    except Refused as refusal:
        expect((refusal.status, json.loads(refusal.body)["error"]["code"]), (400, "invalid_request"), "no sub-protocol")
    refused("no such game", "game_not_found", lambda: rest(url, "GET", "/v1/games/nosuchgame"))
    refused("no token", "unauthenticated", lambda: rest(url, "GET", "/v1/me"))
    register = {"name": "a b", "password": "correct horse battery"}
    refused("a name with a space", "bad_name", lambda: rest(url, "POST", "/v1/auth/register", register))
    register = {"name": "someone", "password": "qwertyuiop"}
    refused("a row of keys", "weak_password", lambda: rest(url, "POST", "/v1/auth/register", register))
    seen("refusals")


def walk(url: str, mode: str) -> None:
    """Every request in every state has exactly one answer, with its id (the connection fails at a second one)."""
    one, other = Guest(url), Guest(url)
    build = rest(url, "GET", f"/v1/games/{game_of(url, mode)}")["builds"][0]
    for guest in (one, other):
        guest.layouts[build["layoutHash"]] = Layout(build["state"])
    ask = one.connection.ask
    channels = ask("chat_subscribe", {})["chat_channels"]["channels"]
    channel_id = next(channel["channel_id"] for channel in channels if channel["kind"] == "global")

    def requests(code: dict[str, str | None]) -> None:
        ticket = one.found.get("seat_ticket", "x")
        every: dict[str, dict[str, Any]] = {
            "ping": {"payload": 7},
            "enqueue": {"mode": mode},
            "cancel_queue": {},
            "join_match": {"seat_ticket": ticket},
            "watch_match": {"match_id": NOWHERE},
            "stop_watching": {},
            "chat_subscribe": {},
            "chat_send": {"channel_id": channel_id, "body": "hello", "key": str(uuid.uuid4())},
            "hello": {"access_token": one.token, "protocol_version": 1},
            "leave_match": {},
        }
        for case, value in every.items():
            wanted = code.get(case)
            if wanted is not None:
                refused(f"{case} in {code['state']}", wanted, lambda case=case, value=value: ask(case, value))
            else:
                ask(case, value)

    taken = {"stop_watching": "not_watching"}
    idle = {"state": "idle", "join_match": "seat_ticket_invalid", "watch_match": "match_not_found", "leave_match": "not_in_match"}
    requests(idle | taken)  # enqueue waits, cancel_queue leaves again
    ask("enqueue", {"mode": mode})
    queued = idle | {"state": "queued", "enqueue": "already_queued"}
    requests(queued | taken)
    for guest in (one, other):
        guest.connection.ask("enqueue", {"mode": mode})
    for guest in (one, other):
        guest.found = guest.connection.told("match_found")
        guest.join()
    seated = {"state": "seated", "enqueue": "already_in_match", "cancel_queue": "not_queued", "join_match": "already_in_match"}
    requests(seated | taken | {"watch_match": "already_in_match"})  # leave_match leaves
    over = other.connection
    over.until(lambda: any(name in one for one in over.untaken for name in ("match_ended", "match_cancelled")), "it goes on")
    seen("walk")


def game_of(url: str, mode: str) -> str:
    return next(one["gameId"] for one in rest(url, "GET", "/v1/modes")["modes"] if one["mode"] == mode)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python3 play.py URL MODE     such as http://localhost:8080 duel-quick")
    duel(sys.argv[1], sys.argv[2])
    unhappy(sys.argv[1], sys.argv[2])
    walk(sys.argv[1], sys.argv[2])
