import type { Letter } from "@muster/events";
import { expect, it } from "vitest";
import { run } from "./commands.ts";
import { filterFrom, UsageError } from "./filter.ts";

const parts = {
  broker: async () => {
    throw new Error("it asked the broker");
  },
  user: "ann@ops",
  say: () => undefined,
  stop: new AbortController().signal,
};

it.each([
  ["which command?", []],
  ["there is no command purge", ["purge", "rating-service"]],
  ["of which consumer?", ["list"]],
  ["there is no consumer toString", ["list", "toString"]],
  ["too many words", ["list", "rating-service", "all"]],
  ["Unknown option", ["list", "rating-service", "--of", "x"]],
  ["list does not take --apply", ["list", "rating-service", "--apply"]],
  ["discard does not take --again", ["discard", "rating-service", "--again"]],
  ["show takes the offset of a letter", ["show", "rating-service", "last"]],
  ["--state is one of", ["list", "rating-service", "--state", "new"]],
  ["--class is one of", ["list", "rating-service", "--class", "bad"]],
  ["--offset takes offsets", ["list", "rating-service", "--offset", "9-3"]],
  ["--after takes a time", ["list", "rating-service", "--after", "yesterday"]],
  ["--after takes a time", ["list", "rating-service", "--after", "2026-13-01"]],
  ["nothing can match", ["list", "rating-service", "--after", "1h", "--before", "2h"]],
  ["--limit is a whole number", ["list", "rating-service", "--limit", "0"]],
  ["replay needs a filter, or --all", ["replay", "rating-service"]],
  ["--reason is needed", ["replay", "rating-service", "--all", "--apply"]],
  ["--reason is needed", ["discard", "rating-service", "--all", "--apply", "--reason", " "]],
  ["--reason has more than 256", ["discard", "rating-service", "--all", "--apply", "--reason", "x".repeat(257)]],
  ["--per-second is a whole number", ["replay", "rating-service", "--all", "--per-second", "1e3"]],
])("wrong usage is told before anybody is asked: %s", async (message, args) => {
  const refused = run(args, parts);
  await expect(refused).rejects.toBeInstanceOf(UsageError);
  await expect(refused).rejects.toThrow(message);
});

it("a letter matches when it meets all filters", () => {
  const nowMs = Date.parse("2026-11-27T12:00:00Z");
  const letter = {
    offset: 7n,
    type: "match.ended",
    key: "k",
    failure: "unknown",
    error: "TypeError: x is undefined",
    failedAtMs: nowMs - 60_000,
  } as Letter;
  const matches = (values: Parameters<typeof filterFrom>[0]): boolean => filterFrom(values, nowMs)(letter);
  expect(matches({})).toBe(true);
  expect(matches({ offset: "1,5-9", type: "match.ended", key: "k", class: "unknown", error: "typeerror" })).toBe(true);
  expect(matches({ after: "61s", before: "59s" })).toBe(true);
  expect(matches({ after: "2026-11-27", before: "2026-11-27T11:59:00Z" })).toBe(false);
  for (const values of [
    { offset: "8" },
    { type: "match" },
    { key: "K" },
    { class: "invalid" },
    { error: "null" },
    { after: "30s" },
  ])
    expect(matches(values)).toBe(false);
});
