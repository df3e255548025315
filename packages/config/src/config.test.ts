import { Type } from "@sinclair/typebox";
import { describe, expect, it } from "vitest";
import { ConfigError, configTable, parseConfig, redacted, unknownVariables } from "./config.ts";
import { bool, bytes, int, json, oneOf, secret, text, url } from "./fields.ts";

const fields = {
  APP_PORT: int({ default: 80, max: 65_535, description: "where" }),
  APP_NAME: text({ description: "who" }),
  APP_ON: bool({ default: false, description: "whether" }),
  APP_LEVEL: oneOf(["low", "high"], { default: "low", description: "how much" }),
  APP_DB_URL: url({ protocols: ["mysql:"], description: "the database" }),
  APP_SECRET: secret({ description: "a secret" }),
  APP_KEY: bytes({ length: 2, description: "a key" }),
  APP_MAP: json<Record<string, number>>(Type.Record(Type.String(), Type.Integer()), {
    default: {},
    description: "numbers",
  }),
};
const good = { APP_NAME: "x", APP_DB_URL: "mysql://u:p@h/d", APP_SECRET: "0123456789abcdef", APP_KEY: "beef" };

describe("a configuration", () => {
  it("is typed, defaulted and frozen", () => {
    const config = parseConfig(fields, { ...good, APP_PORT: "8080", APP_ON: "true", APP_MAP: '{"a":1}' });
    expect(config).toMatchObject({ appPort: 8080, appOn: true, appLevel: "low", appName: "x", appMap: { a: 1 } });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it("names every fault at once, and never quotes a secret", () => {
    const bad = {
      APP_PORT: "80abc",
      APP_ON: "yes",
      APP_LEVEL: "medium",
      APP_DB_URL: "http://x",
      APP_SECRET: "short-secret",
      APP_KEY: "xyz",
      APP_MAP: "{",
    };
    let error: unknown;
    try {
      parseConfig(fields, bad);
    } catch (err) {
      error = err;
    }
    expect(error).toBeInstanceOf(ConfigError);
    const { problems, message } = error as ConfigError;
    expect(problems.map((problem) => problem.split(/[= ]/)[0])).toEqual(Object.keys(fields));
    expect(message).not.toContain("short-secret");
  });

  it.each([
    "http://user:hunter2@host/db",
    "mysql:/user:hunter2@host/db",
    "mysql://user:hunter2/db",
    "mysql://user:hunter2@host",
    "mysql://user:hunter2@host:3306/",
    "mysql://user:hunter2/x@host/db",
    "mysql://user:hunter2@host:33o6/db",
    "mysql://user:hunter2@/db",
  ])("refuses a database URL that leads nowhere, and does not show its password: %s", (value) => {
    expect(() => parseConfig(fields, { ...good, APP_DB_URL: value })).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^(?![^]*hunter2)[^]*APP_DB_URL=\*\*\*: /) }),
    );
  });

  it("does not show what stands before an @ of any other value", () => {
    expect(() => parseConfig(fields, { ...good, APP_PORT: "http://user:hunter2@host" })).toThrow(
      /APP_PORT="\*\*\*@host"/,
    );
  });

  it("knows which variables look like its own and are not", () => {
    const env = { ...good, APP_PROT: "1", OTHER_PORT: "1", APPLE: "1", APP_GONE: undefined };
    expect(unknownVariables(fields, env, "APP")).toEqual(["APP_PROT"]);
    const few = {
      LIVE_OPS_HOST: text({ description: "of two words" }),
      LOG_A: fields.APP_NAME,
      LOG_B: fields.APP_NAME,
    };
    const mixed = { LIVE_OPS_HOTS: "1", LIVE_STREAM_PORT: "1", LOG_C: "1" };
    expect(unknownVariables(few, mixed, "LIVE_OPS")).toEqual(["LIVE_OPS_HOTS"]);
    const links = { APP_SERVICE_HOST: "10.0.0.1", APP_SERVICE_PORT_GRPC: "80", APP_PORT_80_TCP_ADDR: "10.0.0.1" };
    expect(unknownVariables(fields, { ...links, APP_WEB_PORT: "tcp://10.0.0.1:80" }, "APP")).toEqual([]);
  });

  it("cannot have two variables that are read into one field", () => {
    const twice = {
      LOG_LEVEL: text({ default: "a", description: "a" }),
      APP_LOG_LEVEL: text({ default: "b", description: "b" }),
    };
    expect(parseConfig(twice, {})).toEqual({ logLevel: "a", appLogLevel: "b" });
    expect(() => parseConfig(twice, {}, "APP")).toThrow(
      "LOG_LEVEL and APP_LOG_LEVEL are both logLevel of the configuration",
    );
  });

  it("refuses a variable's earlier name and says the new one; with both set, the earlier one is only unknown", () => {
    const renamed = {
      ...fields,
      APP_PORT: int({ default: 80, max: 65_535, formerly: "APP_DOOR", description: "where" }),
      APP_NAME: text({ formerly: "OLD_NAME", description: "who" }),
    };
    const { APP_NAME: _, ...rest } = good;
    expect(() => parseConfig(renamed, { ...rest, APP_DOOR: "81", OLD_NAME: "x" })).toThrow(
      expect.objectContaining({
        problems: ["APP_DOOR is now called APP_PORT: rename it", "OLD_NAME is now called APP_NAME: rename it"],
      }),
    );
    const both = { ...good, APP_DOOR: "81", APP_PORT: "82" };
    expect(parseConfig(renamed, both).appPort).toBe(82);
    expect(unknownVariables(renamed, both, "APP")).toEqual(["APP_DOOR"]);
    expect(parseConfig(renamed, { ...good, APP_DOOR: "" }).appPort).toBe(80);
  });

  it.each(["70000", "-1", "1.5", "1e3", " 1", "0x10"])("takes no number that is one only by courtesy: %s", (value) => {
    expect(() => parseConfig(fields, { ...good, APP_PORT: value })).toThrow(ConfigError);
  });

  it("counts an empty value as absent", () => {
    expect(parseConfig(fields, { ...good, APP_PORT: "" }).appPort).toBe(80);
    expect(() => parseConfig(fields, { ...good, APP_NAME: "" })).toThrow(/APP_NAME is missing/);
  });

  it("can be shown without its secrets", () => {
    const shown = JSON.stringify(
      redacted(fields, parseConfig(fields, { ...good, APP_DB_URL: "mysql://user:hunter2@host/db" })),
    );
    expect(shown).not.toMatch(/hunter2|0123456789abcdef|beef/);
    expect(shown).toContain("mysql://user:***@host/db");
    expect(configTable(fields)).toContain("| `APP_PORT` | integer 0 to 65535 | `80` | where |");
  });
});
