// Crashes and stops of the processes between a commit and an effect, each at a step that a seed chooses; and the proof that every event that
// was committed has its effect once, in the order of its key, and that nothing else has any.
import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { createDatabase, type DbPart } from "@muster/db";
import { createBroker } from "@muster/events";
import { createLogger } from "@muster/log";
import { anyDatabase, anyKafka } from "@muster/resilience/testing";
import { sleep, until } from "@muster/runtime";
import { seededBelow } from "@muster/testkit/numbers";
import { sql } from "kysely";
import type { Fault, Point } from "./event-process.ts";
import { createTables, type EventWorld, RELAY_LEASE_MS, SESSION_MS, type Tables, topicsOf } from "./event-tables.ts";

const POINTS: Readonly<Record<Role, readonly Point[]>> = {
  relay: ["relay has read", "broker has acknowledged"],
  consumer: ["inbox row is written", "effect is written", "effect is committed"],
  producer: ["event is inserted", "event is committed"],
};
const COUNTS = { relay: 2, consumer: 2, producer: 1 } as const;
const TRANSACTIONS = 60;
/** A point that is not met by then is given up for a random instant. */
const POINT_WITHIN_MS = 4000;
/** One that is frozen for ever never says that it is done. */
const PRODUCES_WITHIN_MS = 15_000;
const SETTLES_WITHIN_MS = 60_000;
const PARTITIONS = 3;

type Role = keyof typeof COUNTS;

interface Crash {
  readonly role: Role;
  readonly index: number;
  readonly signal: Fault["signal"];
  /** Of a process that is stopped: another one takes its place, and it keeps what it has locked. */
  readonly forEver: boolean;
  /** Undefined: at a random instant. */
  readonly point: Point | undefined;
  readonly times: number;
  readonly afterMs: number;
}

export interface EventCrashReport {
  readonly seed: number;
  readonly crashes: readonly string[];
  readonly events: number;
  /** Records in the topic beyond one for each event. */
  readonly duplicates: number;
  /** A line each; empty when all is as it has to be. */
  readonly problems: readonly string[];
}

/** A database, topics, and the processes between them, for any number of seeds. */
export class EventDrill implements AsyncDisposable {
  readonly #world: EventWorld;
  readonly #part: DbPart<Tables>;
  readonly #children = new Map<string, Child>();
  /** Until the proof. */
  #frozen: Child[] = [];
  #lastDuplicates = 0;

