extends Reference
# One match that is played, or watched.

const Frames := preload("frames.gd")

var match_id: String
# -1: watched.
var seat: int
var receiver
# The layout of its inputs.
var inputs
var held: bool
var seq := 0
var match_seq := 0
# Sent, and not applied as far as this client knows: [number, frame].
var _sent := []


func _init(about: Dictionary, layouts: Dictionary) -> void:
	match_id = about.match_id
	seat = about.get("seat", -1)
	receiver = Frames.Receiver.new(layouts.state)
	inputs = layouts.input
	held = layouts.held


func input(value: Dictionary, tick := 0) -> PoolByteArray:
	seq += 1
	var frame: PoolByteArray = Frames.input_frame(inputs, seq, tick, value)
	_sent.append([seq, frame])
	return frame


# What the shard does not have and still counts: of held inputs the last one.
func missing(last_input_seq: int) -> Array:
	seq = int(max(seq, last_input_seq))
	_forget(last_input_seq)
	var frames := []
	for one in _sent.slice(_sent.size() - 1, _sent.size() - 1) if held and not _sent.empty() else _sent:
		frames.append(one[1])
	return frames


# False: it is no frame.
func take(frame: PoolByteArray) -> bool:
	var did: int = receiver.apply(frame)
	if did == Frames.APPLIED and seat >= 0:
		_forget(receiver.ack_of(seat))
	return did != Frames.MALFORMED


func _forget(up_to_seq: int) -> void:
	while not _sent.empty() and _sent[0][0] <= up_to_seq:
		_sent.pop_front()
