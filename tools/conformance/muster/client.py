"""REST (edge.v1.yaml) and the realtime connection (STATE-MACHINE.md)."""

import json
import queue
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .frames import CONTROL, Receiver
from .layout import Layout
from .proto import Schema
from .websocket import Closed, WebSocket

PROTOCOL_VERSION = 1
SUBPROTOCOL = "muster.v1"
WITHIN_S = 15
CONTRACTS = Path(__file__).parents[3] / "contracts"
SCHEMA = Schema((CONTRACTS / "realtime" / "v1.proto").read_text(encoding="utf-8"))


class RestError(Exception):
    def __init__(self, status: int, body: dict[str, Any]):
        super().__init__(f"{status} {body}")
        self.status, self.code = status, body["error"]["code"]
        self.details: dict[str, Any] = body["error"].get("details", {})


def rest(url: str, method: str, path: str, body: Any = None, token: str | None = None) -> Any:
    headers = {"content-type": "application/json"} if body is not None else {}
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    data = json.dumps(body).encode() if body is not None else None
    asked = urllib.request.Request(url + path, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=WITHIN_S) as answer:
            text = answer.read()
            return json.loads(text) if text else None
    except urllib.error.HTTPError as err:
        raise RestError(err.code, json.loads(err.read())) from err


class Refusal(Exception):
    """An Error that answers a request."""

    def __init__(self, error: dict[str, Any]):
        super().__init__(f"{error['code']}: {error['message']}")
        self.code = error["code"]
        self.retry_after_ms: int = error["retry_after_ms"]


def case_of(message: dict[str, Any]) -> str:
    """The one field of ServerControl's oneof that is set."""
    return next(name for name in message if name not in ("request_id", "match_seq"))


class Connection:
    """One socket, read by a thread of its own."""

    def __init__(self, url: str, token: str | None, more_protocols: tuple[str, ...] = ()):
        self.socket = WebSocket(url.replace("http", "ws", 1) + "/v1/realtime", [SUBPROTOCOL, *more_protocols])
        assert self.socket.protocol == SUBPROTOCOL
        self.receiver: Receiver | None = None
        self.on_frame: Callable[[bytes], None] = lambda _frame: None
        self.closed: Closed | None = None
        # Frames behind each other, by what they did.
        self.applied = self.dropped = 0
        self.match_seq = 0
        # Of MatchJoined or Watching: layouts by their hash.
        self.layouts: dict[str, Layout] = {}
        self._answers: dict[int, queue.Queue[dict[str, Any] | None]] = {}
        self._told: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self._request_id = 0
        self.fault: BaseException | None = None
        threading.Thread(target=self._run, daemon=True).start()
        if token is not None:
            hello = {"access_token": token, "protocol_version": PROTOCOL_VERSION, "client": "conformance"}
            self.welcome = self.ask("hello", hello)["welcome"]

    def ask(self, case: str, value: dict[str, Any]) -> dict[str, Any]:
        """The one answer with the request's id. Raises Refusal, Closed."""
        self._request_id += 1
        answer: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._answers[self._request_id] = answer
        self.control(case, value, self._request_id)
        got = answer.get(timeout=WITHIN_S)
        if got is None:
            raise self.closed or Closed(1006)
        if "error" in got:
            raise Refusal(got["error"])
        return got

    def control(self, case: str, value: dict[str, Any], request_id: int = 0) -> None:
        body = SCHEMA.encode("ClientControl", {"request_id": request_id, case: value})
        self.socket.send(bytes([CONTROL]) + body)

    def told(self, case: str, wanted: Callable[[dict[str, Any]], bool] = lambda _value: True) -> dict[str, Any]:
        """The first message of that kind that was not taken yet, waited for."""

        def found() -> dict[str, Any] | None:
            return next((one for one in self._told if case in one and wanted(one[case])), None)

        with self._changed:
            self._wait(lambda: found() is not None, f"no {case}")
            message = found()
            assert message is not None
            self._told.remove(message)
            return message[case]

    @property
    def untaken(self) -> list[dict[str, Any]]:
        """What was told and not taken yet."""
        return self._told

    def until(self, reached: Callable[[], bool], what: str) -> None:
        with self._changed:
            self._wait(reached, what)

    def ended(self) -> int:
        """The code with which it was closed."""
        self.until(lambda: self.closed is not None, "it is open")
        assert self.closed is not None
        return self.closed.code

    def _wait(self, reached: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + WITHIN_S
        while not reached():
            if self.fault is not None:
                raise self.fault
            if self.closed is not None or not self._changed.wait(deadline - time.monotonic()):
                if reached():
                    return
                raise AssertionError(f"{what}; closed: {self.closed}; told: {[case_of(one) for one in self._told]}")

    def _run(self) -> None:
        try:
            while True:
                frame = self.socket.receive()
                with self._changed:
                    self._take(frame)
                    self._changed.notify_all()
        except Closed as closed:
            self.closed = closed
        except BaseException as fault:  # told to whoever waits
            self.fault = fault
            self.closed = Closed(1006, repr(fault))
        with self._changed:
            self._changed.notify_all()
        for answer in self._answers.values():
            answer.put(None)

    def _take(self, frame: bytes) -> None:
        if frame[0] != CONTROL:
            assert self.receiver is not None, "a frame before it was said how to read it"
            if self.receiver.apply(frame):
                self.applied += 1
            else:
                self.dropped += 1
            return self.on_frame(frame)
        message = SCHEMA.decode("ServerControl", frame[1:])
        if message["match_seq"] > 0:
            if message["match_seq"] <= self.match_seq:
                return
            self.match_seq = message["match_seq"]
        match = message.get("match_joined") or message.get("watching")
        if match is not None:
            self.receiver = Receiver(self.layouts[match["layout_hash"]])
        answer = self._answers.pop(message["request_id"], None) if message["request_id"] else None
        if answer:
            answer.put(message)
        elif message["request_id"]:
            raise AssertionError(f"request {message['request_id']} has two answers, the second is {case_of(message)}")
        else:
            self._told.append(message)
