"""Input frames, keyframes, deltas and the state hash (STANDARD.md)."""

import struct
from typing import Any

from .bits import BitReader, BitWriter, Malformed
from .layout import Layout, Slot

CONTROL, INPUT, KEYFRAME, DELTA = 1, 2, 3, 4


def input_frame(layout: Layout, seq: int, tick: int, value: dict[str, Any]) -> bytes:
    writer = BitWriter()
    layout.write(layout.words(value), writer)
    return struct.pack("<BII", INPUT, seq, tick) + writer.bytes()


def read_input(layout: Layout, frame: bytes) -> tuple[int, int, dict[str, Any]]:
    kind, seq, tick = struct.unpack_from("<BII", frame)
    if kind != INPUT:
        raise Malformed("no input")
    reader = BitReader(frame[9:])
    words = layout.read(reader)
    reader.expect_end()
    return seq, tick, layout.state(words)


class Receiver:
    """The receiving side of one match."""

    def __init__(self, layout: Layout):
        self.layout = layout
        # None until the first keyframe.
        self.tick: int | None = None
        self.acks: list[int] = []
        self.words: list[int] = []

    def ack_of(self, seat: int) -> int:
        """The number of the seat's last input that was applied; 0 before the first keyframe, and before the first input."""
        return self.acks[seat] if self.acks else 0

    def apply(self, frame: bytes) -> bool:
        """False for a delta that does not follow. Raises Malformed, and holds what it held before."""
        reader = BitReader(frame)
        kind = reader.read(8)
        if kind == KEYFRAME:
            tick = reader.read(32)
            acks = [reader.read(32) for _ in range(reader.read(8))]
            words = self.layout.read(reader)
        elif kind == DELTA:
            low = reader.read(8)
            if self.tick is None or (self.tick + 1) & 0xFF != low:
                return False
            tick = self.tick + 1
            acks = [self._ack(ack, reader) for ack in self.acks]
            words = self._delta(reader)
        else:
            raise Malformed(f"type {kind}")
        reader.expect_end()
        self.tick, self.acks, self.words = tick, acks, words
        return True

    @staticmethod
    def _ack(before: int, reader: BitReader) -> int:
        code = reader.read(2)
        return reader.read(32) if code == 3 else before + code

    def _delta(self, reader: BitReader) -> list[int]:
        words = list(self.words)
        for group in self.layout.groups:
            differs = reader.read(1) == 1
            for i in group:
                slot = self.layout.slots[i]
                expected = self._expected(slot, words[i], words)
                words[i] = self._changed(slot, expected, reader) if differs and reader.read(1) == 1 else expected
        return words

    @staticmethod
    def _expected(slot: Slot, before: int, words: list[int]) -> int:
        if slot.moves_by is not None:
            return slot.wrap(before + words[slot.moves_by])
        if slot.counts_down:
            return before - 1 if before != 0 else 0
        return before

    @staticmethod
    def _changed(slot: Slot, expected: int, reader: BitReader) -> int:
        if slot.bits == 1:
            return 1 - expected
        if slot.bits >= 10 and reader.read(1) == 1:
            difference = reader.read(6)
            return slot.wrap(expected + (difference - 64 if difference >= 32 else difference))
        return slot.wrap(reader.read(slot.bits))

    @property
    def state(self) -> dict[str, Any]:
        return self.layout.state(self.words)

    @property
    def hash(self) -> str:
        return state_hash(self.words, self.tick or 0)


def state_hash(words: list[int], tick: int) -> str:
    """MurmurHash3 x86_32, seed 0."""
    mask = 0xFFFFFFFF

    def rotated(value: int, by: int) -> int:
        return ((value << by) | (value >> (32 - by))) & mask

    value = 0
    for word in [*words, tick]:
        k = rotated((word & mask) * 0xCC9E2D51 & mask, 15) * 0x1B873593 & mask
        value = (rotated(value ^ k, 13) * 5 + 0xE6546B64) & mask
    value ^= 4 * (len(words) + 1)
    value = (value ^ value >> 16) * 0x85EBCA6B & mask
    value = (value ^ value >> 13) * 0xC2B2AE35 & mask
    return f"{value ^ value >> 16:08x}"
