import { parseArgs } from "node:util";
import {
  type AuditLine,
  type Broker,
  type Handling,
  handleLetters,
  type Letter,
  consumerTopics,
  DLQ_AUDIT_TOPIC,
  type Subscription,
  SUBSCRIPTIONS,
} from "@muster/events";
import { lengthOf } from "@muster/runtime";
import { FILTERS, filterFrom, hasFilter, UsageError } from "./filter.ts";
import { readLetters, readTopic, RefusedError } from "./read.ts";
import { auditText, details, jsonOf, oneLine, table } from "./text.ts";

export const USAGE = `usage: scripts/dlq.sh COMMAND CONSUMER [FILTER…] [OPTION…]

  list CONSUMER [FILTER…] [--state open|replayed|discarded|any] [--limit 100] [--json]
      What is in the consumer's DLQ; without --state, what nobody has handled.
  show CONSUMER OFFSET
      All of one letter, with its payload.
  replay CONSUMER FILTER… [--reason TEXT --apply] [--again] [--per-second 10] [--by NAME]
      Says what would be replayed; with --apply, sends it to the consumer again. What was handled before is left out, unless --again.
  discard CONSUMER FILTER… [--reason TEXT --apply] [--per-second 10] [--by NAME]
      Says what would be given up; with --apply, gives it up. Events that wait behind it are applied then.
  audit [CONSUMER]
      Who replayed and discarded what, when and why.

  FILTER, all of which have to match: --offset 3,7-9   --type match.ended   --key ID   --class invalid|permanent|transient|unknown
    --error TEXT (in the error)   --after TIME   --before TIME (2026-11-27T12:00:00Z, or how long ago: 30m, 2h, 7d)
    replay and discard need one, or --all.

  Kafka by MUSTER_KAFKA_BROKERS and the other MUSTER_KAFKA_ variables (infra/services.ts); without them that of the local system.
  Consumers: CONSUMERS
  Exit code 0: done; 1: it failed, or nothing matched; 2: wrong usage.`;

