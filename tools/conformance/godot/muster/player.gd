extends "session.gd"
# A player that queues, plays, watches and chats, and comes back by itself (STATE-MACHINE.md).

const Layout := preload("layout.gd")
const Playing := preload("playing.gd")

# Of the time that a stopping gateway gives.
const LEAVE_SHARE := 0.7
const SEAT_AGAIN_MS := 300

# MatchFound; what is played, and what is watched.
var found := {}
var playing
var watched

# Of Enqueue: the mode, the ticket, and whom to tell. null: not in a queue.
var _queued
# By channel: the highest change. null: not subscribed.
var _cursors
# By their hash. While one is on its way, the frames of its match wait.
var _layouts := {}


func _init(url: String).(url) -> void:
	pass


# What a caller does.

func enqueue(mode: String, done) -> void:
	_queued = {"mode": mode, "ticket_id": "", "done": done}
	_enqueue()


func join(done) -> void:
	ask("join_match", {"seat_ticket": found.get("seat_ticket", "")}, Done.new(self, "_shown", ["match_joined", done]))


func input(value: Dictionary, tick := 0) -> int:
	var frame: PoolByteArray = playing.input(value, tick)
	if link != null:
		link.send(frame)
	return playing.seq


func watch(match_id: String, done) -> void:
	ask("watch_match", {"match_id": match_id}, Done.new(self, "_shown", ["watching", done]))


func subscribe(done) -> void:
	var cursors := []
	for channel in _cursors if _cursors != null else {}:
		cursors.append({"channel_id": channel, "change": _cursors[channel]})
	ask("chat_subscribe", {"cursors": cursors}, done)


# Coming back.

func _resume() -> void:
	if _cursors != null:
		subscribe(Done.new(self, "_nothing"))
	if playing != null:
		_take_seat(link, Done.new(self, "_nothing"))
		return
	if _queued != null:
		_enqueue()
	if watched != null:
		watch(watched.match_id, Done.new(self, "_watched_again"))


func _watched_again(answer, code: String, _wait: int) -> void:
	if answer == null and code != "closed":
		_watch_ended(code)


# `taken` is told only when it is.
func _take_seat(of_link, taken) -> void:
	var again := {"seat_ticket": found.seat_ticket, "last_match_seq": playing.match_seq}
	of_link.ask("join_match", again, Done.new(self, "_seat_answered", [of_link, playing, taken]))


func _seat_answered(of_link, of_match, taken, answer, code: String, _wait: int) -> void:
	if answer != null:
		taken.ok(null)
		_send_missing(of_link, of_match, answer.match_joined)
	elif code == "shard_unavailable":
		_after(SEAT_AGAIN_MS, Done.new(self, "_take_seat_again", [of_link, taken]))
	elif code != "closed" and playing == of_match:
		playing = null
		_tell("cancelled", {"reason": code})


func _take_seat_again(of_link, taken, _value, _code: String, _wait: int) -> void:
	if playing != null and not of_link.closed:
		_take_seat(of_link, taken)


func _send_missing(of_link, of_match, joined: Dictionary) -> void:
	for frame in of_match.missing(joined.last_input_seq):
		of_link.send(frame)


func _leave_gateway(of_link, _value, _code: String, _wait: int) -> void:
	if of_link != link:
		return
	if playing == null:
		link.close() # and when it is closed, another one is opened
	else:
		_open(Done.new(self, "_opened_elsewhere", [of_link]))


func _opened_elsewhere(of_link, opened, _code: String, _wait: int) -> void:
	if opened == null:
		_after(SEAT_AGAIN_MS, Done.new(self, "_leave_gateway", [of_link]))
	elif playing == null: # over meanwhile
		_moved(of_link, opened, null, "", 0)
	else:
		next = opened
		_take_seat(next, Done.new(self, "_moved", [of_link, next]))


func _moved(from, to, _value, _code: String, _wait: int) -> void:
	link = to
	next = null
	from.close()
	if _cursors != null:
		subscribe(Done.new(self, "_nothing"))


# What came.

func _state_frame(frame: PoolByteArray) -> bool:
	var shown = playing if playing != null else watched
	return shown == null or shown.take(frame)


static func _case_of(message: Dictionary) -> String:
	for name in message:
		if not name in ["request_id", "match_seq"]:
			return name
	return ""


