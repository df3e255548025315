extends Reference
# Protobuf (proto3) for the messages of messages.gd. A message is a Dictionary; of a oneof, the one field that is set is in it.
# 64 bits: an int of GDScript has all of them, but a sign; as texts they are written without one.

const Messages := preload("messages.gd")

enum { NUMBER, NAME, KIND, RULE }
enum { VARINT = 0, FIXED64 = 1, LENGTH = 2, FIXED32 = 5 }


# In the order of the fields' numbers, as most libraries do.
static func encode(message: String, value: Dictionary) -> PoolByteArray:
	return _encode(Messages.FIELDS[message], value, false)


# `defaults`: they are written too, as in an entry of a map.
static func _encode(fields: Array, value: Dictionary, defaults: bool) -> PoolByteArray:
	var out := PoolByteArray()
	for field in fields:
		if not value.has(field[NAME]):
			continue
		var given = value[field[NAME]]
		if field[RULE] == "map":
			for key in given:
				var entry := _encode(_entry_of(field), {"key": key, "value": given[key]}, true)
				out.append_array(_with_length(field[NUMBER], entry))
		elif field[RULE] == "repeated":
			for one in given:
				out.append_array(_encode_field(field, one))
		elif defaults or field[RULE] == "oneof" or field[KIND] in Messages.FIELDS or not _is_default(given):
			out.append_array(_encode_field(field, given))
	return out


static func _is_default(value) -> bool:
	return value == "" if value is String else int(value) == 0


static func _encode_field(field: Array, value) -> PoolByteArray:
	if field[KIND] in Messages.FIELDS:
		return _with_length(field[NUMBER], encode(field[KIND], value))
	if field[KIND] == "string":
		return _with_length(field[NUMBER], value.to_utf8())
	if field[KIND] == "fixed64":
		var out := _varint(field[NUMBER] << 3 | FIXED64)
		for i in range(8):
			out.append(int(value) >> (8 * i) & 0xFF)
		return out
	var out := _varint(field[NUMBER] << 3 | VARINT)
	out.append_array(_varint(int(value)))
	return out


static func _with_length(number: int, body: PoolByteArray) -> PoolByteArray:
	var out := _varint(number << 3 | LENGTH)
	out.append_array(_varint(body.size()))
	out.append_array(body)
	return out


static func _varint(value: int) -> PoolByteArray:
	var out := PoolByteArray()
	while value < 0 or value > 127:
		out.append(value & 127 | 128)
		value = value >> 7 & 0x1FFFFFFFFFFFFFF # without the sign, which >> repeats
	out.append(value)
	return out


# Fields that are not there have their defaults, but messages and those of a oneof. null: no such message.
static func decode(message: String, data: PoolByteArray):
	return _decode(Messages.FIELDS[message], data)


static func _decode(fields: Array, data: PoolByteArray):
	var value := {}
	var by_number := {}
	for field in fields:
		by_number[field[NUMBER]] = field
		if field[RULE] == "map":
			value[field[NAME]] = {}
		elif field[RULE] == "repeated":
			value[field[NAME]] = []
		elif field[RULE] != "oneof" and not field[KIND] in Messages.FIELDS:
			value[field[NAME]] = {"string": "", "bool": false}.get(field[KIND], 0)
	var reader := Reader.new(data)
	while reader.left():
		var key := reader.varint()
		var raw = reader.raw(key & 7)
		if reader.malformed:
			return null
		var field = by_number.get(key >> 3)
		if field == null: # of a newer contract
			continue
		if key & 7 != _wire_type(field):
			return null
		if not _take(field, raw, value):
			return null
	return value


static func _wire_type(field: Array) -> int:
	if field[RULE] == "map" or field[KIND] == "string" or field[KIND] in Messages.FIELDS:
		return LENGTH
	return FIXED64 if field[KIND] == "fixed64" else VARINT


