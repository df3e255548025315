// Every route for operators as every role, over the whole system: who may not is refused before anything is looked up, and who may is not.
import { OPERATOR_OPERATIONS } from "@muster/contracts/operations";
import { readContract, sampleOf } from "@muster/edge-api/testing";
import { describeWithServers } from "@muster/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Operator, operators } from "./operators.ts";
import { startSystem, type System } from "./system.ts";

const RANK = { player: 0, moderator: 1, admin: 2 } as const;
const contract = readContract();

describeWithServers("what an operator may do", () => {
  let system: System;
  let people: Readonly<Record<keyof typeof RANK, Operator>>;
  beforeAll(async () => {
    system = await startSystem({ nginx: false });
    people = await operators(system);
  });
  afterAll(() => system[Symbol.asyncDispose]());

  it("GET /v1/me says who one is", async () => {
    for (const [role, person] of Object.entries(people))
      expect((await person.ask("GET", "/v1/me")).body).toMatchObject({ role });
  });

  describe.each(Object.entries(OPERATOR_OPERATIONS))("%s", (id, { role: least }) => {
    const operation = contract.operations.get(id);
    it.each(Object.keys(RANK) as (keyof typeof RANK)[])("as %s", async (role) => {
      if (!operation) throw new Error(`${id} is not in the contract`);
      const { url, body } = sampleOf(operation);
      const answer = await people[role].ask<{ error?: { code: string } }>(String(operation.method), url, body);
      if (RANK[role] < RANK[least]) expect([answer.status, answer.body.error?.code]).toEqual([403, "not_allowed"]);
      else {
        expect(answer.status).not.toBe(401);
        expect(answer.body.error?.code).not.toBe("not_allowed");
        expect(answer.status).toBeLessThan(500);
      }
    });
  });
});