  private constructor(world: EventWorld) {
    this.#world = world;
    this.#part = createDatabase<Tables>({
      url: world.databaseUrl,
      dependency: anyDatabase(4, { waitMs: 10_000, statementMs: 10_000 }),
    });
  }

  static async open(world: EventWorld): Promise<EventDrill> {
    const drill = new EventDrill(world);
    await createTables(drill.#part.db);
    const { events, replay, dlq } = topicsOf(world.prefix);
    await drill.#asAdmin((admin) =>
      admin.createTopics(
        [...events, replay, dlq].map((name) => ({ name, partitions: PARTITIONS, replicas: 1, settings: {} })),
      ),
    );
    await drill.#restoreAll();
    return drill;
  }

  /** One plan. The processes go on from what the one before left. */
  async run(seed: number): Promise<EventCrashReport> {
    const plan = planOf(seed);
    const producing = this.#produce();
    const crashes = await Promise.all(plan.map((crash) => this.#crash(crash)));
    await producing;
    await this.#restoreAll();
    const problems = await this.#problems();
    for (const child of this.#frozen.splice(0)) child.signal("SIGKILL");
    const { events, records } = await this.#counts();
    const duplicates = records - events - this.#lastDuplicates;
    this.#lastDuplicates = records - events;
    return { seed, crashes, events, duplicates, problems };
  }

  /** A producer that is killed leaves its open transactions to the server, and its work undone. */
  async #produce(): Promise<void> {
    const producer = this.#children.get("producer-0");
    if (producer) await Promise.race([producer.work(TRANSACTIONS), sleep(PRODUCES_WITHIN_MS)]);
  }

  /** @returns what happened */
  async #crash({ role, index, signal, forEver, point, times, afterMs }: Crash): Promise<string> {
    const name = `${role}-${index}`;
    const child = this.#children.get(name);
    if (!child) return `${name} is not there`;
    let how = "at a random instant";
    if (point !== undefined) child.tell({ fault: { point, times, signal } });
    await sleep(afterMs);
    if (point !== undefined) {
      const met = await until(() => (child.state === "runs" ? "not yet" : undefined), POINT_WITHIN_MS).then(
        () => true,
        () => false,
      );
      how = met ? `when ${point}` : `not met: ${point}; at a random instant`;
    }
    child.tell({ fault: "none" });
    if (child.state === "runs") child.signal(signal);
    if (signal === "SIGSTOP" && !forEver) {
      await sleep(role === "relay" ? 2 * RELAY_LEASE_MS : role === "consumer" ? SESSION_MS + 1000 : 500);
      child.signal("SIGCONT");
      return `${name} SIGSTOP, SIGCONT ${how}`;
    }
    if (signal === "SIGSTOP") this.#frozen.push(child);
    else await child.exited;
    this.#children.set(name, await startChild(role, this.#world));
    return `${name} ${signal} ${how}`;
  }

  async #restoreAll(): Promise<void> {
    const starting: Promise<void>[] = [];
    for (const [role, count] of Object.entries(COUNTS) as [Role, number][])
      for (let index = 0; index < count; index++) {
        const name = `${role}-${index}`;
        const child = this.#children.get(name);
        child?.signal("SIGCONT");
        if (child && child.state !== "gone") continue;
        starting.push(startChild(role, this.#world).then((started) => void this.#children.set(name, started)));
      }
    await Promise.all(starting);
  }

  async #problems(): Promise<string[]> {
    const { db } = this.#part;
    const problems: string[] = [];
    const count = async (query: ReturnType<typeof sql<{ n: number }>>): Promise<number> =>
      Number((await query.execute(db)).rows[0]?.n);
    await until(async () => {
      const missing = await count(sql`
        select count(*) as n from outbox where not exists (select 1 from effects where effects.event_id = outbox.event_id)`);
      const unmarked = await count(sql`select count(*) as n from outbox where published_at is null`);
      return missing + unmarked === 0 ? undefined : `${missing} events have no effect, ${unmarked} are not published`;
    }, SETTLES_WITHIN_MS).catch((err: unknown) => problems.push((err as Error).message));
    const invented = await count(sql`
      select count(*) as n from effects where not exists (select 1 from outbox where outbox.event_id = effects.event_id)`);
    if (invented > 0) problems.push(`${invented} effects are of events that nobody committed`);
    const { rows: numbers } = await sql<{ event_key: string; n: number }>`select event_key, n from numbers`.execute(db);
    const { rows: effects } = await sql<{ event_key: string; n: number }>`
      select event_key, n from effects order by position`.execute(db);
    const byKey = Map.groupBy(effects, ({ event_key }) => event_key);
    for (const { event_key, n } of numbers) {
      const got = (byKey.get(event_key) ?? []).map((effect) => effect.n);
      const wrong = got.findIndex((one, i) => one !== i + 1);
      if (wrong >= 0) problems.push(`${event_key}: effect ${wrong + 1} is ${got.slice(wrong, wrong + 4).join(", ")}`);
      if (got.length !== n) problems.push(`${event_key}: ${got.length} effects of ${n} events`);
    }
    const parked = await count(sql`select count(*) as n from parked_events`);
    if (parked > 0) problems.push(`${parked} events are parked`);
    return problems;
  }

  async #counts(): Promise<{ events: number; records: number }> {
    const { rows } = await sql<{ n: number }>`select count(*) as n from outbox`.execute(this.#part.db);
    const lags = await this.#asAdmin((admin) =>
      admin.lag(`${this.#world.prefix}nobody`, topicsOf(this.#world.prefix).events),
    );
    return { events: Number(rows[0]?.n), records: lags.reduce((sum, { first, end }) => sum + Number(end - first), 0) };
  }

  async #asAdmin<T>(
    call: (admin: ReturnType<Awaited<ReturnType<typeof createBroker>>["admin"]>) => Promise<T>,
  ): Promise<T> {
    const broker = await createBroker(
      { client: "kafkajs", brokers: this.#world.brokers, clientId: "drill", dependency: anyKafka(), tls: false },
      createLogger("drill", "error"),
    );
    const admin = broker.admin();
    await admin.start?.();
    try {
      return await call(admin);
    } finally {
      await admin.stop?.();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#children.values(), ...this.#frozen];
    for (const child of all) child.signal("SIGKILL");
    await Promise.all(all.map(({ exited }) => exited));
    await this.#part.stop();
  }
}

/** Both relays, one or both consumers, and the producer are hit, most of them at a step with a name. */
export function planOf(seed: number): Crash[] {
  const below = seededBelow(seed);
  const crashOf = (role: Role, index: number): Crash => ({
    role,
    index,
    signal: below(3) === 0 ? "SIGSTOP" : "SIGKILL",
    forEver: below(2) === 0,
    point: below(4) === 0 ? undefined : POINTS[role][below(POINTS[role].length)],
    times: 1 + below(20),
    afterMs: 50 + below(800),
  });
  return [
    crashOf("relay", 0),
    ...(below(2) === 0 ? [crashOf("relay", 1)] : []),
    crashOf("consumer", below(2)),
    ...(below(3) === 0 ? [crashOf("producer", 0)] : []),
  ];
}

interface Child {
  readonly exited: Promise<unknown>;
  readonly state: "runs" | "stopped" | "gone";
  tell(message: object): void;
  signal(signal: NodeJS.Signals): void;
  /** Resolves when it is done, or has died over it. */
  work(transactions: number): Promise<void>;
}

async function startChild(role: Role, world: EventWorld): Promise<Child> {
  const child: ChildProcess = fork(path.join(import.meta.dirname, "event-process.ts"), [role], {
    env: { ...process.env, EVENT_WORLD: JSON.stringify(world) },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const said = (text: string): Promise<void> =>
    new Promise((resolve) => {
      const onMessage = (message: unknown): void => {
        if (message !== text) return;
        child.off("message", onMessage);
        resolve();
      };
      child.on("message", onMessage);
      child.once("exit", () => resolve());
    });
  await said("ready");
  const gone = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    exited,
    get state() {
      if (gone()) return "gone";
      return / [Tt] /.test(readFileSync(`/proc/${child.pid}/stat`, "utf8").replace(/\(.*\)/, "")) ? "stopped" : "runs";
    },
    tell: (message) => void (gone() || child.send(message, () => undefined)),
    signal: (signal) => void (gone() || child.kill(signal)),
    async work(transactions) {
      const worked = said("worked");
      child.send({ work: { transactions } }, () => undefined);
      await worked;
    },
  };
}
