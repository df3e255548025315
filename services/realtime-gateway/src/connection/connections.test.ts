import { expect, it } from "vitest";
import type { Connection } from "./connection.ts";
import { Connections } from "./connections.ts";
import { ControlBudgets } from "./control-limits.ts";

it("admits so many sockets from one address, whether they have authenticated or not, and others meanwhile", () => {
  const connections = new Connections({
    max: 10,
    perAddressMax: 3,
    unauthenticated: { max: 10, perAddressMax: 2 },
    reconnectSpreadMs: 0,
    budgets: new ControlBudgets(),
  });
  const open = (address: string, playerId?: string): Connection => {
    const connection = { address, playerId } as unknown as Connection;
    connections.add(connection);
    if (playerId !== undefined) connections.identify(connection, playerId);
    return connection;
  };
  const [first] = [open("a", "1"), open("a", "2")] as const;
  expect(connections.refusal("a")).toBeUndefined();
  const third = open("a");
  expect(connections.refusal("a")).toBe("address full");
  expect(connections.refusal("b")).toBeUndefined();
  connections.remove(third);
  expect(connections.refusal("a")).toBeUndefined();
  open("a", "3");
  expect(connections.refusal("a")).toBe("address full");
  connections.remove(first);
  expect(connections.refusal("a")).toBeUndefined();
});
