import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

// The suffix names what a test needs: .test.ts nothing, .db.test.ts a MariaDB, .system.test.ts MariaDB and nginx, .kafka.test.ts MariaDB
// and Kafka.
const NEEDS_SERVERS = ["**/*.db.test.ts", "**/*.system.test.ts"];
const NEEDS_KAFKA = ["**/*.kafka.test.ts"];

/** What judges times, or drives a browser, is tried twice: the machine may have been busy with something else. The last lines of .ci/run say which tests were. */
const SECOND_TRY = { retry: 1 };

/**
 * These drive a real browser, which draws beside a whole system: on two cores that are busy with other tests too, a page can be later than any
 * limit that still means something to a player. They are tried twice as well.
 */
const DRIVES_BROWSER = ["tools/e2e/src/page*.system.test.ts", "tools/e2e/src/docs.system.test.ts"];

/** These judge how soon a whole system recovers from a fault: two at a time, when the others are done. */
const JUDGES_RECOVERY = [
  "tools/drills/src/cascade.system.test.ts",
  "tools/e2e/src/database-away.system.test.ts",
  "tools/e2e/src/reconnect.system.test.ts",
  "tools/e2e/src/resilience.system.test.ts",
  "tools/e2e/src/route-needs.system.test.ts",
  "tools/e2e/src/spectators.system.test.ts",
  "tools/e2e/src/up.system.test.ts",
];

/** These judge how long single answers take beside what they do themselves: one at a time, last of all. */
const JUDGES_TIMES = [
  "packages/client/src/answers.test.ts",
  "packages/rpc/src/overload.test.ts",
  "services/chat-service/src/delivery.db.test.ts",
  "services/identity-service/src/account-queues.db.test.ts",
  "services/identity-service/src/defence.db.test.ts",
  "services/identity-service/src/password-floods.db.test.ts",
  "services/realtime-gateway/src/connection/control-limits.test.ts",
  "services/realtime-gateway/src/connection/costly-frames.test.ts",
  "services/shard/src/tick/step-watchdog.test.ts",
  "tools/attack/src/attacks.system.test.ts",
  "tools/drills/src/broken.system.test.ts",
  "tools/e2e/src/prediction.system.test.ts",
  "tools/e2e/src/slow.system.test.ts",
];

/** Files that take long, whatever their size: they come first, so that none of them is left for one worker at the end. */
const LONG =
  /survival|crowd|restarts|state-machine|operator\/src\/(main|runbooks|backup)|new-service|scripts|broken|up\.system/;

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return [
      ...sorted.filter((file) => LONG.test(file.moduleId)),
      ...sorted.filter((file) => !LONG.test(file.moduleId)),
    ];
  }
}

/** Whole systems wait for each other and for timers half of the time: three at a time use two cores. */
const SYSTEM_WORKERS = 3;

const WITH_SERVERS = {
  globalSetup: ["packages/testkit/src/mariadb.setup.ts"],
  setupFiles: ["packages/testkit/src/contract-fetch.setup.ts"],
  testTimeout: 60_000,
  hookTimeout: 60_000,
};

export default defineConfig({
  test: {
    passWithNoTests: false,
    sequence: { sequencer: LongFirst },
    projects: [
      {
        test: {
          name: "unit",
          testTimeout: 30_000, // for a test that hangs: what a slow machine takes is no fault
          include: ["{packages,services,infra,tools}/**/*.test.ts", "scripts/**/*.test.ts"],
          exclude: [...NEEDS_SERVERS, ...NEEDS_KAFKA, ...JUDGES_TIMES, ...JUDGES_RECOVERY, "**/node_modules/**"],
          maxWorkers: 2, // without a number, vitest leaves one of two cores idle
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...WITH_SERVERS,
          name: "servers",
          include: NEEDS_SERVERS,
          exclude: [...DRIVES_BROWSER, ...JUDGES_TIMES, ...JUDGES_RECOVERY, "**/node_modules/**"],
          maxWorkers: SYSTEM_WORKERS,
        },
      },
      {
        test: {
          ...WITH_SERVERS,
          ...SECOND_TRY,
          name: "browser",
          include: DRIVES_BROWSER,
          maxWorkers: SYSTEM_WORKERS,
        },
      },
      {
        test: {
          ...WITH_SERVERS,
          name: "kafka",
          globalSetup: [...WITH_SERVERS.globalSetup, "packages/testkit/src/kafka.setup.ts"],
          include: NEEDS_KAFKA,
          exclude: [...JUDGES_TIMES, ...JUDGES_RECOVERY, "**/node_modules/**"],
          maxWorkers: SYSTEM_WORKERS,
        },
      },
      {
        test: {
          ...WITH_SERVERS,
          ...SECOND_TRY,
          name: "recovery",
          include: JUDGES_RECOVERY,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...WITH_SERVERS,
          ...SECOND_TRY,
          name: "times",
          include: JUDGES_TIMES,
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
