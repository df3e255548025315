// argon2id with Node's own crypto. Parameters: OWASP Password Storage Cheat Sheet, the m = 46 MiB, t = 1, p = 1 variant.
import { argon2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { commonError } from "@muster/errors";
import {
  aside,
  currentBudget,
  FairLimiter,
  LimitReachedError,
  type Metrics,
  remainingBudgetMs,
  WaitAbandonedError,
} from "@muster/runtime";
import { Counter, Gauge } from "prom-client";
import { fail } from "./errors.ts";

const argon2Async = promisify(argon2);

const MEMORY_KIB = 47_104;
const PASSES = 1;
const LANES = 1;
const PARAMETERS = `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=${LANES}$`;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** How long a hash takes, until the first one has: a caller with less time left would be gone before the answer. */
const HASH_MS_FIRST = 50;
/** Of how long a hash took, so much counts at once. */
const HASH_MS_SMOOTHING = 0.1;
const WAITING_PER_SOURCE_MIN = 8;

/** A full queue is worked off in about so long, seconds. */
const FULL_RETRY_S = 2;

/** Beside those of the other queues; with them as many as libuv has threads. */
const KNOWN_RUNNING_MAX = 1;

/** Hashing is the first resource that identity-service runs short of. A flood of registrations must not stop log-ins, and a flood of log-ins from unknown devices must not stop known devices. */
export interface HashingLimits {
  /** Hashes at once, of each queue. */
  readonly logInsMax: number;
  readonly registrationsMax: number;
  /** That wait, in each queue; a quarter of them from one source. */
  readonly waitingMax: number;
}

export interface Asker {
  readonly queue: "known" | "log-in" | "registration";
  /** A network or a player: it takes turns with the others in its queue. */
  readonly source: string;
}

/** Work whose caller has gone is not started. */
export interface Passwords {
  /**
   * @returns a PHC string
   * @throws AppError busy, overloaded, deadline_exceeded
   */
  hash(password: string, who: Asker): Promise<string>;
  /**
   * Takes the same time for an account that does not exist: pass undefined.
   * @throws AppError busy, overloaded, deadline_exceeded
   */
  verify(password: string, phc: string | undefined, who: Asker): Promise<boolean>;
  /** The hash was made with other parameters than today's: make it anew while the password is at hand. */
  isOutdated(phc: string): boolean;
}

/** @param metrics of the process: how many run, wait and are refused in each queue */
export function createPasswords(
  { logInsMax, registrationsMax, waitingMax }: HashingLimits,
  metrics?: Metrics,
): Passwords {
  const waiting = { waitingMax, waitingPerSourceMax: Math.max(WAITING_PER_SOURCE_MIN, Math.ceil(waitingMax / 4)) };
  const queues: Queues = {
    known: new FairLimiter({ runningMax: KNOWN_RUNNING_MAX, ...waiting }),
    "log-in": new FairLimiter({ runningMax: logInsMax, ...waiting }),
    registration: new FairLimiter({ runningMax: registrationsMax, ...waiting }),
  };
  const decoy = encode(randomBytes(SALT_BYTES), randomBytes(HASH_BYTES));
  /** Known devices also use slots that unknown devices leave free. */
  const queueFor = (queue: Asker["queue"]): FairLimiter =>
    queue === "known" && !queues.known.hasRoom && queues["log-in"].hasRoom ? queues["log-in"] : queues[queue];
  const refused = metrics && measure(metrics, queues);
  let hashMs = HASH_MS_FIRST;
  /** Takes nobody's place among the calls of this service: these queues are what limits it. */
  const timed = async <T>(work: () => Promise<T>): Promise<T> => {
    if (remainingBudgetMs(Infinity) < hashMs) throw commonError("deadline_exceeded");
    const beganAt = performance.now();
    const result = await aside(work);
    hashMs += HASH_MS_SMOOTHING * (performance.now() - beganAt - hashMs);
    return result;
  };
  const limited = async <T>({ queue, source }: Asker, work: () => Promise<T>): Promise<T> => {
    try {
      return await queueFor(queue).run(source, () => timed(work), currentBudget()?.signal);
    } catch (err) {
      if (err instanceof WaitAbandonedError) refused?.inc({ queue, why: "gone" });
      if (err instanceof WaitAbandonedError) throw commonError("deadline_exceeded");
      if (!(err instanceof LimitReachedError)) throw err;
      refused?.inc({ queue, why: err.ofSource ? "source" : "full" });
      // Whose own fault it is, is told so. Everybody else meets a service that has too much to do.
      throw err.ofSource ? fail("busy") : commonError("overloaded", { details: { retryAfterS: FULL_RETRY_S } });
    }
  };
  return {
    hash: (password, who) =>
      limited(who, async () => {
        const salt = randomBytes(SALT_BYTES);
        return encode(salt, await derive(password, salt, MEMORY_KIB, PASSES, LANES));
      }),
    verify: (password, phc, who) =>
      limited(who, async () => {
        const { memory, passes, lanes, salt, hash } = decode(phc ?? decoy);
        const given = await derive(password, salt, memory, passes, lanes);
        return timingSafeEqual(given, hash) && phc !== undefined;
      }),
    isOutdated: (phc) => !phc.startsWith(PARAMETERS),
  };
}

type Queues = Readonly<Record<Asker["queue"], FairLimiter>>;

function measure(metrics: Metrics, queues: Queues): Counter<"queue" | "why"> {
  const values = { running: "Passwords being hashed", waiting: "Passwords that wait to be hashed" } as const;
  for (const [name, help] of Object.entries(values) as [keyof typeof values, string][])
    new Gauge({
      name: `identity_hashing_${name}`,
      help,
      labelNames: ["queue"],
      registers: [metrics],
      collect() {
        for (const [queue, limiter] of Object.entries(queues)) this.set({ queue }, limiter[name]);
      },
    });
  return new Counter({
    name: "identity_hashing_refused_total",
    help: "Passwords not hashed: too many of one address (source), of all (full), or the caller's time ended first (gone)",
    labelNames: ["queue", "why"],
    registers: [metrics],
  });
}

async function derive(password: string, salt: Buffer, memory: number, passes: number, lanes: number): Promise<Buffer> {
  // NFKC, so that the same password typed on another keyboard is the same password (NIST SP 800-63B, 5.1.1.2).
  const message = Buffer.from(password.normalize("NFKC"));
  return argon2Async("argon2id", {
    message,
    nonce: salt,
    memory,
    passes,
    parallelism: lanes,
    tagLength: HASH_BYTES,
  }) as Promise<Buffer>;
}

function encode(salt: Buffer, hash: Buffer): string {
  return `${PARAMETERS}${unpadded(salt)}$${unpadded(hash)}`;
}

function decode(phc: string): { memory: number; passes: number; lanes: number; salt: Buffer; hash: Buffer } {
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(phc);
  if (!match) throw new Error("the database holds a password hash of unknown form");
  const [, memory, passes, lanes, salt, hash] = match as unknown as [string, string, string, string, string, string];
  return {
    memory: Number(memory),
    passes: Number(passes),
    lanes: Number(lanes),
    salt: Buffer.from(salt, "base64"),
    hash: Buffer.from(hash, "base64"),
  };
}

function unpadded(bytes: Buffer): string {
  return bytes.toString("base64").replace(/=+$/, "");
}
