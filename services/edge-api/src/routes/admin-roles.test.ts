// The table of contracts/names/operations.ts is the only place that says what moderators and admins may do: the REST contract's text says the same, and
// no route asks a service for anything before identity-service has allowed it.
import { OPERATOR_OPERATIONS, operatorOperation } from "@muster/contracts/operations";
import { errorsOf } from "@muster/errors";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { restServer } from "../../test/rest-server.ts";
import { sampleOf } from "../../test/samples.ts";
import { readContract } from "../contract.ts";

const TEXT = { moderator: "For moderators and admins.", admin: "For admins." };
const ADMIN = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";

const contract = readContract();
const operations = [...contract.operations.values()].filter(({ domain }) => domain === "admin");
const described = new Map(
  Object.values((parse(contract.yaml) as { paths: Record<string, Record<string, Record<string, string>>> }).paths)
    .flatMap((methods) => Object.values(methods))
    .map(({ operationId = "", description = "" }) => [operationId, description.trim()]),
);

it("the table has every operation with the tag admin, and no other", () => {
  expect(Object.keys(OPERATOR_OPERATIONS).toSorted()).toEqual(operations.map((one) => one.operationId).toSorted());
});

const asked: string[] = [];
let refuse = true;

/** Every method of every service: it notes that it was asked. */
const clientsOf = (service: string): unknown =>
  new Proxy(
    {},
    {
      get: (_on, method: string) => async () => {
        asked.push(`${service}.${method}`);
        if (refuse && service === "identity") throw fail("not_allowed");
        return {};
      },
    },
  );
const fail = errorsOf({ not_allowed: { grpc: "permission_denied", retryable: false, message: "no" } });
const SERVICES = ["identity", "match", "chat", "matchmaking", "rating", "replay"];
const server = restServer(ADMIN, {
  contract,
  clients: {
    ...Object.fromEntries(SERVICES.map((name) => [name, clientsOf(name)])),
    delivery: { "rating-service": clientsOf("rating") },
  } as never,
});
afterAll(() => server.close());
beforeEach(() => {
  asked.length = 0;
  refuse = true;
});

describe.each(operations.map((operation) => [operation.operationId, operation] as const))("%s", (id, operation) => {
  const send = (headers: Record<string, string>) => {
    const { url, body } = sampleOf(operation);
    return server.inject({
      method: operation.method as "GET",
      url,
      headers,
      ...(body === undefined ? {} : { payload: body }),
    });
  };
  const signedIn = { authorization: "Bearer aaaa" };

  it("says for whom it is, as the table does", () => {
    const role = operatorOperation(id)?.role ?? "admin";
    expect(described.get(id)?.startsWith(TEXT[role])).toBe(true);
  });

  it("demands a token, and asks nobody but identity-service for one whom that refuses", async () => {
    expect((await send({})).statusCode).toBe(401);
    expect(asked).toEqual([]);
    const answer = await send(signedIn);
    expect([answer.statusCode, answer.json().error?.code], answer.body).toEqual([403, "not_allowed"]);
    expect(asked.map((one) => one.split(".")[0])).toEqual(["identity"]);
  });

  it("changes nothing by GET, and leaves an entry in the log exactly when it changes something", () => {
    expect(operatorOperation(id)?.audit === undefined).toBe(operation.method === "GET");
  });
});
