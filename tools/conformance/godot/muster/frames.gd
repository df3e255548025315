extends Reference
# Input frames, keyframes, deltas and the state hash (STANDARD.md).

const Bits := preload("bits.gd")

const CONTROL := 1
const INPUT := 2
const KEYFRAME := 3
const DELTA := 4

# What apply() did.
enum { APPLIED, DROPPED, MALFORMED }


static func input_frame(layout, seq: int, tick: int, value: Dictionary) -> PoolByteArray:
	var writer := Bits.Writer.new()
	writer.write(INPUT, 8)
	writer.write(seq, 32)
	writer.write(tick, 32)
	layout.write(layout.words(value), writer)
	return writer.bytes()


# [number, tick, value], or nothing if it is none.
static func read_input(layout, frame: PoolByteArray) -> Array:
	var reader := Bits.Reader.new(frame)
	var kind: int = reader.read(8)
	var seq: int = reader.read(32)
	var tick: int = reader.read(32)
	var words: Array = layout.read(reader)
	reader.expect_end()
	return [seq, tick, layout.state(words)] if kind == INPUT and reader.malformed == "" else []


# The receiving side of one match.
class Receiver:
	var layout
	# -1 until the first keyframe.
	var tick := -1
	var acks := []
	var words := []

	func _init(of_layout) -> void:
		layout = of_layout

	# The number of the seat's last input that was applied; 0 before the first keyframe, and before the first input.
	func ack_of(seat: int) -> int:
		return acks[seat] if seat < acks.size() else 0

	# DROPPED: a delta that does not follow. After anything but APPLIED it holds what it held before.
	func apply(frame: PoolByteArray) -> int:
		var reader := Bits.Reader.new(frame)
		var new_tick := tick + 1
		var new_acks := []
		var new_words: Array
		match reader.read(8):
			KEYFRAME:
				new_tick = reader.read(32)
				for _i in range(reader.read(8)):
					new_acks.append(reader.read(32))
				new_words = layout.read(reader)
			DELTA:
				var low: int = reader.read(8)
				if reader.malformed != "":
					return MALFORMED
				if tick == -1 or new_tick & 0xFF != low:
					return DROPPED
				for ack in acks:
					var code: int = reader.read(2)
					new_acks.append(reader.read(32) if code == 3 else ack + code)
				new_words = _delta(reader)
			_:
				return MALFORMED
		reader.expect_end()
		if reader.malformed != "":
			return MALFORMED
		tick = new_tick
		acks = new_acks
		words = new_words
		return APPLIED

	func _delta(reader) -> Array:
		var now := words.duplicate()
		for group in layout.groups:
			var differs: bool = reader.read(1) == 1
			for i in range(group[0], group[1]):
				var slot = layout.slots[i]
				var expected := _expected(slot, now[i], now)
				now[i] = _changed(slot, expected, reader) if differs and reader.read(1) == 1 else expected
		return now

	static func _expected(slot, before: int, now: Array) -> int:
		if slot.moves_by >= 0:
			return slot.wrap(before + now[slot.moves_by])
		if slot.counts_down:
			return slot.wrap(before - 1) if before != 0 else 0
		return before

	static func _changed(slot, expected: int, reader) -> int:
		if slot.bits == 1:
			return 1 - expected
		if slot.bits >= 10 and reader.read(1) == 1:
			var difference: int = reader.read(6)
			return slot.wrap(expected + (difference - 64 if difference >= 32 else difference))
		return slot.wrap(reader.read(slot.bits))

	func state() -> Dictionary:
		return layout.state(words)

	# MurmurHash3 x86_32, seed 0. Products are of 64 bits, and only their lower 32 count.
	func state_hash() -> String:
		var value := 0
		for word in words + [int(max(tick, 0))]:
			var k := _rotated((word & 0xFFFFFFFF) * 0xCC9E2D51 & 0xFFFFFFFF, 15) * 0x1B873593 & 0xFFFFFFFF
			value = _rotated(value ^ k, 13) * 5 + 0xE6546B64 & 0xFFFFFFFF
		value ^= 4 * (words.size() + 1)
		value = (value ^ value >> 16) * 0x85EBCA6B & 0xFFFFFFFF
		value = (value ^ value >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
		return "%08x" % (value ^ value >> 16)

	static func _rotated(value: int, by: int) -> int:
		return (value << by | value >> (32 - by)) & 0xFFFFFFFF
