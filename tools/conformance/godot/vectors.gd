extends SceneTree
# Reads and writes the files of contracts/realtime/golden: godot3-server --path . -s vectors.gd FILE

const Frames := preload("muster/frames.gd")
const Layout := preload("muster/layout.gd")
const Proto := preload("muster/proto.gd")

var _found := []


func _init() -> void:
	var args := OS.get_cmdline_args()
	var file := File.new()
	if args.size() == 0 or file.open(args[args.size() - 1], File.READ) != OK:
		printerr("usage: godot3-server --path . -s vectors.gd FILE     such as /…/contracts/realtime/golden/vectors.json")
		quit(2)
		return
	var golden = JSON.parse(file.get_as_text()).result
	var vectors: Array = golden.get("vectors", [])
	var messages: Array = golden.get("messages", [])
	var frames := messages.size()
	for vector in vectors:
		_frames(vector)
		frames += vector.frames.size() + vector.inputs.size()
	for vector in messages:
		_message(vector)
	var count := vectors.size() + messages.size()
	print(to_json({"vectors": count, "frames": frames, "differences": _found}))
	quit(1 if count == 0 or not _found.empty() else 0)


func _frames(vector: Dictionary) -> void:
	var name: String = vector.name
	_same(name, "layout hash", Layout.hash_of(vector.state, vector.input), vector.layoutHash)
	var receiver = Frames.Receiver.new(Layout.new(vector.state))
	for at in range(vector.frames.size()):
		var one: Dictionary = vector.frames[at]
		var before := [receiver.tick, receiver.acks, receiver.state_hash()]
		var did: int = receiver.apply(_bytes(one.frame))
		if one.get("malformed", false) or one.get("dropped", false):
			_same(name, "frame %d" % at, did, Frames.DROPPED if one.get("dropped", false) else Frames.MALFORMED)
			_same(name, "after frame %d" % at, [receiver.tick, receiver.acks, receiver.state_hash()], before)
		else:
			_same(name, "frame %d" % at, did, Frames.APPLIED)
			var now := {"tick": receiver.tick, "acks": receiver.acks, "hash": receiver.state_hash()}
			now["state"] = receiver.state() if receiver.tick >= 0 else {}
			for what in now:
				_same(name, "%s after frame %d" % [what, at], now[what], one[what])
	var layout = Layout.new(vector.input)
	for one in vector.inputs:
		_same(name, "input", Frames.read_input(layout, _bytes(one.frame)), [one.seq, one.tick, one.value])
		var written: PoolByteArray = Frames.input_frame(layout, int(one.seq), int(one.tick), one.value)
		_same(name, "input frame", written.hex_encode(), one.frame)


func _message(vector: Dictionary) -> void:
	var frame := _bytes(vector.frame)
	var body := PoolByteArray() if frame.size() < 2 else frame.subarray(1, frame.size() - 1)
	var read = Proto.decode(vector.message, body)
	if read == null or frame[0] != Frames.CONTROL:
		_found.append("%s: is refused" % vector.name)
		return
	_same(vector.name, "it", Proto.json_of(vector.message, read), vector.value)
	if not vector.get("readOnly", false):
		var written := PoolByteArray([Frames.CONTROL])
		written.append_array(Proto.encode(vector.message, Proto.of_json(vector.message, vector.value)))
		_same(vector.name, "written, it", written.hex_encode(), vector.frame)


func _same(name: String, what: String, got, wanted) -> void:
	if not _equal(got, wanted):
		_found.append("%s: %s is %s, not %s" % [name, what, to_json(got), to_json(wanted)])


# Godot 3 compares dictionaries by identity, and reads every number of JSON as a float.
static func _equal(one, other) -> bool:
	if one is Dictionary and other is Dictionary:
		for key in one:
			if not other.has(key) or not _equal(one[key], other[key]):
				return false
		return one.size() == other.size()
	if one is Array and other is Array:
		for i in range(min(one.size(), other.size())):
			if not _equal(one[i], other[i]):
				return false
		return one.size() == other.size()
	var numbers := [TYPE_INT, TYPE_REAL]
	return (typeof(one) == typeof(other) or (typeof(one) in numbers and typeof(other) in numbers)) and one == other


static func _bytes(hex: String) -> PoolByteArray:
	var bytes := PoolByteArray()
	for i in range(0, hex.length(), 2):
		bytes.append(("0x" + hex.substr(i, 2)).hex_to_int())
	return bytes
