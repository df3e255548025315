"""Protobuf (proto3), by the text of a .proto file: what v1.proto says is what is written and read."""

import re
import struct
from typing import Any

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[A-Za-z_][\w.]*|\d+|[{}\[\]()<>;=,:\-]')
# Texts in Protobuf's JSON.
WIDE = ("int64", "uint64", "sint64", "fixed64", "sfixed64")
FIXED = {"fixed64": "<Q", "sfixed64": "<q", "double": "<d"}


class Field:
    def __init__(self, name: str, number: int, kind: str, repeated: bool, map_of: str | None, oneof: str | None):
        self.name, self.number, self.kind = name, number, kind
        self.repeated, self.map_of, self.oneof = repeated, map_of, oneof


class Schema:
    """The messages of one file. A message is a dict; of a oneof, the one field that is set is in it."""

    def __init__(self, text: str):
        self.messages: dict[str, list[Field]] = {}
        self._tokens = TOKEN.findall(re.sub(r"//[^\n]*", "", text))
        self._at = 0
        while self._at < len(self._tokens):
            if self._peek() == "message":
                self._message()
            else:
                self._skip_statement()

    def _peek(self) -> str:
        return self._tokens[self._at]

    def _next(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1]

    def _skip_statement(self) -> None:
        depth = 0
        while True:
            token = self._next()
            depth += (token in "{[(") - (token in "}])")
            if depth == 0 and token in ";}":
                return

    def _message(self) -> None:
        self._next()
        name = self._next()
        self.messages[name] = []
        self._next()
        while self._peek() != "}":
            if self._peek() == "oneof":
                self._next()
                oneof = self._next()
                self._next()
                while self._peek() != "}":
                    self._field(name, oneof)
                self._next()
            else:
                self._field(name, None)
        self._next()

    def _field(self, message: str, oneof: str | None) -> None:
        if self._peek() in ("option", "reserved"):
            return self._skip_statement()
        repeated = self._peek() == "repeated"
        if repeated:
            self._next()
        kind = self._next()
        map_of = None
        if kind == "map":
            self._next()
            kind = self._next()
            self._next()
            map_of = self._next()
            self._next()
        field_name = self._next()
        self._next()
        number = int(self._next())
        self._skip_statement()
        self.messages[message].append(Field(field_name, number, kind, repeated, map_of, oneof))

    def encode(self, message: str, value: dict[str, Any], defaults: bool = False) -> bytes:
        """In the order of the fields' numbers, as most libraries do. `defaults`: an entry of a map has both of its fields."""
        out = b""
        unknown = set(value) - {field.name for field in self.messages[message]}
        if unknown:
            raise KeyError(f"{message} has no {unknown}")
        for field in sorted(self.messages[message], key=lambda one: one.number):
            given = value.get(field.name)
            if given is None:
                continue
            if field.map_of:
                given = [{"key": key, "value": item} for key, item in given.items()]
            elif not field.repeated:
                if field.oneof is None and field.kind not in self.messages and not given and not defaults:
                    continue  # the default is not written
                given = [given]
            for one in given:
                out += self._encode_field(field, one)
        return out

    def _encode_field(self, field: Field, value: Any) -> bytes:
        if field.map_of or field.kind in self.messages:
            body = _entry_of(field).encode("Entry", value, True) if field.map_of else self.encode(field.kind, value)
            return _varint(field.number << 3 | 2) + _varint(len(body)) + body
        if field.kind in FIXED:
            return _varint(field.number << 3 | 1) + struct.pack(FIXED[field.kind], value)
        if field.kind in ("string", "bytes"):
            body = value.encode() if field.kind == "string" else value
            return _varint(field.number << 3 | 2) + _varint(len(body)) + body
        return _varint(field.number << 3) + _varint(int(value) & 0xFFFFFFFFFFFFFFFF)

    def decode(self, message: str, data: bytes) -> dict[str, Any]:
        """Fields that are not there have their defaults, but messages and those of a oneof."""
        fields = {field.number: field for field in self.messages[message]}
        value: dict[str, Any] = {}
        for field in fields.values():
            if field.map_of:
                value[field.name] = {}
            elif field.repeated:
                value[field.name] = []
            elif field.oneof is None and field.kind not in self.messages:
                value[field.name] = {"string": "", "bytes": b"", "bool": False}.get(field.kind, 0)
        at = 0
        while at < len(data):
            key, at = _read_varint(data, at)
            raw: Any
            if key & 7 == 0:
                raw, at = _read_varint(data, at)
            elif key & 7 == 1:
                raw, at = data[at : at + 8], at + 8
            elif key & 7 == 5:
                raw, at = data[at : at + 4], at + 4
            elif key & 7 == 2:
                length, at = _read_varint(data, at)
                raw, at = data[at : at + length], at + length
            else:
                raise ValueError(f"wire type {key & 7}")
            field = fields.get(key >> 3)
            if field:  # of a newer contract
                self._take(field, raw, value)
        return value

    def _take(self, field: Field, raw: Any, value: dict[str, Any]) -> None:
        if field.map_of:
            return value[field.name].update([self._entry(field, raw)])
        one = self._value(field.kind, raw)
        if field.repeated:
            value[field.name].append(one)
        else:
            value[field.name] = one

    def _entry(self, field: Field, raw: bytes) -> tuple[Any, Any]:
        found = _entry_of(field).decode("Entry", raw)
        return found["key"], found["value"]

    def from_json(self, message: str, value: dict[str, Any]) -> dict[str, Any]:
        """Of Protobuf's JSON, with the names of the .proto file."""
        return {field.name: self._json(field, value[field.name], int) for field in self.messages[message] if field.name in value}

    def to_json(self, message: str, value: dict[str, Any]) -> dict[str, Any]:
        return {field.name: self._json(field, value[field.name], str) for field in self.messages[message] if field.name in value}

    def _json(self, field: Field, value: Any, wide: type) -> Any:
        if field.repeated:
            return [self._json_of_one(field.kind, one, wide) for one in value]
        return value if field.map_of else self._json_of_one(field.kind, value, wide)

    def _json_of_one(self, kind: str, value: Any, wide: type) -> Any:
        if kind in self.messages:
            return (self.from_json if wide is int else self.to_json)(kind, value)
        return wide(value) if kind in WIDE else value

    def _value(self, kind: str, raw: Any) -> Any:
        if kind in self.messages:
            return self.decode(kind, raw)
        if kind == "string":
            return raw.decode()
        if kind in FIXED:
            return struct.unpack(FIXED[kind], raw)[0]
        if kind == "bool":
            return raw != 0
        if kind == "int32":
            return (raw & 0xFFFFFFFF ^ 0x80000000) - 0x80000000
        return raw


def _entry_of(field: Field) -> Schema:
    """A map is a list of such messages."""
    entry = Schema.__new__(Schema)
    entry.messages = {
        "Entry": [Field("key", 1, field.kind, False, None, None), Field("value", 2, field.map_of or "", False, None, None)]
    }
    return entry


def _varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        shift += 7
        at += 1
        if byte < 128:
            return value, at
