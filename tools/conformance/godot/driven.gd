extends SceneTree
# The client under test of `pnpm conformance server`, by the driver protocol of ../README.md: godot3-server --path . -s driven.gd
# with MUSTER_CONFORMANCE=ws://…/driver.

const Done := preload("muster/done.gd")
const Player := preload("muster/player.gd")

var _socket := WebSocketClient.new()
var _player


func _init() -> void:
	var at := OS.get_environment("MUSTER_CONFORMANCE")
	if at == "":
		printerr("MUSTER_CONFORMANCE is not set: `pnpm conformance server` says to what")
		quit(2)
		return
	_socket.connect("connection_established", self, "_on_open")
	_socket.connect("connection_error", self, "_on_over", [false])
	_socket.connect("connection_closed", self, "_on_over")
	_socket.connect("data_received", self, "_on_command")
	_socket.connect_to_url(at)


func _idle(_delta: float) -> bool:
	_socket.poll()
	return false


func _on_open(_protocol: String) -> void:
	_socket.get_peer(1).set_write_mode(WebSocketPeer.WRITE_MODE_TEXT)


func _on_over(_was_clean: bool) -> void:
	quit()


func _on_command() -> void:
	while _socket.get_peer(1).get_available_packet_count() > 0:
		_do(JSON.parse(_socket.get_peer(1).get_packet().get_string_from_utf8()).result)


func _send(message: Dictionary) -> void:
	_socket.get_peer(1).put_packet(to_json(message).to_utf8())


func _answer(command: Dictionary, value, code: String, wait: int) -> void:
	if value == null:
		_send({"id": int(command.id), "error": code, "retryAfterMs": wait})
	else:
		_send({"id": int(command.id), "ok": _picked(command.do, value)})


func _picked(what: String, value: Dictionary) -> Dictionary:
	match what:
		"start":
			return {"playerId": value.player_id}
		"queue":
			var bots := []
			for one in value.players:
				if one.bot != "":
					bots.append(one.bot)
			return {"matchId": value.match_id, "seat": value.seat, "held": value.held, "bots": bots}
		"join":
			return {"matchId": value.match_joined.match_id}
		"watch":
			return {"delayMs": value.watching.delay_ms}
		"subscribe":
			var channels := []
			for one in value.chat_channels.channels:
				channels.append(one.channel_id)
			return {"channels": channels}
		"say":
			return {"seq": value.chat_sent.seq}
		"state", "input":
			return value
	return {}


func _do(command: Dictionary) -> void:
	var done = Done.new(self, "_answer", [command])
	if command.do == "start":
		_start(command.url, done)
		return
	if _player == null:
		done.failed("not_started")
		return
	match command.do:
		"stop":
			_player.stop()
			done.ok({})
		"ping":
			_player.ask("ping", {"payload": 7}, done)
		"queue":
			_player.enqueue(command.mode, done)
		"cancel":
			_player.ask("cancel_queue", {}, done)
		"join":
			_player.join(done)
		"input":
			if _player.playing == null:
				done.failed("not_in_match")
			else:
				done.ok({"seq": _player.input(command.value)})
		"leave":
			_player.ask("leave_match", {}, done)
		"watch":
			_player.watch(command.matchId, done)
		"stop-watching":
			_player.ask("stop_watching", {}, done)
		"state":
			done.ok(_state())
		"subscribe":
			_player.subscribe(done)
		"say":
			_player.ask("chat_send", {"channel_id": command.channelId, "body": command.body, "key": command.key}, done)
		_:
			done.failed("unknown_command")


func _start(url: String, done) -> void:
	if _player != null:
		_player.disconnect("told", self, "_send")
		_player.queue_free()
	_player = Player.new(url)
	_player.connect("told", self, "_send")
	root.add_child(_player)
	_player.start(Player.new_device_key(), done)


func _state() -> Dictionary:
	var shown = _player.playing if _player.playing != null else _player.watched
	if shown == null or shown.receiver.tick < 0:
		return {"tick": -1}
	return {"tick": shown.receiver.tick, "acks": shown.receiver.acks, "hash": shown.receiver.state_hash()}
