// Refuses requests when there is too much to do, before anything of them is read.
import type { LoadControl, LoadShedder } from "@muster/runtime";
import type { onRequestHookHandler } from "fastify";
import { NEEDS, type Need, ROUTES } from "./criticality.ts";
import { envelope } from "./errors.ts";
import type { OperationId } from "./routes/handler.ts";

/** More than identity-service hashes and lets wait, so that its own queues decide, which are fair; and fewer than a connection takes. */
const HASHING_MAX = 128;

export type Shedders = Readonly<Record<Need | "none", LoadShedder>>;

export function sheddersOf(load: LoadControl): Shedders {
  const all = [...NEEDS, "none"] as const;
  return Object.fromEntries(
    all.map((need) => [need, load.shedder(need, need === "hashing" ? HASHING_MAX : undefined)]),
  ) as unknown as Shedders;
}

export function admissionTo(operationId: string, shedders: Shedders): onRequestHookHandler {
  const { criticality, needs = "none" } = ROUTES[operationId as OperationId];
  const shedder = shedders[needs];
  return (_request, reply, done) => {
    const admission = shedder.admit(operationId, criticality);
    if (admission.kind === "shed") {
      const { code, message, details } = admission.error;
      const afterS = String(details?.["retryAfterS"]);
      return void reply.code(503).header("retry-after", afterS).send(envelope({ code, message, details }));
    }
    reply.raw.once("close", () => admission.end(!reply.raw.writableFinished || reply.statusCode >= 400));
    admission.run(done);
  };
}
