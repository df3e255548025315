extends Reference
# Whom to tell when something is done: a method and its first arguments. GDScript 3 has no closures, and a FuncRef binds nothing.
# The method then gets the answer, or null, a code, and how many milliseconds to wait.

var _target: Object
var _method: String
var _bound: Array


func _init(target: Object, method: String, bound := []) -> void:
	_target = target
	_method = method
	_bound = bound


func ok(value) -> void:
	_target.callv(_method, _bound + [value, "", 0])


func failed(code: String, retry_after_ms := 0) -> void:
	_target.callv(_method, _bound + [null, code, retry_after_ms])
