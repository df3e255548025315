extends Reference
# One connection to one gateway. poll() puts what came into the inbox: ["frame", link, bytes] and, once, ["closed", link, code].

const Frames := preload("frames.gd")
const Proto := preload("proto.gd")

const SUBPROTOCOL := "muster.v1"
const CUT := 1006
const OPEN_WITHIN_MS := 10000
const CLOSE_WITHIN_MS := 3000
# The longest frame that there can be, and one at a time: each is taken when it comes. Godot closes with 1009 for a longer one.
const IN_KB := 1024
const OUT_KB := 64
const FRAMES := 1024

# Set by the player when it takes notice: frames that came before are handled before.
var closed := false

var _socket := WebSocketClient.new()
var _inbox: Array
var _answers := {}
var _request_id := 0
var _open := false
var _closing := false
var _over := false
var _code := CUT
# What to send when it is open.
var _early := []
# When it is taken for lost: not open by then, or the close is not answered. 0: never.
var _deadline_ms := 0


func _init(url: String, inbox: Array) -> void:
	_inbox = inbox
	for signal_name in ["connection_established", "connection_error", "connection_closed", "server_close_request", "data_received"]:
		_socket.connect(signal_name, self, "_on_" + signal_name)
	_socket.set_buffers(IN_KB, FRAMES, OUT_KB, FRAMES)
	_deadline_ms = OS.get_ticks_msec() + OPEN_WITHIN_MS
	if _socket.connect_to_url("ws" + url.trim_prefix("http") + "/v1/realtime", PoolStringArray([SUBPROTOCOL])) != OK:
		_end(CUT)


func poll() -> void:
	if _over:
		return
	_socket.poll()
	if _deadline_ms != 0 and OS.get_ticks_msec() > _deadline_ms:
		_end(_code)


# `done` gets the message with the answer.
func ask(case: String, value: Dictionary, done) -> void:
	_request_id += 1
	_answers[_request_id] = done
	var frame := PoolByteArray([Frames.CONTROL])
	frame.append_array(Proto.encode("ClientControl", {"request_id": _request_id, case: value}))
	send(frame)


# Whom the answer to that request is for: null if nobody waits for it.
func take_answer(request_id: int):
	var done = _answers.get(request_id)
	_answers.erase(request_id)
	return done


func take_answers() -> Array:
	var all := _answers.values()
	_answers.clear()
	return all


func send(frame: PoolByteArray) -> void:
	if _over:
		return
	if not _open:
		_early.append(frame)
	else:
		_socket.get_peer(1).put_packet(frame)


# The other side answers, and the link is then closed: with this code, as Godot does not say which one the answer has.
func close(code := 1000) -> void:
	if _over:
		return
	if not _open:
		_end(code)
		return
	if _closing:
		return
	_closing = true
	_code = code
	_deadline_ms = OS.get_ticks_msec() + CLOSE_WITHIN_MS
	_socket.disconnect_from_host(code)


# As if the network had failed.
func lose() -> void:
	_end(CUT)


func _end(code: int) -> void:
	if not _over:
		_over = true
		_inbox.append(["closed", self, code])


func _on_connection_established(_protocol: String) -> void:
	_open = true
	_deadline_ms = 0
	for frame in _early:
		send(frame)
	_early = []


func _on_data_received() -> void:
	var peer := _socket.get_peer(1)
	while peer.get_available_packet_count() > 0:
		_inbox.append(["frame", self, peer.get_packet()])


func _on_server_close_request(code: int, _reason: String) -> void:
	_code = code


func _on_connection_closed(_was_clean: bool) -> void:
	_end(_code)


func _on_connection_error() -> void:
	_end(CUT)
