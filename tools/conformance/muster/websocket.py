"""A WebSocket client (RFC 6455), as much of it as STANDARD.md asks for: binary messages, pings answered, no extensions."""

import base64
import hashlib
import os
import socket
import struct
from urllib.parse import urlsplit

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Refused(Exception):
    """No upgrade: status and body."""

    def __init__(self, status: int, body: str):
        super().__init__(f"{status} {body}")
        self.status, self.body = status, body


class Closed(Exception):
    """The connection is over: the close frame's code, or 1006."""

    def __init__(self, code: int, reason: str = ""):
        super().__init__(f"{code} {reason}")
        self.code, self.reason = code, reason


class WebSocket:
    def __init__(self, url: str, protocols: list[str]):
        at = urlsplit(url)
        self._socket = socket.create_connection((at.hostname, at.port or 80), timeout=20)
        self._closing = False
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read = self._socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        offer = f"Sec-WebSocket-Protocol: {', '.join(protocols)}\r\n" if protocols else ""
        self._socket.sendall(
            (
                f"GET {at.path} HTTP/1.1\r\nHost: {at.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{offer}\r\n"
            ).encode()
        )
        status = int(self._read.readline().split()[1])
        headers: dict[str, str] = {}
        while line := self._read.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        if status != 101:
            body = self._read.read(int(headers.get("content-length", "0"))).decode()
            self._socket.close()
            raise Refused(status, body)
        accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        assert headers["sec-websocket-accept"] == accept
        self.protocol = headers.get("sec-websocket-protocol", "")

    def send(self, payload: bytes, opcode: int = BINARY) -> None:
        mask = os.urandom(4)
        length = len(payload)
        size = bytes([128 | length]) if length < 126 else bytes([128 | 126]) + struct.pack(">H", length)
        repeated = (mask * (length // 4 + 1))[:length]
        body = (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(length, "big")
        try:
            self._socket.sendall(bytes([128 | opcode]) + size + mask + body)
        except OSError as err:
            raise Closed(1006, str(err)) from err

    def receive(self) -> bytes:
        """The next message. Raises Closed."""
        while True:
            opcode, payload = self._frame()
            if opcode in (BINARY, TEXT):
                return payload
            if opcode == PING:
                self.send(payload, PONG)
            elif opcode == CLOSE:
                self.close(struct.unpack(">H", payload[:2])[0] if payload else 1000)
                self.cut()
                raise Closed(struct.unpack(">H", payload[:2])[0] if payload else 1005, payload[2:].decode())

    def _frame(self) -> tuple[int, bytes]:
        try:
            first, second = self._exactly(2)
            length = second & 127
            if length == 126:
                (length,) = struct.unpack(">H", self._exactly(2))
            elif length == 127:
                (length,) = struct.unpack(">Q", self._exactly(8))
            return first & 15, self._exactly(length)
        except (OSError, ValueError) as err:
            raise Closed(1006, str(err)) from err

    def _exactly(self, count: int) -> bytes:
        data = self._read.read(count)
        if data is None or len(data) < count:
            raise Closed(1006, "cut")
        return data

    def close(self, code: int = 1000) -> None:
        """The other side answers, and receive() then raises Closed. Only the first call does something."""
        if self._closing:
            return
        self._closing = True
        try:
            self.send(struct.pack(">H", code), CLOSE)
        except Closed:
            pass  # it is already

    def cut(self) -> None:
        """As a network would: no close frame."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the other side was faster
        self._socket.close()
