"""Chat on a live Muster: python3 chat.py URL. Prints what was seen, one JSON document a line; fails at what is not by the contract."""

import sys
import time
import uuid
from typing import Any
from urllib.parse import quote

from muster.client import Refusal, RestError, rest
from play import Guest, expect, refused, seen

RATE_WAIT_S = 2.1  # 30 messages and edits a minute


class Room:
    """A room of its owner, with a member."""

    def __init__(self, owner: Guest, member: Guest):
        self.owner, self.member = owner, member
        self.name = f"Room {uuid.uuid4().hex[:12]}"
        self.id = self.call(owner, "POST", "/v1/chat/rooms", {"name": self.name})["channelId"]
        self.call(member, "POST", "/v1/chat/rooms/join", {"name": self.name.lower()})

    def call(self, guest: Guest, method: str, path: str, body: Any = None) -> Any:
        return rest(guest.url, method, path, body, guest.token)

    def at(self, guest: Guest, method: str, path: str, body: Any = None) -> Any:
        return self.call(guest, method, f"/v1/chat/channels/{self.id}/{path}", body)

    def post(self, guest: Guest, body: str, key: str | None = None) -> dict[str, Any]:
        return self.at(guest, "POST", "messages", {"body": body, "key": key or str(uuid.uuid4())})

    def page(self, guest: Guest, query: str) -> tuple[list[int], bool]:
        page = self.at(guest, "GET", f"messages?{query}")
        return [message["seq"] for message in page["messages"]], page["more"]

    def row(self, guest: Guest) -> dict[str, Any]:
        channels = self.call(guest, "GET", "/v1/chat/channels")["channels"]
        return next(channel for channel in channels if channel["channelId"] == self.id)


def error_of(act: Any) -> Any:
    try:
        got = act()
    except (Refusal, RestError) as refusal:
        return refusal
    raise AssertionError(f"{got!r} is not a refusal")


def pages(room: Room) -> None:
    owner, member = room.owner, room.member
    for n in range(1, 6):
        expect(room.post(owner, f"message {n}")["seq"], n, "the messages' numbers")
    for query, wanted in (
        ("limit=2", ([4, 5], True)),
        ("before=4&limit=2", ([2, 3], True)),
        ("before=2", ([1], False)),
        ("before=1", ([], False)),
        ("after=0&limit=2", ([1, 2], True)),
        ("after=4", ([5], False)),
        ("after=5", ([], False)),
    ):
        expect(room.page(member, query), wanted, query)
    both = error_of(lambda: room.page(member, "before=4&after=1"))
    expect((both.code, both.details["where"]), ("invalid_request", "querystring.before"), "both ways")
    unknown = error_of(lambda: room.at(owner, "POST", "messages", {"body": "x", "key": "k", "colour": "red"}))
    expect((unknown.code, unknown.details["where"]), ("invalid_request", "body.colour"), "an unknown field")
    seen("pages")


def read_marks(room: Room) -> None:
    expect((room.row(room.member)["lastReadSeq"], room.row(room.member)["unread"]), (0, 5), "nothing is read")
    for seq, wanted in ((3, (3, 2)), (1, (3, 2)), (99, (5, 0))):
        state = room.at(room.member, "PUT", "read", {"seq": seq})
        expect((state["lastReadSeq"], state["unread"]), wanted, f"read up to {seq}")
    seen("read marks")


def channel_pages(room: Room) -> None:
    Room(room.owner, room.member)
    names, cursor, path = [], "", "/v1/chat/channels?limit=1"
    while True:
        page = room.call(room.owner, "GET", path + (f"&cursor={quote(cursor)}" if cursor else ""))
        names += [channel["kind"] for channel in page["channels"]]
        if "nextCursor" not in page:
            break
        cursor = page["nextCursor"]
    expect(names, ["global", "room", "room"], "channels, page by page")
    elsewhere = f"/v1/me/matches?cursor={quote(cursor)}"
    refused("a cursor of another list", "bad_cursor", lambda: room.call(room.owner, "GET", elsewhere))
    seen("channel pages")


