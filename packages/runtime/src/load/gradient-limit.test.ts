// A server in simulated time: so many calls at once take their usual time, and with more of them all get slower together.
import { expect, it } from "vitest";
import { Limited } from "../../test/limited.ts";

const [MIN, MAX] = [16, 320];
/** 20 at once, 10 ms each: 2000 calls a second. */
const SERVER = { min: MIN, max: MAX, atOnce: 20, serviceMs: 10 };

it("leaves a server alone that keeps up: nothing is refused, and the limit stays at its highest", () => {
  const server = new Limited(SERVER);
  const { refused, limit } = server.run({ perS: 1500, forMs: 20_000 });
  expect(refused).toBe(0);
  expect(limit).toBe(MAX);
});

it("converges on what the server can do at twice its capacity, and keeps its throughput and its latency", () => {
  const server = new Limited(SERVER);
  server.run({ perS: 1500, forMs: 10_000 });
  server.run({ perS: 4000, forMs: 5000 }); // converges meanwhile
  const { answered, limit, latencyMs, limits } = server.run({ perS: 4000, forMs: 30_000 });
  expect(answered / 30).toBeGreaterThan(0.95 * 2000);
  expect(limit).toBeLessThan(80);
  expect(limit).toBeGreaterThanOrEqual(20); // with fewer at once it would be idle
  expect(latencyMs).toBeLessThan(50); // all 320 at once would take 160
  expect(Math.max(...limits) / Math.min(...limits)).toBeLessThan(2); // it does not swing
});

it("begun in an overload, it is no worse for long: it learns what is usual as soon as there is less to do", () => {
  const server = new Limited(SERVER);
  const { answered, latencyMs } = server.run({ perS: 4000, forMs: 30_000 });
  expect(answered / 30).toBeGreaterThan(0.95 * 2000);
  expect(latencyMs).toBeLessThan(170); // that of its highest limit
  server.run({ perS: 500, forMs: 10_000 });
  server.run({ perS: 4000, forMs: 5000 });
  expect(server.run({ perS: 4000, forMs: 10_000 }).latencyMs).toBeLessThan(50);
});

it("does not collapse in an overload of ten minutes", () => {
  const server = new Limited(SERVER);
  server.run({ perS: 1500, forMs: 10_000 });
  const { answered, latencyMs } = server.run({ perS: 4000, forMs: 600_000 });
  expect(answered / 600).toBeGreaterThan(0.95 * 2000);
  expect(latencyMs).toBeLessThan(100);
});

it("falls while a dependency is ten times slower, and is back within 30 s of its end, with the load still on", () => {
  const server = new Limited(SERVER);
  server.run({ perS: 1800, forMs: 10_000 });
  const slow = server.run({ perS: 1800, forMs: 20_000, serviceMs: 100 });
  expect(slow.limit).toBeLessThan(80);
  const after = server.run({ perS: 1800, forMs: 30_000 });
  expect(after.limit).toBeGreaterThan(200);
  expect(server.run({ perS: 1800, forMs: 10_000 }).refused).toBe(0);
});

it("forgets an overload while there is less to do", () => {
  const server = new Limited(SERVER);
  server.run({ perS: 1500, forMs: 10_000 });
  server.run({ perS: 4000, forMs: 20_000 });
  expect(server.run({ perS: 200, forMs: 30_000 }).limit).toBe(MAX);
});

it("learns that calls take longer from now on", () => {
  const server = new Limited(SERVER);
  server.run({ perS: 1500, forMs: 10_000 });
  server.run({ perS: 300, forMs: 120_000, serviceMs: 40 });
  const { refused } = server.run({ perS: 450, forMs: 60_000, serviceMs: 40 }); // of 500
  expect(refused).toBe(0);
});

it("takes more of the slow methods for what they are, and not for an overload", () => {
  const server = new Limited({ ...SERVER, atOnce: 100 });
  server.run({ perS: 1500, forMs: 10_000, slowShare: 0.02, slowMs: 200 });
  const { refused, limit } = server.run({ perS: 1500, forMs: 20_000, slowShare: 0.15, slowMs: 200 });
  expect(refused).toBe(0);
  expect(limit).toBe(MAX);
});
