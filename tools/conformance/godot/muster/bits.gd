extends Reference
# Packing (STANDARD.md, "Packing"): fields without gaps, least significant bit first.


class Reader:
	# Why these bytes are no frame; empty as long as they can be one. There are no exceptions: whoever has read to the end asks.
	var malformed := ""
	var _data: PoolByteArray
	var _at := 0
	var _end: int

	func _init(data: PoolByteArray) -> void:
		_data = data
		_end = 8 * data.size()

	func read(bits: int) -> int:
		if _at + bits > _end:
			malformed = "too short"
			return 0
		var value := 0
		var got := 0
		while got < bits:
			var offset := _at & 7
			var taken := int(min(8 - offset, bits - got))
			value |= ((_data[_at >> 3] >> offset) & ((1 << taken) - 1)) << got
			got += taken
			_at += taken
		return value

	func expect_end() -> void:
		var left := _end - _at
		if malformed != "":
			return
		if left >= 8:
			malformed = "too long"
		elif read(left) != 0:
			malformed = "the padding is not zero"


class Writer:
	var _data := PoolByteArray()
	var _byte := 0
	var _filled := 0

	func write(value: int, bits: int) -> void:
		var left := bits
		while left > 0:
			var taken := int(min(8 - _filled, left))
			_byte |= (value & ((1 << taken) - 1)) << _filled
			value >>= taken
			left -= taken
			_filled += taken
			if _filled == 8:
				_data.append(_byte)
				_byte = 0
				_filled = 0

	func bytes() -> PoolByteArray:
		var whole := PoolByteArray(_data)
		if _filled > 0:
			whole.append(_byte)
		return whole
