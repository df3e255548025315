import { expect, it } from "vitest";
import { readLogLine } from "./log-lines.ts";

/** As packages/log writes it: a stack only of what nobody expected. */
function line(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ level: "fatal", time: "2026-11-27T05:55:18.432Z", service: "edge-api", ...fields });
}

const causes = ["Error: the database is asleep", "Error: connect ECONNREFUSED"];
const because = causes.map((cause) => `\n    because of ${cause}`).join("");

it("a failure is read with what caused it, whether anybody expected it or not", () => {
  const stack = "Error: rpc server did not start\n    at Object.start";
  const unexpected = { type: "Error", message: "rpc server did not start", causes, stack };
  expect(readLogLine(line({ err: unexpected, msg: "did not start" })).text).toBe(
    `05:55:18.432 fatal did not start\n${stack}${because}`,
  );
  const expected = { type: "AppError", code: "unavailable", message: "Not now.", causes };
  expect(readLogLine(line({ err: expected, delayMs: 50, msg: "failed, trying again" })).text).toBe(
    `05:55:18.432 fatal failed, trying again delayMs=50: Not now. (Error: connect ECONNREFUSED)`,
  );
  expect(readLogLine(line({ reason: "port 80 is taken", msg: "did not start" })).text).toBe(
    "05:55:18.432 fatal did not start reason=port 80 is taken",
  );
});
