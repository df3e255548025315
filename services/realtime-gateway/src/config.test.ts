import { describe, expect, it } from "vitest";
import { readConfig } from "./config.ts";

describe("the gateway's configuration", () => {
  const url = "http://127.0.0.1:1";
  const needed = {
    GATEWAY_IDENTITY_URL: url,
    GATEWAY_RATING_URL: url,
    GATEWAY_MATCHMAKER_URL: url,
    GATEWAY_CHAT_URLS: JSON.stringify([url]),
    GATEWAY_SEAT_TICKET_KEY: "00".repeat(32),
    GATEWAY_LINK_KEY: "00".repeat(32),
  };

  it("is refused when a stop would be forced while clients leave", () => {
    const times = { GATEWAY_RECONNECT_SPREAD_MS: "9000", GATEWAY_STOP_WITHIN_MS: "10000" };
    expect(() => readConfig({ ...needed, ...times })).toThrow(/GATEWAY_STOP_WITHIN_MS has to be at least 2000 above/);
    expect(readConfig({ ...needed, ...times, GATEWAY_STOP_WITHIN_MS: "11000" }).stopWithinMs).toBe(11_000);
  });
});
