// The part of setup.sh that installs Kafka, with a Java and a Maven that only pretend: no network, nothing installed.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";

const JARS = { "broker.jar": "the broker", "other.jar": "something that it needs" };
const UNAVAILABLE = "Kafka is not available: events stay in the outbox until it is";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "muster-setup-"));
  mkdirSync(path.join(folder, "infra/local/kafka"), { recursive: true });
  mkdirSync(path.join(folder, "bin"));
  cpSync(path.join(import.meta.dirname, "setup.sh"), path.join(folder, "setup.sh"));
  writeFileSync(path.join(folder, "infra/local/kafka/pom.xml"), "<project/>");
  const sums = Object.entries(JARS).map(
    ([name, text]) => `${createHash("sha256").update(text).digest("hex")}  ${name}\n`,
  );
  writeFileSync(path.join(folder, "infra/local/kafka/jars.sha256"), sums.join(""));
  mkdirSync(path.join(folder, "node_modules/.bin"), { recursive: true });
  program("../node_modules/.bin/node", "echo called >>prepared");
  program("java", `echo 'openjdk version "17.0.1" 2021-10-19' >&2`);
  mavenThatBrings(JARS);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function program(name: string, script: string): void {
  writeFileSync(path.join(folder, "bin", name), `#!/bin/sh\n${script}\n`);
  chmodSync(path.join(folder, "bin", name), 0o755);
}

function mavenThatBrings(jars: Readonly<Record<string, string>>): void {
  const copies = Object.entries(jars).map(([name, text]) => `printf '%s' '${text}' >"$to/${name}"`);
  program(
    "mvn",
    `for arg in "$@"; do case "$arg" in -DoutputDirectory=*) to="\${arg#*=}" ;; esac; done
echo "$@" >>'${folder}/mvn-calls'; mkdir -p "$to"; ${copies.join("; ")}`,
  );
}

function setup(env: Readonly<Record<string, string>> = {}): { code: number | null; said: string } {
  const run = spawnSync("bash", ["-c", "set -euo pipefail; . ./setup.sh; setup_kafka; echo went on"], {
    cwd: folder,
    env: { PATH: `${folder}/bin:${process.env["PATH"]}`, HOME: folder, ...env },
    encoding: "utf8",
  });
  return { code: run.status, said: `${run.stdout}${run.stderr}` };
}

const cache = (): string[] => {
  const at = path.join(folder, ".cache/muster");
  return existsSync(at) ? readdirSync(at).filter((name) => name !== "durations") : [];
};
const installed = (): string[] => readdirSync(path.join(folder, ".cache/muster", cache()[0] as string, "lib"));

it("the jars are downloaded once", () => {
  expect(setup()).toMatchObject({ code: 0, said: expect.stringContaining("downloading Kafka") });
  expect([cache().length, installed()]).toEqual([1, Object.keys(JARS)]);
  expect(setup()).toEqual({ code: 0, said: "went on\n" });
  expect(readFileSync(path.join(folder, "prepared"), "utf8")).toBe("called\n");
});

it.each([
  ["another content", { ...JARS, "other.jar": "something else" }, "other.jar"],
  ["one jar more", { ...JARS, "third.jar": "not asked for" }, "third.jar"],
  ["one jar less", { "broker.jar": "the broker" }, "other.jar"],
])("%s is an error that names the jar, and nothing is installed", (_what, jars, name) => {
  mavenThatBrings(jars);
  const { code, said } = setup();
  expect(code).toBe(1);
  expect(said).toContain(`not what infra/local/kafka/jars.sha256 says: ${name})`);
  expect(said).not.toContain("went on");
  expect(cache()).toEqual([]);
});

it.each([
  ["a Maven that reaches nobody", () => program("mvn", "echo '[ERROR] Unknown host repo.maven.apache.org'; exit 1")],
  ["an old Java", () => program("java", `echo 'openjdk version "11.0.2" 2019-01-15' >&2`)],
])("with %s, setup says so in one line and goes on; in CI it fails", (_what, breakIt) => {
  breakIt();
  const laptop = setup();
  expect(laptop.code).toBe(0);
  expect(laptop.said).toMatch(/went on\n$/);
  expect(laptop.said.split("\n").filter((line) => line.includes(UNAVAILABLE))).toHaveLength(1);
  expect(cache()).toEqual([]);
  expect(setup({ CI: "true" })).toMatchObject({ code: 1, said: expect.not.stringContaining("went on") });
});

it("nothing is installed where brokers are named", () => {
  expect(setup({ MUSTER_KAFKA_BROKERS: "kafka-1:9092" })).toEqual({ code: 0, said: "went on\n" });
  expect(readdirSync(folder)).not.toContain("mvn-calls");
});

it("for a user whom this machine does not know, Maven keeps what it loads in the home that the user has", () => {
  program("getent", "exit 2");
  expect(setup().code).toBe(0);
  expect(readFileSync(path.join(folder, "mvn-calls"), "utf8")).toContain(
    `-Dmaven.repo.local=${folder}/.m2/repository `,
  );
});
