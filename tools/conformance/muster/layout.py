"""A game's layout (STANDARD.md), from the JSON of GET /v1/games/{gameId}."""

from dataclasses import dataclass
from typing import Any

from .bits import BitReader, BitWriter


@dataclass(frozen=True)
class Slot:
    """A scalar of the state: one word of it."""

    bits: int
    signed: bool
    flag: bool
    counts_down: bool
    # Index of the slot that this one moves by.
    moves_by: int | None

    def wrap(self, value: int) -> int:
        value &= (1 << self.bits) - 1
        return value - (1 << self.bits) if self.signed and value >> (self.bits - 1) else value


class Layout:
    def __init__(self, fields: list[dict[str, Any]]):
        self.fields = fields
        self.slots: list[Slot] = []
        # From and up to, of the scalars of one struct.
        self.groups: list[range] = []
        self._place(fields)

    def _place(self, fields: list[dict[str, Any]]) -> None:
        scalars = [field for field in fields if field["type"] != "list"]
        start = len(self.slots)
        names: dict[str, int] = {}
        for field in scalars:
            moves_by = names[field["movesBy"]] if "movesBy" in field else None
            names[field["name"]] = len(self.slots)
            is_flag = field["type"] == "flag"
            bits = 1 if is_flag else field["bits"]
            signed = field["type"] == "int"
            self.slots.append(Slot(bits, signed, is_flag, field.get("countsDown", False), moves_by))
        if scalars:
            self.groups.append(range(start, len(self.slots)))
        for field in fields:
            if field["type"] == "list":
                for _ in range(field["length"]):
                    self._place(field["fields"])

    def read(self, reader: BitReader) -> list[int]:
        return [slot.wrap(reader.read(slot.bits)) for slot in self.slots]

    def write(self, words: list[int], writer: BitWriter) -> None:
        for slot, word in zip(self.slots, words, strict=True):
            writer.write(word, slot.bits)

    def state(self, words: list[int]) -> dict[str, Any]:
        """As names and values."""
        remaining = iter(words)
        return self._state(self.fields, remaining)

    def _state(self, fields: list[dict[str, Any]], words: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for field in fields:
            if field["type"] != "list":
                found[field["name"]] = bool(next(words)) if field["type"] == "flag" else next(words)
        for field in fields:
            if field["type"] == "list":
                found[field["name"]] = [self._state(field["fields"], words) for _ in range(field["length"])]
        return found

    def words(self, state: dict[str, Any]) -> list[int]:
        return list(self._words(self.fields, state))

    def _words(self, fields: list[dict[str, Any]], state: dict[str, Any]) -> Any:
        for field in fields:
            if field["type"] != "list":
                yield int(state[field["name"]])
        for field in fields:
            if field["type"] == "list":
                for element in state[field["name"]]:
                    yield from self._words(field["fields"], element)


def layout_hash(state: list[dict[str, Any]], given: list[dict[str, Any]]) -> str:
    value = 0xCBF29CE484222325
    for byte in f"state{_text(state)}input{_text(given)}".encode():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def _text(fields: list[dict[str, Any]]) -> str:
    return "{" + ",".join(_field_text(field) for field in fields) + "}"


def _field_text(field: dict[str, Any]) -> str:
    if field["type"] == "flag":
        return f"{field['name']}:flag"
    if field["type"] == "list":
        return f"{field['name']}:[{field['length']}]{_text(field['fields'])}"
    ending = f"+{field['movesBy']}" if "movesBy" in field else "-1" if field.get("countsDown") else ""
    return f"{field['name']}:{'i' if field['type'] == 'int' else 'u'}{field['bits']}{ending}"
