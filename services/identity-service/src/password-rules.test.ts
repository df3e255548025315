import { describe, expect, it } from "vitest";
import { checkPassword } from "./password-rules.ts";

const RULES = { charsMin: 8 };

describe("a new password", () => {
  it.each([
    ["a phrase", "correct horse battery"],
    ["with no kinds of characters", "tzvqkwpm"],
    ["of any script", "пароль для игры"],
    ["of emoji", "🦄🐉🎲🎯🧩🎮🏆🥇"],
    ["that is long, with the name in it", "ann likes to play at night"],
  ])("may be %s", (_note, password) => {
    expect(() => checkPassword(password, "annabel", RULES)).not.toThrow();
  });

  it.each([
    ["short", "tzvqkwp", "too_short"],
    ["short in characters, whatever its bytes", "🦄🐉🎲", "too_short"],
    ["one that is tried first", "iloveyou", "too_common"],
    ["the same in capitals", "ILoveYou", "too_common"],
    ["the same with digits after it", "sunshine12", "too_common"],
    ["a row of keys, which is no name", "qwertyuiop", "too_common"],
    ["the word itself with something after it", "passwort!x", "too_common"],
    ["one letter", "aaaaaaaaaaaa", "repetitive"],
    ["a row of digits", "3456789:", "repetitive"],
    ["a pattern", "xkqxkqxkqxkq", "repetitive"],
    ["the name and a year", "annabel2026", "contains_name"],
    ["the name of the game", "muster-2026", "contains_name"],
  ])("may not be %s", (_note, password, reason) => {
    const check = (): void => checkPassword(password, "annabel", RULES);
    expect(check).toThrow(
      expect.objectContaining({ code: "weak_password", details: expect.objectContaining({ reason }) }),
    );
  });

  it("is as long as the installation wants", () => {
    expect(() => checkPassword("tzvqkwpm", "annabel", { charsMin: 15 })).toThrow("at least 15 characters");
  });
});
