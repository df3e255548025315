extends SceneTree
# Plays one duel against whoever else waits: godot3-server --path . -s duel.gd URL MODE. Loses its connection in the midst of it, returns, and prints the result.

const Done := preload("muster/done.gd")
const Player := preload("muster/player.gd")

const WITHIN_MS := 60000
const CUT_AT_TICK := 40
const TICKS_PER_INPUT := 5

var _mode: String
var _player
var _match
var _cut := false


func _init() -> void:
	var args := OS.get_cmdline_args()
	if args.size() < 2 or not args[args.size() - 2].begins_with("http"):
		printerr("usage: godot3-server --path . -s duel.gd URL MODE     such as http://localhost:8080 duel-quick")
		quit(2)
		return
	_mode = args[args.size() - 1]
	_player = Player.new(args[args.size() - 2])
	_player.connect("told", self, "_told")
	root.add_child(_player)
	_player.start(Player.new_device_key(), Done.new(self, "_started"))


func _idle(_delta: float) -> bool:
	if OS.get_ticks_msec() > WITHIN_MS:
		_fail("not within %d ms" % WITHIN_MS)
	elif _match != null and _player.playing == _match:
		_play()
	return false


func _started(welcome, code: String, _wait: int) -> void:
	if welcome == null:
		_fail(code)
	else:
		_player.enqueue(_mode, Done.new(self, "_found"))


func _found(found, code: String, _wait: int) -> void:
	if found == null:
		_fail(code)
	else:
		_player.join(Done.new(self, "_joined"))


func _joined(joined, code: String, _wait: int) -> void:
	if joined == null:
		_fail(code)
	else:
		_match = _player.playing


func _play() -> void:
	var tick: int = _match.receiver.tick
	if tick >= (_match.seq + 1) * TICKS_PER_INPUT and _player.link != null:
		var held := {"thrust": true, "fire": true, "left": _match.seq % 2 == 0, "right": false}
		_player.input(held)
	if tick >= CUT_AT_TICK and not _cut and _player.link != null:
		_cut = true
		_player.link.lose()


func _told(event: Dictionary) -> void:
	if event.event in ["closed", "cancelled"]:
		_fail(to_json(event))
	elif event.event == "ended":
		event["matchId"] = _match.match_id
		event["seat"] = _match.seat
		event["sent"] = _match.seq
		event["acked"] = _match.receiver.ack_of(_match.seat)
		event["cut"] = _cut
		print(to_json(event))
		_player.stop()
		quit(0)


func _fail(why: String) -> void:
	printerr(why)
	quit(1)
