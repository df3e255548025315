// Each enumeration is defined once, in the Protobuf contract; contracts/names has its names. Contracts that list the values
// as text are compared with those here; tables are compared in services/*/src/store.db.test.ts.
import { readFileSync } from "node:fs";
import { channelKinds } from "@muster/contracts/chat/names";
import {
  accountKinds,
  reportCategories,
  reportDecisions,
  roles,
  SIGNING_KEY_STATES,
} from "@muster/contracts/identity/names";
import { cancelReasons, endReasons, matchStates } from "@muster/contracts/match/names";
import { decisions, verdicts } from "@muster/contracts/replay/names";
import { SUBSCRIPTIONS } from "@muster/events";
import { readContract } from "./contract.ts";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";

type Json = Readonly<Record<string, unknown>>;

/** By the name of the field; of `kind` there are two. */
const OF_REST: Readonly<Record<string, readonly (readonly string[])[]>> = {
  role: [roles.all],
  kind: [accountKinds.all, channelKinds.all],
  state: [matchStates.all, SIGNING_KEY_STATES],
  MatchState: [matchStates.all],
  endReason: [endReasons.all],
  cancelReason: [cancelReasons.all],
  verdict: [verdicts.all],
  decision: [decisions.all, reportDecisions.all],
  category: [reportCategories.all],
};
/** Of the game kit, edge-api's own, those that Protobuf has as text, and the error table: tools/e2e/src/errors.test.ts looks at it. */
const NOT_OF_PROTOBUF = new Set(
  "inputMode type status need ratings ErrorCode ConsumerName DeadLetterState DeadLetterFilter".split(" "),
);

function* enumsIn(node: unknown, name = ""): Generator<{ name: string; values: readonly string[] }> {
  if (typeof node !== "object" || node === null) return;
  const values = (node as Json)["enum"];
  if (Array.isArray(values)) yield { name, values: values as string[] };
  for (const [key, child] of Object.entries(node)) yield* enumsIn(child, key);
}

describe("an enumeration of the REST contract", () => {
  const found = [...enumsIn(parse(readContract().yaml))].filter(({ name }) => !NOT_OF_PROTOBUF.has(name));
  const comparable = (values: readonly string[]): string => values.toSorted().join(" ");

  it.each(found)("$name [$values] has the names of the Protobuf contract", ({ name, values }) => {
    expect(OF_REST[name]?.map(comparable)).toContain(comparable(values));
  });

  it("is there for each of the Protobuf contract's", () => {
    for (const [name, all] of Object.entries(OF_REST))
      for (const values of all)
        expect(found.filter((one) => one.name === name).map((one) => comparable(one.values))).toContain(
          comparable(values),
        );
  });
});

it("the consumers of the REST contract are all that there are", () => {
  const { components } = parse(readContract().yaml) as {
    components: { schemas: { ConsumerName: { enum: string[] } } };
  };
  expect(components.schemas.ConsumerName.enum).toEqual(Object.keys(SUBSCRIPTIONS));
});

describe("the comment on a field that is text lists the names", () => {
  /** What a shard never says: it has never held such a match. */
  const ofShards = cancelReasons.all.filter((name) => name !== "not_placed");
  it.each([
    ["realtime/v1.proto", "MatchEnded", "reason", endReasons],
    ["realtime/v1.proto", "MatchCancelled", "reason", { all: ofShards }],
    ["realtime/link/v1.proto", "LinkEnded", "reason", endReasons],
    ["realtime/link/v1.proto", "LinkCancelled", "reason", { all: ofShards }],
    ["services/matchmaking/v2.proto", "MatchEnding", "reason", endReasons],
    ["realtime/v1.proto", "ChatChannel", "kind", channelKinds],
    ["services/identity/v2.proto", "SigningKey", "state", { all: SIGNING_KEY_STATES }],
  ])("of %s: %s.%s", (file, message, field, { all }) => {
    const proto = readFileSync(new URL(`../../../contracts/${file}`, import.meta.url), "utf8");
    const body = new RegExp(`^message ${message} \\{([\\s\\S]*?)^\\}`, "m").exec(proto)?.[1] ?? "";
    const comment = new RegExp(`((?:^ *//.*\\n)+) *string ${field} =`, "m").exec(body)?.[1] ?? "";
    const known = new Set<string>([
      ...cancelReasons.all,
      ...endReasons.all,
      ...channelKinds.all,
      ...SIGNING_KEY_STATES,
    ]);
    expect((comment.match(/\w+/g) ?? []).filter((word) => known.has(word))).toEqual([...all]);
  });
});