const OPTIONS = {
  ...FILTERS,
  state: { type: "string" },
  limit: { type: "string" },
  json: { type: "boolean" },
  reason: { type: "string" },
  apply: { type: "boolean" },
  again: { type: "boolean" },
  all: { type: "boolean" },
  "per-second": { type: "string" },
  by: { type: "string" },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"];
type OptionName = keyof typeof OPTIONS;

const FILTER_NAMES = Object.keys(FILTERS) as OptionName[];
const HANDLING: readonly OptionName[] = [...FILTER_NAMES, "reason", "apply", "all", "per-second", "by"];
/** What each command takes. */
const TAKES: Readonly<Record<string, readonly OptionName[]>> = {
  list: [...FILTER_NAMES, "state", "limit", "json"],
  show: [],
  replay: [...HANDLING, "again"],
  discard: HANDLING,
  audit: [],
};
const STATES = ["open", "replayed", "discarded", "any"];
const REASON_CHARS_MAX = 256;
const NAME_CHARS_MAX = 64;

export interface Parts {
  /** Called once the arguments have been found right. */
  readonly broker: () => Promise<Broker>;
  readonly subscriptions?: Readonly<Record<string, Subscription>>;
  readonly auditTopic?: string;
  /** Who does it, without --by. */
  readonly user: string;
  readonly say: (line: string) => void;
  readonly stop: AbortSignal;
}

/** @returns the exit code @throws UsageError, RefusedError, BrokerError */
export async function run(args: readonly string[], given: Parts): Promise<number> {
  const parts = { ...given, say: (line: string) => given.say(oneLine(line)) };
  const { values, positionals } = parsed(args);
  const [name = "", ...rest] = positionals;
  const takes = TAKES[name];
  if (!takes) throw new UsageError(name === "" ? "which command?" : `there is no command ${name}`);
  for (const option of Object.keys(values) as OptionName[])
    if (!takes.includes(option)) throw new UsageError(`${name} does not take --${option}`);
  if (rest.length > (name === "show" ? 2 : 1)) throw new UsageError(`too many words: ${rest.join(" ")}`);
  switch (name) {
    case "list":
      return list(values, subscriptionOf(rest[0], parts), parts);
    case "show":
      return show(rest[1], subscriptionOf(rest[0], parts), parts);
    case "audit":
      return audit(rest[0] === undefined ? undefined : subscriptionOf(rest[0], parts).consumer, parts);
    default:
      return handle(name === "replay" ? "replayed" : "discarded", values, subscriptionOf(rest[0], parts), parts);
  }
}

async function list(values: Values, subscription: Subscription, parts: Parts): Promise<number> {
  const filter = filterFrom(values, Date.now());
  const { state = "open" } = values;
  if (!STATES.includes(state)) throw new UsageError(`--state is one of ${STATES.join(", ")}, not ${state}`);
  const limit = numberFrom("--limit", values.limit ?? "100", 1_000_000);
  const all = await lettersOf(subscription, parts);
  const matching = all.filter((letter) => (state === "any" || letter.state === state) && filter(letter));
  const shown = matching.slice(0, limit);
  if (values.json) for (const letter of shown) parts.say(jsonOf(letter));
  else {
    if (shown.length > 0) for (const line of table(shown)) parts.say(line);
    const open = all.filter((letter) => letter.state === "open").length;
    parts.say(`${shown.length} of ${matching.length} that match; ${open} of ${all.length} letters are open`);
  }
  return 0;
}

async function show(offset: string | undefined, subscription: Subscription, parts: Parts): Promise<number> {
  if (offset === undefined || !/^\d{1,18}$/.test(offset)) throw new UsageError("show takes the offset of a letter");
  const letter = (await lettersOf(subscription, parts)).find((one) => one.offset === BigInt(offset));
  if (!letter) throw new RefusedError(`there is no letter with the offset ${offset}`);
  for (const line of details(letter)) parts.say(line);
  return 0;
}

async function handle(handling: Handling, values: Values, subscription: Subscription, parts: Parts): Promise<number> {
  const verb = handling === "replayed" ? "replay" : "discard";
  const filter = filterFrom(values, Date.now());
  if (!hasFilter(values) && !values.all) throw new UsageError(`${verb} needs a filter, or --all`);
  const perSecond = numberFrom("--per-second", values["per-second"] ?? "10", 1000);
  const why = textFrom("--reason", values.reason, REASON_CHARS_MAX, values.apply === true);
  const actor = textFrom("--by", values.by ?? parts.user, NAME_CHARS_MAX, values.apply === true);
  const matching = (await lettersOf(subscription, parts)).filter(filter);
  const chosen = matching.filter(({ state }) => state === "open" || values.again === true);
  const handledBefore = matching.length - chosen.length;
  if (handledBefore > 0) {
    const how = handling === "replayed" ? "; --again replays them too" : "";
    parts.say(`${handledBefore} of those that match were handled before, and are left out${how}`);
  }
  if (chosen.length === 0) throw new RefusedError("there is nothing to do: no open letter matches");
  if (!values.apply) {
    for (const line of table(chosen)) parts.say(line);
    parts.say(`${chosen.length} would be ${handling}. Nothing has been done: --reason TEXT --apply does it`);
    return 0;
  }
  const topics = consumerTopics(subscription);
  const producer = (await parts.broker()).producer();
  try {
    const { auditTopic = DLQ_AUDIT_TOPIC } = parts;
    const order = { handling, subscription, topics, auditTopic, actor, why, perSecond };
    const done = await handleLetters(producer, chosen, order, parts.stop);
    parts.say(done < chosen.length ? `stopped: ${done} of ${chosen.length} ${handling}` : `${done} ${handling}`);
    return done < chosen.length ? 1 : 0;
  } finally {
    await producer.stop?.();
  }
}

async function audit(consumer: string | undefined, parts: Parts): Promise<number> {
  const records = await readTopic(await parts.broker(), parts.auditTopic ?? DLQ_AUDIT_TOPIC);
  const said = new Set<string>();
  for (const { value } of records) {
    const line = JSON.parse(value.toString()) as AuditLine;
    const text = auditText(line);
    // An order that was carried out again, because whoever did it died in between, has its line again.
    if (!said.has(text) && (consumer === undefined || line.consumer === consumer)) parts.say(text);
    said.add(text);
  }
  return 0;
}

async function lettersOf(subscription: Subscription, { broker }: Parts): Promise<Letter[]> {
  return readLetters(await broker(), consumerTopics(subscription).dlq);
}

function parsed(args: readonly string[]): { values: Values; positionals: string[] } {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (err) {
    throw new UsageError(err instanceof Error ? err.message : String(err));
  }
}

function subscriptionOf(name: string | undefined, { subscriptions = SUBSCRIPTIONS }: Parts): Subscription {
  const found = name !== undefined && Object.hasOwn(subscriptions, name) ? subscriptions[name] : undefined;
  if (found) return found;
  const known = Object.keys(subscriptions).join(", ");
  throw new UsageError(name === undefined ? `of which consumer? ${known}` : `there is no consumer ${name}: ${known}`);
}

function numberFrom(name: string, text: string, max: number): number {
  const value = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > max) throw new UsageError(`${name} is a whole number from 1 to ${max}, not ${text}`);
  return value;
}

/** What the audit has to have. */
function textFrom(name: string, text: string | undefined, charsMax: number, needed: boolean): string {
  const trimmed = text?.trim() ?? "";
  if (needed && trimmed === "") throw new UsageError(`${name} is needed: it goes into the audit`);
  if (lengthOf(trimmed) > charsMax) throw new UsageError(`${name} has more than ${charsMax} characters`);
  return trimmed;
}
