extends Node
# A guest that is connected, and connects again (STATE-MACHINE.md, "Disconnects"). Everything is decided in poll(), once a frame of the game.

# What it tells by itself: the events of ../README.md, "Testing a client".
signal told(event)

const Done := preload("done.gd")
const Frames := preload("frames.gd")
const Link := preload("link.gd")
const Proto := preload("proto.gd")
const Rest := preload("rest.gd")

const PROTOCOL_VERSION := 1
const CLIENT := "godot"
const RECONNECT_MS := 50.0
const RECONNECT_MS_MAX := 2000.0
const RENEW_BEFORE_MS := 60000
const BAD_FRAME := 4500
const TOKEN_ENDED := [4003, 4005]

var player_id := ""
# The current connection, and another one that is about to take the seat. null: none.
var link
var next

# True: what came is not handled yet.
var _waits := false
var _url: String
var _tokens := {}
var _stopped := false
var _links := []
var _inbox := []
var _requests := []
# [when, whom to tell]
var _timers := []
var _delay_ms := RECONNECT_MS


func _init(url: String) -> void:
	_url = url
	randomize()


func _process(_delta: float) -> void:
	poll()


# What a caller does. `done` gets an answer, or null, a code, and how long to wait: see done.gd.

# `device_key`: new_device_key(), which a game keeps, so that the next start is of the same player.
func start(device_key: String, done) -> void:
	_rest(HTTPClient.METHOD_POST, "/v1/auth/guest", {"deviceKey": device_key}, Done.new(self, "_logged_in", [done]))


static func new_device_key() -> String:
	return Crypto.new().generate_random_bytes(16).hex_encode()


func stop() -> void:
	_stopped = true
	for one in _links:
		one.close()


func ask(case: String, value: Dictionary, done) -> void:
	if link == null:
		done.failed("closed")
	else:
		link.ask(case, value, done)


# The loop.

func poll() -> void:
	for request in _requests.duplicate():
		if not request.poll():
			_requests.erase(request)
	for one in _links.duplicate():
		one.poll()
	var now := OS.get_ticks_msec()
	for timer in _timers.duplicate():
		if timer[0] <= now:
			_timers.erase(timer)
			if not _stopped:
				timer[1].ok(null)
	while not _waits and not _inbox.empty():
		var came: Array = _inbox.pop_front()
		if came[0] == "frame":
			_frame(came[1], came[2])
		else:
			_closed(came[1], came[2])


func _rest(method: int, path: String, body, done) -> void:
	_requests.append(Rest.new(_url, method, path, body, done))


func _after(ms: float, done) -> void:
	_timers.append([OS.get_ticks_msec() + int(ms), done])


func _nothing(_value, _code: String, _wait: int) -> void:
	pass


func _tell(event: String, with: Dictionary) -> void:
	with["event"] = event
	emit_signal("told", with)


# For player.gd: connected again, and what came.

func _resume() -> void:
	pass


func _control(_of_link, _message: Dictionary) -> void:
	pass


# False: it is no frame.
func _state_frame(_frame: PoolByteArray) -> bool:
	return true


# Connections.

func _logged_in(done, session, code: String, wait: int) -> void:
	if session == null:
		done.failed(code, wait)
		return
	player_id = session.player.playerId
	_tokens = session.tokens
	_open(Done.new(self, "_welcomed", [done]))


# `done` gets the link, when it is welcome.
func _open(done) -> void:
	if _stopped:
		done.failed("stopped")
		return
	var opened = Link.new(_url, _inbox)
	_links.append(opened)
	opened.ask("hello", _hello(), Done.new(self, "_greeted", [opened, done]))


func _hello() -> Dictionary:
	return {"access_token": _tokens.accessToken, "protocol_version": PROTOCOL_VERSION, "client": CLIENT}


func _greeted(opened, done, answer, code: String, wait: int) -> void:
	if answer == null:
		opened.close()
		done.failed(code, wait)
		return
	_renew_later(opened, answer.welcome.token_ends_in_ms)
	done.ok(opened)


func _welcomed(done, opened, code: String, wait: int) -> void:
	if opened == null:
		done.failed(code, wait)
		return
	link = opened
	_delay_ms = RECONNECT_MS
	done.ok({"player_id": player_id})


func _renew_later(of_link, ends_in_ms: int) -> void:
	if ends_in_ms > 0:
		_after(max(ends_in_ms - RENEW_BEFORE_MS, ends_in_ms / 2.0), Done.new(self, "_renew", [of_link]))


func _renew(of_link, _value, _code: String, _wait: int) -> void:
	if not of_link.closed:
		_refresh(Done.new(self, "_renewed", [of_link]))


func _renewed(of_link, tokens, _code: String, _wait: int) -> void:
	if tokens != null: # otherwise the server closes with 4003, and then it is tried again
		of_link.ask("hello", _hello(), Done.new(self, "_greeted_again", [of_link]))


func _greeted_again(of_link, answer, _code: String, _wait: int) -> void:
	if answer != null:
		_renew_later(of_link, answer.welcome.token_ends_in_ms)


func _refresh(done) -> void:
	var body := {"refreshToken": _tokens.refreshToken}
	_rest(HTTPClient.METHOD_POST, "/v1/auth/refresh", body, Done.new(self, "_refreshed", [done]))


func _refreshed(done, tokens, code: String, wait: int) -> void:
	if tokens == null:
		done.failed(code, wait)
		return
	_tokens = tokens
	done.ok(tokens)


func _closed(of_link, code: int) -> void:
	of_link.closed = true
	_links.erase(of_link)
	var was_current: bool = of_link == link
	if was_current:
		link = null
	for done in of_link.take_answers():
		done.failed("closed", code)
	if of_link == next:
		next = null
	elif was_current and not _stopped and next == null:
		_lost(code)


func _lost(code: int) -> void:
	if code >= 4500 and code <= 4999:
		_give_up(code)
	elif code in TOKEN_ENDED:
		_refresh(Done.new(self, "_refreshed_for_another", [code]))
	else:
		_reconnect_later()


func _give_up(code: int) -> void:
	_stopped = true
	_tell("closed", {"code": code})


# A refresh token that is refused: somebody has to log in.
func _refreshed_for_another(code: int, tokens, why: String, _wait: int) -> void:
	if tokens == null and why != "closed":
		_give_up(code)
	else:
		_reconnect_later()


func _reconnect_later(at_least_ms := 0.0) -> void:
	_after(max(at_least_ms, _delay_ms * rand_range(0.5, 1)), Done.new(self, "_reconnect"))
	_delay_ms = min(_delay_ms * 2, RECONNECT_MS_MAX)


func _reconnect(_value, _code: String, _wait: int) -> void:
	_open(Done.new(self, "_welcomed", [Done.new(self, "_reconnected")]))


func _reconnected(welcome, code: String, wait: int) -> void:
	if welcome != null:
		_resume()
	elif _stopped:
		return
	elif code == "closed":
		_lost(wait)
	else:
		_reconnect_later(wait)


# What came.

func _frame(of_link, frame: PoolByteArray) -> void:
	var kind := frame[0] if frame.size() > 0 else 0
	var good := frame.size() > 1
	if good and kind == Frames.CONTROL:
		var message = Proto.decode("ServerControl", frame.subarray(1, frame.size() - 1))
		good = message != null
		if good and message.size() > 2: # otherwise of a later version: no field of the oneof
			_control(of_link, message)
	elif good and kind in [Frames.KEYFRAME, Frames.DELTA] and of_link == link:
		good = _state_frame(frame)
	if not good:
		of_link.close(BAD_FRAME)
