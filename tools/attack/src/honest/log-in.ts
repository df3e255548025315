import { randomBytes } from "node:crypto";
import { MusterClient } from "@muster/client";
import { type Activity, Steps } from "./activity.ts";

const EVERY_MS = 500;

/** One registered player logs in with the right password, on a device that the account knows. */
export async function logInActivity(url: string): Promise<Activity> {
  const credentials = {
    name: `honest-${randomBytes(5).toString("hex")}`,
    password: randomBytes(12).toString("base64url"),
    deviceId: randomBytes(16).toString("hex"),
  };
  await new MusterClient({ url }).register(credentials);
  const steps = new Steps();
  const stop = new AbortController();
  const running = steps.every(EVERY_MS, stop.signal, () => new MusterClient({ url }).logIn(credentials));
  return {
    begin: () => steps.begin(),
    observe: () => steps.observe(),
    async stop() {
      stop.abort();
      await running;
    },
  };
}
