extends Reference
# One request (edge.v1.yaml), beside the game's frames: poll() until it says false.

const WITHIN_MS := 15000

var _client := HTTPClient.new()
var _done
var _method: int
var _path: String
var _body: String
var _sent := false
var _answer := PoolByteArray()
var _deadline_ms: int


# `done` gets the answer's JSON, or the code of the error: "closed" if no answer came. `body`: null for none.
func _init(url: String, method: int, path: String, body, done) -> void:
	_method = method
	_path = path
	_body = "" if body == null else to_json(body)
	_done = done
	_deadline_ms = OS.get_ticks_msec() + WITHIN_MS
	var tls := url.begins_with("https://")
	var at := url.trim_prefix("https://").trim_prefix("http://").trim_suffix("/").split(":")
	_client.connect_to_host(at[0], int(at[1]) if at.size() > 1 else 443 if tls else 80, tls)


func poll() -> bool:
	_client.poll()
	match _client.get_status():
		HTTPClient.STATUS_RESOLVING, HTTPClient.STATUS_CONNECTING, HTTPClient.STATUS_REQUESTING:
			pass
		HTTPClient.STATUS_CONNECTED:
			if _sent:
				return _ended()
			_sent = true
			var headers := [] if _body == "" else ["content-type: application/json"]
			_client.request(_method, _path, headers, _body)
		HTTPClient.STATUS_BODY:
			var more := true
			while more and _client.get_status() == HTTPClient.STATUS_BODY:
				var chunk := _client.read_response_body_chunk()
				_answer.append_array(chunk)
				more = chunk.size() > 0
			if _client.get_status() != HTTPClient.STATUS_BODY:
				return _ended()
		_:
			return _ended()
	if OS.get_ticks_msec() > _deadline_ms:
		_done.failed("closed")
		return false
	return true


func _ended() -> bool:
	var status := _client.get_response_code() if _client.has_response() else 0
	var text := _answer.get_string_from_utf8()
	_client.close()
	var parsed := JSON.parse(text) if text != "" else null
	var value = parsed.result if parsed != null and parsed.error == OK else null
	if status >= 200 and status < 300 and value != null:
		_done.ok(value)
	elif status >= 400 and value is Dictionary and value.has("error"):
		_done.failed(value.error.code)
	else:
		_done.failed("closed")
	return false
