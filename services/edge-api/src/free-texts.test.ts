// What people write for others to read: nothing in it is invisible, or turns around the text beside it.
import { afterAll, describe, expect, it } from "vitest";
import { restServer } from "../test/rest-server.ts";
import { sampleOf } from "../test/samples.ts";
import { FREE_TEXTS, readContract } from "./contract.ts";

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

/** Texts with rules of their own: secrets, which are never shown; names and messages (design/backend/v2.0-text.md). */
const OTHERWISE = new Set(
  "password currentPassword newPassword refreshToken deviceSecret name body challenge clientKey key".split(" "),
);
const WORTHLESS = ["\u0007\u001b", "\u202e", "\u200b \u2060", "\u0085"];

const contract = readContract();
const got: Record<string, unknown>[] = [];
/** Every method of every service: it notes what it was asked. */
const ANSWER = {
  profile: { name: "ann" },
  messages: [{ seq: 1n, authorId: "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1f", body: "something bad", deleted: false }],
  mutes: [{ channelId: "" }],
};
const service = new Proxy({}, { get: () => async (request: Record<string, unknown>) => (got.push(request), ANSWER) });
const server = restServer("01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e", {
  contract,
  clients: new Proxy(
    {},
    { get: (_on, name) => (name === "delivery" ? { "rating-service": service } : service) },
  ) as never,
});
afterAll(() => server.close());

const withText = [...contract.operations.values()].flatMap((operation) => {
  const { properties = {} } = (operation.schema.body ?? {}) as Schema;
  return Object.keys(properties)
    .filter((name) => FREE_TEXTS.has(name))
    .map((name) => [operation.operationId, name, operation] as const);
});

it("every text of a request body is a free text, has rules of its own, or is no text", () => {
  const unruled: string[] = [];
  const look = (schema: Schema & Record<string, unknown>, name: string, of: string): void => {
    const ruled = ["enum", "const", "format", "pattern"].some((rule) => schema[rule] !== undefined);
    if (schema.type === "string" && !ruled && !FREE_TEXTS.has(name) && !OTHERWISE.has(name))
      unruled.push(`${of}: ${name}`);
    for (const [key, inner] of Object.entries(schema.properties ?? {})) look(inner as never, key, of);
    if (schema.items) look(schema.items as never, name, of);
  };
  for (const { operationId, schema } of contract.operations.values())
    if (schema.body !== undefined) look(schema.body as never, "", operationId);
  expect(unruled).toEqual([]);
});

describe.each(withText)("%s: %s", (_id, name, operation) => {
  const send = async (text: string): Promise<{ status: number; problem: string; sent: string }> => {
    got.length = 0;
    const { url, body } = sampleOf(operation);
    const answer = await server.inject({
      method: operation.method as "POST",
      url,
      headers: { authorization: "Bearer aaaa" },
      payload: { ...body, [name]: text },
    });
    return {
      status: answer.statusCode,
      problem: answer.statusCode === 400 ? String(answer.json().error.details.problem) : "",
      sent: JSON.stringify(got, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
    };
  };

  it("reaches its service without control characters and turned directions", async () => {
    const { sent } = await send("so\u0000 \u001b[2J\u202emuch\u2066 🎲");
    expect(sent).toContain("so [2Jmuch 🎲");
  });

  it("is refused above its length, with that as the reason", async () => {
    const { maxLength = 0 } =
      (operation.schema.body as { properties: Record<string, { maxLength?: number }> }).properties[name] ?? {};
    expect((await send("😀".repeat(maxLength))).status).not.toBe(400);
    expect(await send("😀".repeat(maxLength + 1))).toMatchObject({
      status: 400,
      problem: `must NOT have more than ${maxLength} characters`,
    });
  });

  it("is refused where it is needed and nothing in it can be read", async () => {
    const { minLength = 0 } =
      (operation.schema.body as { properties: Record<string, { minLength?: number }> }).properties[name] ?? {};
    for (const text of WORTHLESS) {
      const { status } = await send(text);
      if (minLength > 0) expect(status, JSON.stringify(text)).toBe(400);
    }
  });
});
