// What the page sends, parsed.
import type { Control, InputValues, Order } from "./messages.ts";

const SPEED_MIN = 0.05;
const SPEED_MAX = 16;
const LATENCY_MS_MAX = 2000;

/** @throws Error for anything else */
export function orderOf(text: string): Order {
  const said = JSON.parse(text) as Record<string, unknown>;
  const { kind } = said;
  const number = (name: string, min: number, max: number): number => {
    const value = said[name];
    if (typeof value !== "number" || !(value >= min && value <= max)) throw new Error(`${name}: ${String(value)}`);
    return value;
  };
  const whole = (name: string, max = 2 ** 32 - 1): number => Math.trunc(number(name, 0, max));
  if (kind === "play" || kind === "pause" || kind === "step") return { kind };
  if (kind === "goTo") return { kind, tick: whole("tick") };
  if (kind === "restart") return { kind, seed: whole("seed") };
  if (kind === "speed") return { kind, speed: number("speed", SPEED_MIN, SPEED_MAX) };
  const seat = whole("seat", 255);
  if (kind === "control") return { kind, seat, control: controlOf(said["control"]) };
  if (kind === "input") return { kind, seat, values: valuesOf(said["values"]) };
  if (kind === "link")
    return { kind, seat, latencyMs: whole("latencyMs", LATENCY_MS_MAX), lossPercent: number("lossPercent", 0, 100) };
  throw new Error(`no such order: ${String(kind)}`);
}

function controlOf(value: unknown): Control {
  if (typeof value === "string" && (/^bot ./.test(value) || ["person", "chance", "nobody"].includes(value)))
    return value as Control;
  throw new Error(`no such control: ${String(value)}`);
}

function valuesOf(value: unknown): InputValues {
  if (typeof value !== "object" || value === null) throw new Error("values: an object");
  const entries = Object.entries(value as Record<string, unknown>);
  for (const [name, one] of entries) if (!Number.isSafeInteger(one)) throw new Error(`${name}: a whole number`);
  return Object.fromEntries(entries) as InputValues;
}
