"""Reads replays on a live Muster: python3 replays.py URL MATCH PLAYER. MATCH was PLAYER's last and is verified. Prints what was seen, one JSON document a line."""

import base64
import hashlib
import json
import secrets
import struct
import sys
import urllib.error
import urllib.request
import zlib
from typing import Any

from muster.client import WITHIN_S, RestError, rest

# A match and a player that are none.
NOBODY = "00000000-0000-7000-8000-000000000000"
FIRST_LINE = b"MUSTER-REPLAY 1\n"


def seen(what: str, **more: Any) -> None:
    print(json.dumps({"seen": what, **more}), flush=True)


def expect(got: object, wanted: object, what: str) -> None:
    assert got == wanted, f"{what}: {got!r}, not {wanted!r}"


def fnv1a(data: bytes) -> int:
    value = 0x811C9DC5
    for byte in data:
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def records(log: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(log):
        length = shift = 0
        while True:
            byte = log[at]
            length, shift, at = length | (byte & 127) << shift, shift + 7, at + 1
            if byte < 128:
                break
        found.append(log[at : at + length])
        at += length
    expect(at, len(log), "the end of the last record")
    return found


def opened(file: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """contracts/replays/file.v1.md"""
    expect(file[:16], FIRST_LINE, "the first line")
    (length,) = struct.unpack("<I", file[16:20])
    sealed = zlib.decompress(file[20 + length :], -15)
    expect(struct.unpack("<I", sealed[-4:])[0], fnv1a(sealed[:-4]), "the hash of the log")
    return json.loads(file[20 : 20 + length]), records(sealed[:-4])


def main(url: str, match_id: str, player_id: str) -> None:
    token = rest(url, "POST", "/v1/auth/guest", {"deviceKey": secrets.token_hex(16)})["tokens"]["accessToken"]
    path = f"/v1/matches/{match_id}/replay"

    def get(at: str) -> Any:
        return rest(url, "GET", at, token=token)

    def refused(at: str, code: str) -> None:
        try:
            got = get(at)
        except RestError as refusal:
            return expect(refusal.code, code, at)
        raise AssertionError(f"{at}: {got!r}, not {code}")

    def file(method: str = "GET", **headers: str) -> tuple[int, Any, bytes]:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        asked = urllib.request.Request(url + path + "/file", headers={"authorization": f"Bearer {token}", **names}, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=WITHIN_S) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as err:
            return err.code, err.headers, err.read()

    replay = get(path)
    expect(replay["matchId"], match_id, "the match")
    expect(replay["verdict"], "verified", "the verdict")
    page = get(f"/v1/players/{player_id}/replays?limit=1")
    expect(page["replays"], [replay], "the player's list")
    expect(get("/v1/me/replays"), {"replays": []}, "a newcomer's list")
    seen("replay", reason=replay["verdictReason"])

    status, headers, whole = file()
    digest = base64.urlsafe_b64encode(hashlib.sha256(whole).digest()).decode().rstrip("=")
    expect((status, headers["etag"]), (200, f'"{digest}"'), "the ETag")
    expect(replay["file"], {"bytes": len(whole), "sha256": digest}, "what is said of the file")
    header, log = opened(whole)
    for name in ("matchId", "mode", "gameId", "buildId", "ticks"):
        expect(header[name], replay[name], name)
    expect(header["reason"], replay["endReason"], "the end")
    expect([seat["playerId"] for seat in header["seats"]], [seat["playerId"] for seat in replay["seats"]], "the players")
    expect(len(log), header["ticks"] + (1 if header["reason"] == "forfeit" else 0), "the number of records")
    seen("file", ticks=header["ticks"])

    expect(file("HEAD")[1]["content-length"], str(len(whole)), "HEAD")
    for given, first, last in (("0-9", 0, 9), ("10-", 10, len(whole) - 1), ("-7", len(whole) - 7, len(whole) - 1)):
        status, headers, part = file(range=f"bytes={given}")
        expect((status, headers["content-range"]), (206, f"bytes {first}-{last}/{len(whole)}"), given)
        expect(part, whole[first : last + 1], given)
    expect(file(range="bytes=0-9", if_range='"another"')[0], 200, "If-Range of another file")
    expect(file(if_none_match=f'"{digest}"')[::2], (304, b""), "If-None-Match")
    status, headers, body = file(range=f"bytes={len(whole)}-")
    expect((status, headers["content-range"]), (416, f"bytes */{len(whole)}"), "a range beyond the end")
    expect(json.loads(body)["error"]["code"], "range_not_satisfiable", "a range beyond the end")
    seen("ranges")

    refused(f"/v1/matches/{NOBODY}/replay", "replay_not_found")
    refused(f"/v1/players/{NOBODY}/replays", "player_not_found")
    refused("/v1/me/replays?cursor=nonsense", "bad_cursor")
    seen("refusals")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: python3 replays.py URL MATCH PLAYER")
    main(*sys.argv[1:])
