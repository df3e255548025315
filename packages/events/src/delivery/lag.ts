// How far a consumer group is behind, by the broker's word. No I/O.
import { create } from "@bufbuild/protobuf";
import { type TopicDelivery, TopicDeliverySchema } from "@muster/contracts/delivery/v2";
import type { PartitionLag } from "../broker/port.ts";

/** By topic, in the order in which they come. */
export function topicsOf(partitions: readonly PartitionLag[]): TopicDelivery[] {
  return [...Map.groupBy(partitions, ({ topic }) => topic)].map(([topic, all]) => {
    const waiting = all.map(waitingIn);
    return create(TopicDeliverySchema, {
      topic,
      partitions: all.length,
      waiting: sum(waiting),
      waitingMost: waiting.reduce((a, b) => (a > b ? a : b), 0n),
      records: sum(all.map(({ first, end }) => end - first)),
    });
  });
}

/** A group that has committed nothing begins with the first record that is there. */
function waitingIn({ committed, first, end }: PartitionLag): bigint {
  const next = committed === undefined || committed < first ? first : committed;
  return next < end ? end - next : 0n;
}

function sum(numbers: readonly bigint[]): bigint {
  return numbers.reduce((a, b) => a + b, 0n);
}
