import { describe, expect, it } from "vitest";
import { CONFUSABLES_VERSION } from "./confusables-data.ts";
import { checkName, nameKeyOf, nameSkeletonOf } from "./names.ts";

describe("a name", () => {
  it.each([
    ["Ann_Lee-7"],
    ["Андрей"],
    ["αλφα"],
    ["さくらタロウ"],
    ["田中taro"],
    ["김철수abc"],
    ["ประเทศ"],
    ["Zoë"],
    ["Zoe\u0308"],
    ["administer"],
    ["modest"],
    ["Guestbook"],
    ["aguest-1"],
    ["Milo"],
    ["Роман"],
  ])("may be %s", (name) => {
    expect(checkName(name)).toBe(name.normalize("NFKC"));
  });

  it.each([
    ["two scripts that look alike", "аnn", "mixed_scripts"],
    ["Greek in Latin", "ααbb", "mixed_scripts"],
    ["a script of no living language", "𐎠𐎡𐎢", "mixed_scripts"],
    ["an invisible character", "an\u200bn", "characters"],
    ["letters that show nothing", "\u3164\u3164\u3164", "characters"],
    ["a letter that shows nothing among others", "김\u1160철수", "characters"],
    ["a change of direction", "an\u202en", "characters"],
    ["a space", "an n", "characters"],
    ["a mark first", "\u0301abc", "characters"],
    ["a tower of marks", "a\u0335\u0336\u0337bc", "characters"],
    ["nothing but separators", "_-_", "characters"],
    ["a mark on a separator", "an_\u0301n", "characters"],
    ["an emoji", "abc😀", "characters"],
    ["too short once composed", "e\u0301a", "characters"],
    ["too long once decomposed", "ﷺﷺ", "characters"],
    ["reserved", "Admin", "reserved"],
    ["reserved, dressed up", "_-aDm1n-_", "reserved"],
    ["reserved with digits", "moderator42", "reserved"],
    ["the name of a guest", "guest-123456789012", "reserved"],
    ["the name of a guest with another separator", "guest_123456789012", "reserved"],
    ["the name of a guest with digits for letters", "gu3st-123456789012", "reserved"],
    ["reserved, its I a small l", "ADMlN", "reserved"],
    ["reserved, its l a capital I", "nuII2", "reserved"],
    ["reserved, in capitals of another script", "НОЅТ", "reserved"],
    ["reserved, in mixed case of another script", "ѕуЅТеМ", "reserved"],
  ])("may not be %s", (_note, name, reason) => {
    expect(() => checkName(name)).toThrow(expect.objectContaining({ code: "bad_name", details: { reason } }));
  });

  it("may not be one that this installation reserves, nor look like it", () => {
    for (const name of ["acme", "ACME", "Acme99"]) expect(() => checkName(name, ["acme"])).toThrow("reserved");
    expect(() => checkName("асе", ["ace"])).toThrow("reserved"); // Cyrillic
    expect(checkName("acmeist", ["acme"])).toBe("acmeist");
  });

  it("is the same name in any case and any Unicode form", () => {
    expect(nameKeyOf("ZOË")).toBe(nameKeyOf("zoe\u0308"));
    expect(nameKeyOf("Ａｎｎ")).toBe(nameKeyOf("ann"));
  });

  it.each([
    ["paypal", "раураl"],
    ["Illidan", "lllidan"],
    ["b0b", "bOb"],
    ["bob1", "bobl"],
    ["modern", "modem"],
    ["Straße", "strasse"],
    ["STRASSE", "straße"],
    ["İstanbul", "istanbul"],
    ["ann_lee", "ann-lee"],
    ["ann_lee", "ann__lee"],
    ["ann_lee", "ann-_-lee"],
    ["abc", "\u{1ccd6}\u{1ccd7}\u{1ccd8}"], // outlined letters, since Unicode 16
    ["\u3126\u3126\u3126", "儿儿儿"], // Bopomofo and Han, in data newer than Unicode 12
  ])("%s looks like %s", (one, other) => {
    expect(nameSkeletonOf(one)).toBe(nameSkeletonOf(other));
  });

  it("is found by what it says: in any case, but not by another spelling", () => {
    expect(nameKeyOf("STRAẞE")).toBe(nameKeyOf("Straße"));
    expect(nameKeyOf("Straße")).not.toBe(nameKeyOf("strasse"));
    expect(nameKeyOf("İ")).not.toBe(nameKeyOf("i"));
  });

  it("looks like others by data of Unicode 16 or newer", () => {
    expect(Number(CONFUSABLES_VERSION)).toBeGreaterThanOrEqual(16);
  });

  it("does not look like every other name", () => {
    expect(nameSkeletonOf("anna")).not.toBe(nameSkeletonOf("hanna"));
    expect(nameSkeletonOf("bob1")).not.toBe(nameSkeletonOf("bob2"));
  });
});
