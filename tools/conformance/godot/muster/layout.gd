extends Reference
# A game's layout (STANDARD.md), from the JSON of GET /v1/games/{gameId}, whose numbers are floats in Godot 3.

const NONE := -1


# A scalar of the state: one word of it.
class Slot:
	var bits: int
	var signed: bool
	var counts_down: bool
	# Index of the slot that this one moves by.
	var moves_by: int

	func wrap(value: int) -> int:
		value &= (1 << bits) - 1
		return value - (1 << bits) if signed and value >> (bits - 1) else value


var fields: Array
var slots := []
# [from, up to] of the scalars of one struct.
var groups := []


func _init(of_fields: Array) -> void:
	fields = of_fields
	_place(fields)


func _place(of_fields: Array) -> void:
	var start := slots.size()
	var names := {}
	for field in of_fields:
		if field.type == "list":
			continue
		var slot := Slot.new()
		slot.bits = 1 if field.type == "flag" else int(field.bits)
		slot.signed = field.type == "int"
		slot.counts_down = field.get("countsDown", false)
		slot.moves_by = names[field.movesBy] if field.has("movesBy") else NONE
		names[field.name] = slots.size()
		slots.append(slot)
	if slots.size() > start:
		groups.append([start, slots.size()])
	for field in of_fields:
		if field.type == "list":
			for _i in range(int(field.length)):
				_place(field.fields)


func read(reader) -> Array:
	var words := []
	for slot in slots:
		words.append(slot.wrap(reader.read(slot.bits)))
	return words


func write(words: Array, writer) -> void:
	for i in range(slots.size()):
		writer.write(words[i], slots[i].bits)


# As names and values.
func state(words: Array) -> Dictionary:
	return _state(fields, words, [0])


# `at`: the next word, in an array because all of the calls share it.
func _state(of_fields: Array, words: Array, at: Array) -> Dictionary:
	var found := {}
	for field in of_fields:
		if field.type != "list":
			found[field.name] = words[at[0]] != 0 if field.type == "flag" else words[at[0]]
			at[0] += 1
	for field in of_fields:
		if field.type == "list":
			var elements := []
			for _i in range(int(field.length)):
				elements.append(_state(field.fields, words, at))
			found[field.name] = elements
	return found


func words(of_state: Dictionary) -> Array:
	var found := []
	_words(fields, of_state, found)
	return found


func _words(of_fields: Array, of_state: Dictionary, found: Array) -> void:
	for field in of_fields:
		if field.type != "list":
			found.append(int(of_state[field.name]))
	for field in of_fields:
		if field.type == "list":
			for element in of_state[field.name]:
				_words(field.fields, element, found)


static func hash_of(of_state: Array, given: Array) -> String:
	var value := 0xCBF29CE4 << 32 | 0x84222325
	for byte in ("state%sinput%s" % [_text(of_state), _text(given)]).to_utf8():
		value = (value ^ byte) * 0x100000001B3 # the lower 64 bits, as an unsigned product has them
	return "%08x%08x" % [value >> 32 & 0xFFFFFFFF, value & 0xFFFFFFFF]


static func _text(of_fields: Array) -> String:
	var texts := PoolStringArray()
	for field in of_fields:
		texts.append(_field_text(field))
	return "{%s}" % texts.join(",")


static func _field_text(field: Dictionary) -> String:
	if field.type == "flag":
		return "%s:flag" % field.name
	if field.type == "list":
		return "%s:[%d]%s" % [field.name, field.length, _text(field.fields)]
	var ending: String = "+" + field.movesBy if field.has("movesBy") else "-1" if field.get("countsDown", false) else ""
	return "%s:%s%d%s" % [field.name, "i" if field.type == "int" else "u", field.bits, ending]
