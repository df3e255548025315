// Above its limits a socket is slowed and its inputs are merged; only far above them it is closed.
import { encodeInput } from "@muster/realtime";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { World } from "../../test/world.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const CALM = { inputsPerS: 10, floodPerS: 200, bytesPerS: 1e6 };
/** Of an input frame with one byte. */
const INPUT_BYTES = 10;

async function playing(limits: object) {
  const world = new World(limits);
  world.moods["a:1"] = "answers";
  const ask = await world.player("p");
  ask({ case: "joinMatch", value: { seatTicket: "p" } });
  await world.pass(100);
  const link = world.linkTo("a:1");
  const connection = world.connection(0);
  let seq = 0;
  const send = (count: number): void => {
    for (let i = 0; i < count; i++) connection.onMessage(encodeInput(++seq, 1, Uint8Array.of(seq)), true);
  };
  const seqs = (): number[] => link.inputs.map((bytes) => bytes[1] as number);
  return { world, connection, send, seqs, ask };
}

it("keeps the newest of the inputs above the rate, sends it on within a twentieth of a second, and before any newer one", async () => {
  const { connection, send, seqs } = await playing(CALM);
  send(25); // twice the rate are taken at once, with the request before
  expect(seqs()).toEqual(Array.from({ length: 19 }, (_, i) => i + 1));
  vi.advanceTimersByTime(50);
  expect(seqs().slice(19)).toEqual([25]);
  send(3);
  connection.sweep(performance.now(), 0.1); // there is allowance again
  send(1);
  expect(seqs().slice(19)).toEqual([25, 28, 29]);
});

it("goes on with twenty a second of a client that does not slow down, and does not close it", async () => {
  const { world, send, seqs, connection } = await playing(CALM);
  send(20);
  for (let i = 0; i < 10; i++) {
    send(10);
    await world.pass(100);
  }
  expect(seqs().length - 20).toBeGreaterThanOrEqual(10);
  expect(seqs().length - 20).toBeLessThanOrEqual(40);
  expect(seqs()).toEqual(seqs().toSorted((a, b) => a - b));
  expect(connection.outbound.behindMs(0)).toBe(0);
});

it("drops what waits when the seat is given up", async () => {
  const { world, send, seqs, ask } = await playing(CALM);
  send(25);
  ask({ case: "leaveMatch", value: {} });
  ask({ case: "joinMatch", value: { seatTicket: "p" } });
  vi.advanceTimersByTime(5); // there is a seat again before it would go on
  await world.pass(200);
  expect(seqs()).toHaveLength(19);
});

it("bytes above their rate: inputs are merged, requests refused with the time to wait, a flood ends the socket", async () => {
  const { world, connection, send, seqs, ask } = await playing({ ...CALM, inputsPerS: 1000, bytesPerS: 1000 });
  const close = vi.spyOn(connection, "close");
  const before = seqs().length;
  send(250);
  const taken = seqs().length - before;
  expect(taken, "two seconds' worth, without the request before").toBeGreaterThan(150);
  expect(taken).toBeLessThanOrEqual(2000 / INPUT_BYTES);
  ask({ case: "ping", value: {} });
  await world.pass(10);
  expect([...world.answers.values()].at(-1)?.[0]?.code).toBe("rate_limited");
  expect(close).not.toHaveBeenCalled();
  send(900);
  expect(close).toHaveBeenCalledWith("tooManyMessages");
});
