"""Packing (STANDARD.md, "Packing"): fields without gaps, least significant bit first."""


class Malformed(Exception):
    """Bytes that are no frame."""


class BitReader:
    def __init__(self, data: bytes):
        self._value = int.from_bytes(data, "little")
        self._left = 8 * len(data)

    def read(self, bits: int) -> int:
        if bits > self._left:
            raise Malformed("too short")
        value = self._value & ((1 << bits) - 1)
        self._value >>= bits
        self._left -= bits
        return value

    def expect_end(self) -> None:
        if self._left >= 8:
            raise Malformed("too long")
        if self._value != 0:
            raise Malformed("the padding is not zero")


class BitWriter:
    def __init__(self) -> None:
        self._value = 0
        self._bits = 0

    def write(self, value: int, bits: int) -> None:
        self._value |= (value & ((1 << bits) - 1)) << self._bits
        self._bits += bits

    def bytes(self) -> bytes:
        return self._value.to_bytes((self._bits + 7) // 8, "little")
