// What a request says may be wrong in every way that the contract has a rule for: it is answered, with its id, and the connection
// goes on.
import { create, type DescField, type DescMessage, getOption, hasOption, ScalarType } from "@bufbuild/protobuf";
import { field as fieldRules } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { ClientControlSchema } from "@muster/contracts/realtime/v1";
import { CONTROL_FRAME, encodeInput, FRAME_BYTES_MAX } from "@muster/realtime";
import { describeWithServers } from "@muster/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Asker, type Request } from "./asker.ts";
import { type System, startSystem } from "./system.ts";

const ID = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";
const REQUESTS = ClientControlSchema.oneofs.flatMap(({ fields }) => fields);

describeWithServers("a request that breaks a rule of the contract", () => {
  let system: System;
  let player: Asker;
  beforeAll(async () => {
    const free = Object.fromEntries(REQUESTS.map(({ localName }) => [localName, { perS: 1000, burst: 1000 }]));
    system = await startSystem({
      env: { GATEWAY_CONTROL_LIMITS: JSON.stringify(free), GATEWAY_BYTES_PER_S: "1000000" },
    });
    player = await Asker.connected(system);
  });
  afterAll(async () => {
    player.close();
    await system[Symbol.asyncDispose]();
  });

  const violations = REQUESTS.flatMap((request) => violationsOf(request.message as DescMessage, request.localName));

  it("is tried for every request that has a rule", () => {
    const tried = new Set(violations.map(({ request }) => request.case));
    const ruled = REQUESTS.filter(({ message }) => message?.fields.some((member) => hasOption(member, fieldRules)));
    expect([...tried]).toEqual(ruled.map(({ localName }) => localName));
  });

  it.each(violations)("$note: is refused, with its id, and the connection stays", async ({ request }) => {
    const { code, retryable } = await player.refusal({ message: request });
    expect(["invalid_request", "unknown_mode", "seat_ticket_invalid", "message_too_long"]).toContain(code);
    expect(retryable).toBe(false);
    await player.isThere();
  });

  describe.each(REQUESTS.map(({ localName }) => localName))("%s", (kind) => {
    it("larger than a frame: is refused, with its id, and the connection stays", async () => {
      const traceparent = "x".repeat(FRAME_BYTES_MAX);
      const { code } = await player.refusal({ message: { case: kind, value: {} } as Request, traceparent });
      expect(code).toBe(kind === "chatSend" ? "message_too_long" : "request_too_large");
      await player.isThere();
    });
  });

  it("a trace that is none: is refused, with its id, and the connection stays", async () => {
    const ping = { case: "ping", value: {} } as Request;
    expect(await player.refusal({ message: ping, traceparent: "x".repeat(65) })).toMatchObject({
      code: "invalid_request",
    });
    await player.isThere();
  });

  it("of a kind that this release does not know: is refused, with its id, and the connection stays", async () => {
    const requestId = 4711;
    const unknown = Uint8Array.of(CONTROL_FRAME, 8, 0xe7, 0x24, (15 << 3) | 2, 2, 8, 1);
    expect(await player.answerTo(requestId, unknown)).toMatchObject({
      case: "error",
      value: { code: "unknown_request" },
    });
    await player.isThere();
  });

  it("and names the field and the rule, where the table has no code of its own", async () => {
    const { code, message } = await player.refusal({
      message: { case: "watchMatch", value: { matchId: "x" } } as Request,
    });
    expect({ code, message }).toEqual({
      code: "invalid_request",
      message: "watch_match.match_id: must be a valid UUID",
    });
  });

  it("an input longer than a frame is refused like any that the game does not expect", async () => {
    const refused = player.next(({ message }) => message.case === "error");
    player.send(encodeInput(1, 0, new Uint8Array(FRAME_BYTES_MAX)));
    expect((await refused).message).toMatchObject({ value: { code: "input_malformed" } });
    await player.isThere();
  });
});

interface Violation {
  readonly note: string;
  readonly request: Request;
}

/** One request per rule of each field, with everything else as it should be. */
function violationsOf(desc: DescMessage, kind: string): Violation[] {
  return brokenValues(desc).map(({ note, value }) => ({
    note: `${kind}.${note}`,
    request: { case: kind, value: create(desc, value) } as unknown as Request,
  }));
}

type Values = Record<string, unknown>;

function brokenValues(desc: DescMessage): { note: string; value: Values }[] {
  const good = Object.fromEntries(desc.fields.map((member) => [member.localName, goodValue(member)]));
  return desc.fields.flatMap((member) =>
    broken(member).map(({ rule, value }) => ({
      note: `${member.name}: ${rule}`,
      value: { ...good, [member.localName]: value },
    })),
  );
}

function goodValue(member: DescField): unknown {
  if (member.fieldKind === "list") return [];
  if (member.scalar !== ScalarType.STRING) return undefined;
  const rules = stringRules(member);
  return rules?.wellKnown.case === "uuid" ? ID : "x";
}

function broken(member: DescField): { rule: string; value: unknown }[] {
  if (!hasOption(member, fieldRules)) return [];
  const { type } = getOption(member, fieldRules);
  if (type.case === "repeated") {
    const [{ value } = { value: {} }] = member.message ? brokenValues(member.message) : [];
    const one = member.message ? { channelId: ID, change: 0n } : ID;
    return [
      { rule: "too many", value: Array.from({ length: Number(type.value.maxItems) + 1 }, () => one) },
      { rule: "one element that breaks a rule", value: [value] },
    ];
  }
  const rules = stringRules(member);
  if (!rules) throw new Error(`${member.name} has a rule that this test does not know to break: ${type.case}`);
  const values: { rule: string; value: unknown }[] = [];
  if (rules.wellKnown.case === "uuid") values.push({ rule: "no UUID", value: "x" });
  if (rules.minLen) values.push({ rule: "empty", value: "" });
  if (rules.maxLen) values.push({ rule: "too long", value: "x".repeat(Number(rules.maxLen) + 1) });
  if (rules.maxBytes) values.push({ rule: "too many bytes", value: "x".repeat(Number(rules.maxBytes) + 1) });
  if (rules.pattern) values.push({ rule: "against its pattern", value: "Not So!" });
  return values;
}

function stringRules(member: DescField) {
  const { type } = getOption(member, fieldRules);
  return type.case === "string" ? type.value : undefined;
}
