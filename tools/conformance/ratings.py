"""Reads ratings and leaderboards on a live Muster: python3 ratings.py URL MODE. MODE has rated players. Prints what was seen, one JSON document a line."""

import json
import secrets
import sys
from typing import Any

from muster.client import RestError, rest

# A player that is none.
NOBODY = "00000000-0000-7000-8000-000000000000"
MAX = 100


def seen(what: str, **more: Any) -> None:
    print(json.dumps({"seen": what, **more}), flush=True)


def expect(got: object, wanted: object, what: str) -> None:
    assert got == wanted, f"{what}: {got!r}, not {wanted!r}"


def main(url: str, mode: str) -> None:
    session = rest(url, "POST", "/v1/auth/guest", {"deviceKey": secrets.token_hex(16)})
    token, own_id = session["tokens"]["accessToken"], session["player"]["playerId"]

    def get(path: str) -> Any:
        return rest(url, "GET", path, token=token)

    def refused(path: str, code: str, with_token: bool = True) -> None:
        try:
            got = get(path) if with_token else rest(url, "GET", path)
        except RestError as refusal:
            return expect(refusal.code, code, path)
        raise AssertionError(f"{path}: {got!r}, not {code}")

    def pages(path: str, items: str, limit: int) -> list[Any]:
        found: list[Any] = []
        cursor = ""
        while True:
            page = get(f"{path}?limit={limit}{cursor}")
            assert len(page[items]) <= limit, f"{path}: {len(page[items])} of {limit}"
            found += page[items]
            if "nextCursor" not in page:
                return found
            cursor = f"&cursor={page['nextCursor']}"

    seasons = rest(url, "GET", "/v1/seasons")
    current = seasons["current"]
    expect(current in [season["season"] for season in seasons["seasons"]], True, "the current season is one of them")
    seen("seasons", current=current)

    board = f"/v1/leaderboards/{mode}"
    entries = pages(board, "entries", 2)
    whole = get(f"{board}?season={current}&limit={MAX}")
    expect([entry["playerId"] for entry in entries][:MAX], [entry["playerId"] for entry in whole["entries"]], "pages of two")
    expect([entry["rank"] for entry in entries], list(range(1, len(entries) + 1)), "the ranks")
    shown = [entry["rating"]["display"] for entry in entries]
    expect(shown, sorted(shown, reverse=True), "the order")
    expect(whole["players"], len(entries), "the number of players")
    seen("leaderboard", players=len(entries))

    middle = entries[len(entries) // 2]
    around = get(f"{board}/players/{middle['playerId']}?eachSide=1")
    expect(around["rank"], middle["rank"], "the rank")
    expect(around["entries"], entries[max(0, middle["rank"] - 2) : middle["rank"] + 1], "those around it")
    ratings = get(f"/v1/players/{middle['playerId']}/ratings")
    expect(next(one["rating"] for one in ratings["ratings"] if one["mode"] == mode), middle["rating"], "the rating")
    points = pages(f"/v1/players/{middle['playerId']}/ratings/{mode}/history", "points", 1)
    expect(points[0]["rating"], middle["rating"], "the newest point")
    for later, earlier in zip(points, points[1:]):
        expect(later["endedAt"] >= earlier["endedAt"], True, "newest first")
        if later["season"] == earlier["season"]:
            expect(later["displayBefore"], earlier["rating"]["display"], "what one match begins with, the one before has left")
    seen("player", rank=around["rank"], points=len(points))

    expect(get("/v1/me/ratings"), {"playerId": own_id, "season": current, "ratings": []}, "a newcomer's ratings")
    expect(get(f"/v1/me/ratings/{mode}/history"), {"points": []}, "a newcomer's history")
    refused(f"{board}/me", "not_on_leaderboard")
    refused(f"{board}?season=4000000000", "season_not_found")
    refused(f"{board}?cursor=nonsense", "bad_cursor")
    refused(f"{board}?limit={MAX + 1}", "invalid_request")
    refused(f"/v1/players/{NOBODY}/ratings", "player_not_found")
    refused(board, "unauthenticated", with_token=False)
    seen("refusals")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python3 ratings.py URL MODE     such as http://localhost:8080 duel-quick")
    main(sys.argv[1], sys.argv[2])
