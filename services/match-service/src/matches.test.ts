import { describe, expect, it } from "vitest";
import { decodeCursor, encodeCursor } from "./cursors.ts";
import { rated } from "./ratings.ts";

describe("ratings", () => {
  it("move by 16 points between equals, more for an upset, not at all for a draw of equals", () => {
    expect(
      rated([
        { rating: 1500, rank: 1 },
        { rating: 1500, rank: 2 },
      ]),
    ).toEqual([1516, 1484]);
    expect(
      rated([
        { rating: 1300, rank: 1 },
        { rating: 1700, rank: 2 },
      ]),
    ).toEqual([1329, 1671]);
    expect(
      rated([
        { rating: 1500, rank: 1 },
        { rating: 1500, rank: 1 },
      ]),
    ).toEqual([1500, 1500]);
  });

  it("do not depend on the order of the seats", () => {
    const four = [
      { rating: 1400, rank: 2 },
      { rating: 1600, rank: 1 },
      { rating: 1500, rank: 4 },
      { rating: 1550, rank: 3 },
    ];
    expect(rated(four.toReversed())).toEqual(rated(four).toReversed());
  });
});

describe("a cursor", () => {
  const cursor = { createdAt: "2026-11-23 10:11:12.123456", matchId: "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e" };
  it("comes back as it was", () => expect(decodeCursor(encodeCursor(cursor))).toEqual(cursor));
  it.each([
    "x",
    "AAAA",
    Buffer.from("2026-11-23/1").toString("base64url"),
    Buffer.from(`${cursor.createdAt}' or 1=1/x`).toString("base64url"),
  ])("is refused when it is not ours: %s", (text) => {
    expect(() => decodeCursor(text)).toThrow(expect.objectContaining({ code: "bad_cursor" }));
  });
});