def changes(room: Room) -> None:
    """What is edited and deleted over REST is told to a subscriber, and the history has it."""
    owner, member = room.owner, room.member
    member.connection.ask("chat_subscribe", {})

    def told(change: int) -> dict[str, Any]:
        return member.connection.told("chat_changed", lambda value: value["change"] == change)

    time.sleep(RATE_WAIT_S)
    message = room.post(owner, " \u202eedit me\u0007 ")
    expect((message["body"], told(message["change"])["body"]), ("edit me", "edit me"), "what is stored of a text")
    path = f"messages/{message['seq']}"
    edited = room.at(owner, "PATCH", path, {"body": "edited"})
    expect(edited["change"], message["change"] + 1, "an edit's change")
    expect(room.at(owner, "PATCH", path, {"body": "edited"})["change"], edited["change"], "the same edit again")
    now = told(edited["change"])
    expect((now["seq"], now["body"], now["edited"], now["deleted"]), (message["seq"], "edited", True, False), "the edit")
    refused("another's message", "not_allowed", lambda: room.at(member, "PATCH", path, {"body": "mine"}))
    room.at(owner, "DELETE", path)
    gone = told(edited["change"] + 1)
    expect((gone["seq"], gone["body"], gone["deleted"]), (message["seq"], "", True), "the deletion")
    kept = room.at(member, "GET", f"messages?after={message['seq'] - 1}")["messages"]
    expect([(one["seq"], one["body"], "deletedAt" in one) for one in kept], [(message["seq"], "", True)], "a deleted message")
    for act in (lambda: room.at(owner, "PATCH", path, {"body": "x"}), lambda: room.at(owner, "DELETE", path)):
        refused("a deleted message", "message_not_found", act)
    seen("changes")


def blocks(room: Room) -> None:
    owner, member = room.owner, room.member
    room.call(member, "PUT", f"/v1/chat/blocks/{owner.player_id}")
    expect(room.page(member, "after=0"), ([], False), "the history without a blocked player's messages")
    room.call(member, "DELETE", f"/v1/chat/blocks/{owner.player_id}")
    expect(room.page(member, "after=0")[0], [1, 2, 3, 4, 5, 6], "the history with them")
    seen("blocks")


def refusals(room: Room) -> None:
    """The same over REST and over the realtime connection, with what a player needs to know."""
    owner, member = room.owner, room.member
    send = {"channel_id": room.id, "body": "hello", "key": "one"}
    room.at(owner, "PUT", f"mutes/{member.player_id}", {"seconds": 60, "reason": "too loud"})
    muted = error_of(lambda: room.post(member, "hello"))
    expect((muted.code, muted.details["reason"], muted.details["until"][-1]), ("muted", "too loud", "Z"), "muted")
    muted = error_of(lambda: member.connection.ask("chat_send", send))
    expect((muted.code, "too loud" in str(muted)), ("muted", True), "muted, on the realtime connection")
    room.at(owner, "DELETE", f"mutes/{member.player_id}")
    expect(member.connection.ask("chat_send", send)["chat_sent"]["seq"], 7, "after the mute")
    expect(room.post(member, "another text", "one")["seq"], 7, "the same key over REST")
    early = error_of(lambda: [member.connection.ask("chat_send", send | {"key": str(n)}) for n in range(10)])
    expect((early.code, early.retry_after_ms > 0), ("chat_rate_limited", True), "too many messages")
    time.sleep(early.retry_after_ms / 1000)
    member.connection.ask("chat_send", send | {"key": "later"})
    seen("refusals")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python3 chat.py URL     such as http://localhost:8080")
    the_room = Room(Guest(sys.argv[1]), Guest(sys.argv[1]))
    for part in (pages, read_marks, channel_pages, changes, blocks, refusals):
        part(the_room)
