import { AppError, type ErrorRow, HTTP_STATUS } from "@muster/errors";
import { createLogger } from "@muster/log";
import { fastify } from "fastify";
import { expect, it } from "vitest";
import { readContract } from "./contract.ts";
import { sendError } from "./errors.ts";

const known = readContract().errorCodes;

async function answered(code: string, row: ErrorRow, details?: Record<string, unknown>): Promise<Response> {
  const server = fastify();
  server.setErrorHandler((thrown, request, reply) =>
    sendError(thrown, request, reply, { known, log: createLogger("test", "silent") }),
  );
  server.get("/", () => Promise.reject(new AppError(code, row, details ? { details } : {})));
  const { statusCode, headers, body } = await server.inject("/");
  await server.close();
  return new Response(body, { status: statusCode, headers: headers as Record<string, string> });
}

it("says nothing of when to try again where that does not help", async () => {
  const response = await answered("too_many_rooms", { grpc: "resource_exhausted", retryable: false, message: "no" });
  expect([response.status, response.headers.get("retry-after")]).toEqual([429, null]);
});

it("says with every other 429 and 503, of every code, when to try again, in whole seconds", async () => {
  for (const code of known) {
    for (const grpc of ["resource_exhausted", "unavailable"] as const) {
      for (const details of [undefined, {}, { retryAfterS: 2.2 }, { retryAfterS: -1 }, { retryAfterS: "soon" }]) {
        const response = await answered(code, { grpc, retryable: true, message: "no" }, details);
        expect(response.status).toBe(HTTP_STATUS[grpc]);
        const expected = details?.retryAfterS === 2.2 ? "3" : "1";
        expect(response.headers.get("retry-after"), `${code} ${JSON.stringify(details)}`).toBe(expected);
      }
    }
  }
});
