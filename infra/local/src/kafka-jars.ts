// Where setup_kafka of scripts/setup.sh has put Kafka's jars, and which Java runs them.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { inPath } from "./mariadb.ts";
import { paths } from "./paths.ts";

export interface KafkaPrograms {
  readonly java: string;
  /** In one order: the archive of classes is only good for the same list. */
  readonly classPath: string;
  /** Changes with Java and the jars: a formatted folder and an archive of classes are kept in it. */
  readonly templateDir: string;
}

/** Changes with what a template holds. */
const TEMPLATE_VERSION = 1;

/** Undefined when Java or the jars are not there. */
export function findKafka(): KafkaPrograms | undefined {
  const [java, lib] = [inPath("java"), kafkaLib()];
  if (!java || !existsSync(lib)) return undefined;
  const jars = readdirSync(lib)
    .filter((name) => name.endsWith(".jar"))
    .toSorted();
  const { mtimeMs, size } = statSync(java);
  const javaKey = sha256([realpathSync(java), String(mtimeMs), String(size)]).slice(0, 8);
  return {
    java,
    classPath: jars.map((name) => path.join(lib, name)).join(path.delimiter),
    templateDir: path.join(kafkaFolder(), `template-${TEMPLATE_VERSION}-${javaKey}`),
  };
}

/** The folder of its jars, whether or not it is there. */
export function kafkaLib(): string {
  return path.join(kafkaFolder(), "lib");
}

/** As kafka_folder of scripts/setup.sh: outside of the checkout, since every checkout may use the same. */
function kafkaFolder(): string {
  const cache = process.env["XDG_CACHE_HOME"] || path.join(os.homedir(), ".cache");
  const texts = ["pom.xml", "jars.sha256"].map((name) => readFileSync(path.join(paths.kafkaJars, name)));
  return path.join(cache, "muster", `kafka-${sha256(texts).slice(0, 16)}`);
}

function sha256(parts: readonly (string | Buffer)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}
