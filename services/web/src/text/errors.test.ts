// What a refusal says beyond its code.
import "../../test/tab.ts";
import { MusterError } from "@muster/client";
import { afterEach, expect, it } from "vitest";
import { dateText, errorText, language } from "./index.ts";

afterEach(() => {
  language.value = "en";
});

const until = "2026-12-01T10:00:00.000Z";
const refused = (code: string, details: object): string =>
  errorText(new MusterError(code, "of the server", { details: { ...details } }));

it("a mute says where, until when and why, in both languages", () => {
  const when = dateText(until);
  expect(refused("muted", { until, reason: "spam" })).toBe(
    `You are muted in this channel. The moderators of this server decide about that. It ends ${when}. The reason: spam`,
  );
  expect(refused("muted", { until, reason: "spam", everywhere: true })).toMatch(/^You are muted in all channels\. /);
  language.value = "de";
  const text = refused("muted", { until, reason: "spam", everywhere: true });
  expect(text).toMatch(/^Du bist in allen Kanälen stummgeschaltet\./);
  expect(text).toContain(`Das endet am ${dateText(until)}. Der Grund: spam`);
});

it("a ban says why, and until when if it ends", () => {
  expect(refused("account_banned", { reason: "cheating" })).toMatch(/about that\. The reason: cheating$/);
  expect(refused("account_banned", { reason: "cheating", until })).toContain(`It ends ${dateText(until)}.`);
});

it("a reason of another refusal is the contract's, and for nobody to read", () => {
  expect(refused("bad_name", { reason: "scripts" })).not.toContain("scripts");
});
