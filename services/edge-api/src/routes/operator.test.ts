// An order that changes something is permitted, then possible, then recorded, then carried out: each step only after the one before.
import { expect, it } from "vitest";
import type { Call, Clients } from "./handler.ts";
import { carryOut } from "./operator.ts";

const ADMIN = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";
const call = { caller: { playerId: ADMIN } } as Call<"drainShard">;

async function ordered(failing?: string): Promise<{ readonly steps: string[]; readonly recorded: unknown }> {
  const steps: string[] = [];
  let recorded: unknown;
  const step = async (name: string): Promise<void> => {
    steps.push(name);
    if (name === failing) throw new Error(name);
  };
  const identity = {
    authorizeOperation: ({ record = false, ...asked }: { readonly record?: boolean }) => {
      if (record) recorded = asked;
      return step(record ? "record" : "permit");
    },
  };
  const order = { operation: "drainShard", target: "s1", reason: "upgrade" } as const;
  const clients = { identity } as unknown as Clients;
  const done = carryOut(call, { ...order, check: () => step("check"), act: () => step("act") }, clients);
  if (failing === undefined) expect(await done).toEqual({ status: 204 });
  else await expect(done).rejects.toThrow(failing);
  return { steps, recorded };
}

it("records who has ordered what and why, before it is done", async () => {
  const { steps, recorded } = await ordered();
  expect(steps).toEqual(["permit", "check", "record", "act"]);
  expect(recorded).toEqual({ actorId: ADMIN, operation: "drainShard", target: "s1", reason: "upgrade" });
});

it.each([
  ["permit", ["permit"]],
  ["check", ["permit", "check"]],
  ["record", ["permit", "check", "record"]],
])("goes no further than a step that fails: %s", async (failing, expected) => {
  expect((await ordered(failing)).steps).toEqual(expected);
});
