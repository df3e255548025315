import { expect, it } from "vitest";
import { decodeCursor, encodeCursor } from "./cursor.ts";

const at = "2026-02-28 23:59:59.000001";
const id = "01890a5d-ac96-774b-bcce-b302099a8057";
const encoded = (text: string): string => Buffer.from(text).toString("base64url");
const refusal = (): Error => new Error("not one of ours");

it("a cursor comes back as it was, to the microsecond, and an empty text is the first page", () => {
  expect(decodeCursor("matches", encodeCursor("matches", { at, id }), refusal)).toEqual({ at, id });
  expect(decodeCursor("matches", "", refusal)).toBeUndefined();
});

it.each([
  ["no base64", "????"],
  ["no cursor", encoded("x")],
  ["a cursor of another list", encodeCursor("channels", { at, id })],
  ["a cursor of no list", encoded(`${at}/${id}`)],
  ["a day that no month has", encoded(`matches/2026-02-31 00:00:00.000000/${id}`)],
  ["a month that no year has", encoded(`matches/2026-99-99 99:99:99.999999/${id}`)],
  ["an hour that no day has", encoded(`matches/2026-11-23 24:00:00.000000/${id}`)],
  ["SQL", encoded(`matches/${at}' or 1=1/x`)],
  ["a time without microseconds", encoded(`matches/2026-02-28 23:59:59/${id}`)],
  ["a UUID that the database refuses", encoded(`matches/${at}/01890a5d-ac96-874b-bcce-b302099a8057`)],
  ["something before it", encoded(`1 or matches/${at}/${id}`)],
  ["something behind it", encoded(`matches/${at}/${id} or 1`)],
])("%s is refused", (_what, text) => {
  expect(() => decodeCursor("matches", text, refusal)).toThrow("not one of ours");
});
