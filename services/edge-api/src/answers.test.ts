// Every route reports the same error in the same way: the envelope, a trace id, and headers that a page of another origin may
// read.
import { AppError, HTTP_STATUS, type GrpcCode } from "@muster/errors";
import type { HTTPMethods, InjectOptions } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readContract } from "./contract.ts";
import { restServer } from "../test/rest-server.ts";

const ID = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";
const ORIGIN = "https://game.example";
const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";

const contract = readContract();
let thrown: unknown;
const server = restServer(ID, {
  contract,
  corsOrigins: [ORIGIN],
  clients: { systemHealth: async () => ({ status: "unhealthy", processes: {}, instances: {} }) } as never,
});
/** In place of every handler. */
server.addHook("preValidation", async (request, reply) => {
  if (request.is404 || request.url.startsWith("/system/")) return;
  if (thrown !== undefined) throw thrown;
  return reply.code(200).send({ done: true });
});
beforeAll(() => server.ready());
afterAll(() => server.close());

type Answer = Awaited<ReturnType<typeof ask>>;

const ROUTES = [...contract.operations.values()].map(({ method, url, schema, operationId }) => {
  const { params } = schema as { readonly params?: { readonly properties?: Record<string, { format?: string }> } };
  const filled = Object.entries(params?.properties ?? {}).reduce(
    (path, [name, { format }]) => path.replace(`:${name}`, format === "uuid" ? ID : "1"),
    url,
  );
  return { name: operationId, method: method as HTTPMethods, url: filled };
});

function ask(method: HTTPMethods, url: string, options: InjectOptions = {}) {
  const headers = { origin: ORIGIN, traceparent: `00-${TRACE_ID}-00f067aa0ba902b7-01`, ...options.headers };
  return server.inject({ ...options, method: method as "GET", url, headers });
}

const SIGNED_IN = { authorization: "Bearer aaaa" };

function expectRefusal({ statusCode, headers, body }: Answer, status: number): void {
  expect(statusCode).toBe(status);
  expect(headers["content-type"]).toMatch(/^application\/json/);
  expect(JSON.parse(body)).toMatchObject({ error: { code: expect.any(String), traceId: TRACE_ID } });
  expect(headers["traceparent"]).toMatch(new RegExp(`^00-${TRACE_ID}-`));
  expect([ORIGIN, "*"]).toContain(headers["access-control-allow-origin"]);
  expect(headers["access-control-expose-headers"]).toMatch(/traceparent/);
}

describe.each(ROUTES)("$name", ({ method, url }) => {
  it.each(Object.keys(HTTP_STATUS) as GrpcCode[])("fails with %s", async (grpc) => {
    thrown = new AppError("internal", { grpc, retryable: false, message: "no" });
    expectRefusal(await ask(method, url, { headers: SIGNED_IN }), HTTP_STATUS[grpc]);
  });

  it("fails with what nobody expected", async () => {
    thrown = new Error("a bug");
    expectRefusal(await ask(method, url, { headers: SIGNED_IN }), 500);
    thrown = undefined;
  });

  it("is asked by a method that it does not have", async () => {
    const taken = ROUTES.filter((route) => route.url === url).map((route) => route.method);
    const other = (["PATCH", "PUT", "POST", "DELETE"] as const).find((one) => !taken.includes(one)) ?? method;
    expectRefusal(await ask(other, url, { headers: SIGNED_IN }), 404);
  });

  it("is asked by OPTIONS", async () => {
    expect((await ask("OPTIONS", url)).statusCode).toBe(204);
    const preflight = await ask("OPTIONS", url, { headers: { "access-control-request-method": method as string } });
    expect(preflight.statusCode).toBe(204);
    expect(preflight.headers["access-control-allow-methods"]).toContain(method);
  });

  if (method !== "GET") return;
  it("is asked by HEAD: as GET, without the body", async () => {
    for (const headers of [{}, SIGNED_IN]) {
      thrown = undefined;
      const [get, asked] = [await ask("GET", url, { headers }), await ask("HEAD", url, { headers })];
      const { traceparent: _1, date: _2, ...expected } = get.headers;
      const { traceparent: _3, date: _4, ...found } = asked.headers;
      expect(asked.statusCode).toBe(get.statusCode);
      expect(found).toEqual(expected);
      expect(asked.body).toBe("");
    }
  });
});

it.each([
  ["a path that is none", "GET", "/v1/players/%ff", {}, 400],
  ["a path that nobody has", "GET", "/v1/nothing", {}, 404],
  ["a parameter that is too long", "GET", `/v1/players/${"a".repeat(200)}`, {}, 400],
  ["an unknown method", "PROPFIND", "/v1/modes", {}, 404],
  ["an anonymous client", "GET", "/v1/me", {}, 401],
  ["a large body", "POST", "/v1/auth/guest", { payload: { a: "a".repeat(20_000) } }, 413],
  ["bad JSON", "POST", "/v1/auth/guest", { payload: "{", headers: { "content-type": "application/json" } }, 400],
  ["an unhealthy system", "GET", "/system/healthz", {}, 503],
  ["another type", "POST", "/v1/auth/guest", { payload: "a", headers: { "content-type": "text/xml" } }, 415],
] as const)("%s is refused in the same form", async (_what, method, url, options, status) => {
  thrown = undefined;
  expectRefusal(await ask(method as HTTPMethods, url, options), status);
});
