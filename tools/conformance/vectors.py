"""Reads and writes the files of contracts/realtime/golden with the codecs of this folder: python3 vectors.py FILE"""

import copy
import json
import sys

from muster.bits import Malformed
from muster.client import SCHEMA
from muster.frames import CONTROL, Receiver, input_frame, read_input
from muster.layout import Layout, layout_hash


def differences(vector: dict) -> list[str]:
    found: list[str] = []

    def same(what: str, got: object, wanted: object) -> None:
        if got != wanted:
            found.append(f"{vector['name']}: {what} is {got}, not {wanted}")

    same("layout hash", layout_hash(vector["state"], vector["input"]), vector["layoutHash"])
    receiver = Receiver(Layout(vector["state"]))
    for at, one in enumerate(vector["frames"]):
        frame = bytes.fromhex(one["frame"])
        if one.get("malformed"):
            try:
                copy.deepcopy(receiver).apply(frame)
                found.append(f"{vector['name']}: frame {at} is taken")
            except Malformed:
                pass
        elif one.get("dropped"):
            before = (receiver.tick, receiver.hash)
            same(f"frame {at}", receiver.apply(frame), False)
            same(f"after frame {at}", (receiver.tick, receiver.hash), before)
        else:
            try:
                same(f"frame {at}", receiver.apply(frame), True)
            except Malformed as reason:
                found.append(f"{vector['name']}: frame {at} is refused: {reason}")
            for name in ("tick", "acks", "state", "hash"):
                same(f"{name} after frame {at}", getattr(receiver, name), one[name])
    layout = Layout(vector["input"])
    for one in vector["inputs"]:
        frame = bytes.fromhex(one["frame"])
        same("input", read_input(layout, frame), (one["seq"], one["tick"], one["value"]))
        same("input frame", input_frame(layout, one["seq"], one["tick"], one["value"]), frame)
    return found


def message_differences(vector: dict) -> list[str]:
    found: list[str] = []
    name, message, frame = vector["name"], vector["message"], bytes.fromhex(vector["frame"])
    read = SCHEMA.to_json(message, SCHEMA.decode(message, frame[1:]))
    if frame[0] != CONTROL or read != vector["value"]:
        found.append(f"{name}: is read as {read}")
    if not vector.get("readOnly"):
        written = bytes([CONTROL]) + SCHEMA.encode(message, SCHEMA.from_json(message, vector["value"]))
        if written != frame:
            found.append(f"{name}: is written as {written.hex()}")
    return found


def main() -> int:
    if len(sys.argv) != 2:
        sys.exit("usage: python3 vectors.py FILE     such as contracts/realtime/golden/vectors.json")
    with open(sys.argv[1], encoding="utf-8") as file:
        golden = json.load(file)
    vectors, messages = golden.get("vectors", []), golden.get("messages", [])
    found = [text for vector in vectors for text in differences(vector)]
    found += [text for vector in messages for text in message_differences(vector)]
    frames = sum(len(vector["frames"]) + len(vector["inputs"]) for vector in vectors)
    print(json.dumps({"vectors": len(vectors) + len(messages), "frames": frames + len(messages), "differences": found}))
    return 1 if found or not vectors + messages else 0


if __name__ == "__main__":
    sys.exit(main())