static func _take(field: Array, raw, value: Dictionary) -> bool:
	if field[RULE] == "map":
		var entry = _decode(_entry_of(field), raw)
		if entry != null:
			value[field[NAME]][entry.key] = entry.value
		return entry != null
	var one = _value(field[KIND], raw)
	if one == null:
		return false
	if field[RULE] == "repeated":
		value[field[NAME]].append(one)
	else:
		value[field[NAME]] = one
	return true


static func _value(kind: String, raw):
	if kind in Messages.FIELDS:
		return _decode(Messages.FIELDS[kind], raw)
	match kind:
		"string":
			return raw.get_string_from_utf8()
		"bool":
			return raw != 0
		"uint32":
			return raw & 0xFFFFFFFF
		"int32":
			return (raw & 0xFFFFFFFF ^ 0x80000000) - 0x80000000
	return raw


# A map is a list of such messages.
static func _entry_of(field: Array) -> Array:
	return [[1, "key", "string", ""], [2, "value", field[KIND], ""]]


class Reader:
	var malformed := false
	var _data: PoolByteArray
	var _at := 0

	func _init(data: PoolByteArray) -> void:
		_data = data

	func left() -> bool:
		return _at < _data.size()

	func varint() -> int:
		var value := 0
		for i in range(10):
			if _at >= _data.size():
				break
			var byte := _data[_at]
			_at += 1
			value |= (byte & 127) << (7 * i)
			if byte < 128:
				return value
		malformed = true
		return 0

	# An int, or the bytes.
	func raw(wire_type: int):
		match wire_type:
			VARINT:
				return varint()
			FIXED64:
				var value := 0
				var bytes := _bytes(8)
				for i in range(bytes.size()):
					value |= bytes[i] << (8 * i)
				return value
			LENGTH:
				return _bytes(varint())
			FIXED32:
				return _bytes(4)
		malformed = true
		return 0

	func _bytes(count: int) -> PoolByteArray:
		if malformed or count < 0 or _at + count > _data.size():
			malformed = true
			return PoolByteArray()
		_at += count
		return PoolByteArray() if count == 0 else _data.subarray(_at - count, _at - 1)


# Protobuf's JSON, with the names of the .proto file: numbers of 64 bits are texts, and others floats, as Godot 3 reads JSON.
static func of_json(message: String, value: Dictionary) -> Dictionary:
	var found := {}
	for field in Messages.FIELDS[message]:
		if value.has(field[NAME]):
			found[field[NAME]] = _json(field, value[field[NAME]], true)
	return found


static func json_of(message: String, value: Dictionary) -> Dictionary:
	var found := {}
	for field in Messages.FIELDS[message]:
		if value.has(field[NAME]):
			found[field[NAME]] = _json(field, value[field[NAME]], false)
	return found


static func _json(field: Array, value, reads: bool):
	if field[RULE] == "map":
		var found := {}
		for key in value:
			found[key] = _json_of_one(field[KIND], value[key], reads)
		return found
	if field[RULE] != "repeated":
		return _json_of_one(field[KIND], value, reads)
	var found := []
	for one in value:
		found.append(_json_of_one(field[KIND], one, reads))
	return found


static func _json_of_one(kind: String, value, reads: bool):
	if kind in Messages.FIELDS:
		return of_json(kind, value) if reads else json_of(kind, value)
	if kind in ["uint64", "fixed64"]:
		return unsigned(value) if reads else unsigned_text(value)
	return int(value) if kind in ["uint32", "int32"] else value


# The 64 bits of a decimal text. int() would stop at 2^63.
static func unsigned(text: String) -> int:
	var value := 0
	for digit in text.to_ascii():
		value = value * 10 + digit - 48
	return value


static func unsigned_text(value: int) -> String:
	if value >= 0:
		return str(value)
	var tenth := (value >> 1 & 0x7FFFFFFFFFFFFFFF) / 5
	return "%d%d" % [tenth, value - 10 * tenth]
