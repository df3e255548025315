// A request without a body is accepted with or without a content type, and no body is accepted with any other content type.
// Tests all operations.
import { afterAll, expect, it } from "vitest";
import { readContract } from "./contract.ts";
import { restServer } from "../test/rest-server.ts";

const ID = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";

const contract = readContract();
const server = restServer(ID, { contract });
/** In place of every handler. */
server.addHook("preHandler", async (_request, reply) => reply.code(204).send());
afterAll(() => server.close());

interface Property {
  readonly type?: string;
  readonly format?: string;
  readonly minimum?: number;
}

function valueOf({ type, format, minimum = 1 }: Property): string {
  if (format === "uuid") return ID;
  return type === "integer" ? String(minimum) : "a";
}

const writing = [...contract.operations.values()].filter(({ method }) => method !== "GET");

it.each(writing.map((operation) => [operation.operationId, operation] as const))("%s", async (_id, operation) => {
  const { params, body } = operation.schema as {
    readonly params?: { readonly properties?: Record<string, Property> };
    readonly body?: object;
  };
  let { url } = operation;
  for (const [name, property] of Object.entries(params?.properties ?? {}))
    url = url.replace(`:${name}`, valueOf(property));
  const ask = (headers: Record<string, string>, payload?: string): Promise<{ statusCode: number; body: string }> =>
    server.inject({
      method: operation.method as "POST",
      url,
      headers: { authorization: "Bearer aaaa", ...headers },
      ...(payload === undefined ? {} : { payload }),
    });
  const [plain, named] = [await ask({}), await ask({ "content-type": "application/json" })];
  expect([plain.statusCode, named.statusCode]).toEqual(body ? [400, 400] : [204, 204]);
  if (body) expect(JSON.parse(named.body)).toMatchObject({ error: { code: "invalid_request" } });
  for (const other of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml"]) {
    const answer = await ask({ "content-type": other }, "{}");
    expect([answer.statusCode, JSON.parse(answer.body)]).toMatchObject([
      415,
      { error: { code: "unsupported_media_type" } },
    ]);
  }
});

it("has operations of both kinds", () => {
  expect(writing.filter(({ schema }) => schema.body).length).toBeGreaterThan(5);
  expect(writing.filter(({ schema }) => !schema.body).length).toBeGreaterThan(5);
});
