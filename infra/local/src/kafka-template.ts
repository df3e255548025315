// Makes what every private Kafka is copied from, so that the first start is as quick as the others. Called by scripts/setup.sh.
import { prepareKafka } from "./kafka.ts";

try {
  await prepareKafka();
} catch (err) {
  console.error((err as Error).message);
  process.exitCode = 1;
}