func _control(of_link, message: Dictionary) -> void:
	var case := _case_of(message)
	var value: Dictionary = message[case]
	var done = of_link.take_answer(message.request_id)
	if playing != null and message.match_seq > 0 and case != "error":
		if message.match_seq <= playing.match_seq:
			return
		playing.match_seq = message.match_seq
	_note(of_link, case, value, done != null)
	if done != null and case == "error":
		done.failed(value.code, value.retry_after_ms)
	elif done != null:
		done.ok(message)


func _note(of_link, case: String, value: Dictionary, asked: bool) -> void:
	match case:
		"queued":
			if _queued != null:
				_queued.ticket_id = value.ticket_id
		"queue_left":
			_left(value.reason, value.retry_after_ms)
		"match_found":
			if _queued != null:
				found = value
				var done = _queued.done
				_queued = null
				done.ok(value)
		"match_joined":
			if not asked and playing != null: # on another shard
				_send_missing(of_link, playing, value)
		"match_ended", "match_cancelled":
			if playing != null and playing.match_id == value.match_id:
				_match_over(case, value)
		"seat_status":
			var status := {"seat": value.seat, "connected": value.connected, "graceMs": value.grace_ms}
			_tell("seat", status)
		"error":
			if not asked:
				_tell("refused", {"code": value.code, "count": value.count})
		"watch_ended":
			if not asked:
				_watch_ended(value.reason)
		"going_away":
			_after(randf() * LEAVE_SHARE * value.reconnect_within_ms, Done.new(self, "_leave_gateway", [of_link]))
		"chat_channels":
			_subscribed(value.channels)
		"chat_changed":
			if _cursors != null and value.change > _cursors.get(value.channel_id, 0):
				_cursors[value.channel_id] = value.change
				_tell("chat", {"channelId": value.channel_id, "seq": value.seq, "body": value.body, "deleted": value.deleted})


func _match_over(case: String, value: Dictionary) -> void:
	var over = playing
	playing = null
	if case == "match_cancelled":
		_tell("cancelled", {"reason": value.reason})
		return
	var scores := []
	var ranks := []
	scores.resize(value.seats.size())
	ranks.resize(value.seats.size())
	for one in value.seats:
		scores[one.seat] = one.score
		ranks[one.seat] = one.rank
	var end := {"reason": value.reason, "ticks": value.ticks, "stateHash": value.state_hash}
	end["ownHash"] = over.receiver.state_hash()
	end["scores"] = scores
	end["ranks"] = ranks
	_tell("ended", end)


func _watch_ended(reason: String) -> void:
	watched = null
	_tell("watch-ended", {"reason": reason})


func _subscribed(channels: Array) -> void:
	var known: Dictionary = _cursors if _cursors != null else {}
	_cursors = {}
	for one in channels:
		_cursors[one.channel_id] = int(max(one.from_change, known.get(one.channel_id, 0)))


# The queue.

func _enqueue() -> void:
	var request := {"mode": _queued.mode, "resume_ticket_id": _queued.ticket_id}
	ask("enqueue", request, Done.new(self, "_enqueued", [_queued.done]))


func _enqueued(done, _answer, code: String, wait: int) -> void:
	if code != "" and code != "closed" and _queued != null and _queued.done == done:
		_left(code, wait)


func _left(code: String, wait: int) -> void:
	if _queued != null:
		var done = _queued.done
		_queued = null
		done.failed(code, wait)


# Matches, and their games' layouts.

func _shown(case: String, done, answer, code: String, wait: int) -> void:
	if answer == null:
		done.failed(code, wait)
	elif _layouts.has(answer[case].layout_hash):
		_show(case, done, answer)
	else:
		_waits = true
		var path: String = "/v1/games/" + answer[case].game_id
		_rest(HTTPClient.METHOD_GET, path, null, Done.new(self, "_described", [case, done, answer]))


func _described(case: String, done, answer: Dictionary, game, code: String, wait: int) -> void:
	_waits = false
	if game == null:
		done.failed(code, wait)
		return
	for build in game.builds:
		var layouts := {"state": Layout.new(build.state), "input": Layout.new(build.input), "held": build.inputMode == "held"}
		_layouts[build.layoutHash] = layouts
	if _layouts.has(answer[case].layout_hash):
		_show(case, done, answer)
	else:
		done.failed("unknown_layout")


func _show(case: String, done, answer: Dictionary) -> void:
	var shown = Playing.new(answer[case], _layouts[answer[case].layout_hash])
	if case == "watching":
		watched = shown
	else:
		playing = shown
	done.ok(answer)
