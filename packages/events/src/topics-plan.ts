// What has to be done so that Kafka's topics are the declared ones. Nothing is deleted, and no topic gets other partitions: keys would move.
import type { Admin, TopicDescription } from "./broker/port.ts";

export interface TopicsPlan {
  readonly create: readonly TopicDescription[];
  readonly alter: readonly { readonly name: string; readonly settings: Readonly<Record<string, string>> }[];
  /** Differences that nothing here may change, a line for each. */
  readonly wrong: readonly string[];
}

export function planTopics(wanted: readonly TopicDescription[], existing: readonly TopicDescription[]): TopicsPlan {
  const byName = new Map(existing.map((topic) => [topic.name, topic]));
  const known = wanted.flatMap((topic) => {
    const there = byName.get(topic.name);
    return there ? [{ topic, there }] : [];
  });
  return {
    create: wanted.filter(({ name }) => !byName.has(name)),
    alter: known.flatMap(({ topic, there }) => {
      const differs = Object.entries(topic.settings).filter(([name, value]) => there.settings[name] !== value);
      return differs.length === 0 ? [] : [{ name: topic.name, settings: Object.fromEntries(differs) }];
    }),
    wrong: known.flatMap(({ topic, there }) => [
      ...(there.partitions === topic.partitions
        ? []
        : [
            `${topic.name} has ${there.partitions} partitions, not ${topic.partitions}: the keys of its events would move`,
          ]),
      ...(there.replicas === topic.replicas
        ? []
        : [`${topic.name} has ${there.replicas} replicas, not ${topic.replicas}: reassign its partitions`]),
    ]),
  };
}

/** A line for each difference; empty when there is none. */
export function describePlan({ create, alter, wrong }: TopicsPlan): string[] {
  return [
    ...create.map(({ name, partitions, replicas }) => `+ ${name} (${partitions} partitions, ${replicas} replicas)`),
    ...alter.map(({ name, settings }) => `~ ${name}: ${listed(settings)}`),
    ...wrong.map((line) => `! ${line}`),
  ];
}

/** Another process may create the same topics at the same time: a topic that exists by now is no failure. */
export async function applyTopics(admin: Admin, wanted: readonly TopicDescription[]): Promise<TopicsPlan> {
  const plan = planTopics(wanted, await admin.listTopics());
  try {
    if (plan.create.length > 0) await admin.createTopics(plan.create);
  } catch (err) {
    const left = planTopics(wanted, await admin.listTopics());
    if (left.create.length > 0) throw err;
  }
  for (const { name, settings } of plan.alter) await admin.alterTopic(name, settings);
  return plan;
}

function listed(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join(", ");
}
