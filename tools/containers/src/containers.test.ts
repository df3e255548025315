// What can be tested without an engine: how manifests become containers, and what a name resolves to. For everything else:
// scripts/container-test.sh.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { databaseServices, serviceOf, SERVICES } from "@muster/local";
import { type Manifest, render } from "@muster/manifests/render";
import { decode, encode } from "dns-packet";
import { afterAll, describe, expect, it } from "vitest";
import { contentProblems } from "./images.ts";
import { NameServer } from "./name-server.ts";
import { bytesOf, type Data, podsOf } from "./pods.ts";
import { secretsOf } from "./secrets.ts";
import { NOBODY, resolve, type RunningPod } from "./services.ts";

const manifests = render("overlays/local");
const folder = mkdtempSync(path.join(os.tmpdir(), "muster-containers-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
/** Every key of every secret is its own value. */
const secrets: Data = new Proxy(
  {},
  { get: (_, secret) => new Proxy({}, { get: (_target, key) => `${String(secret)}/${String(key)}` }) },
);
const withFiles: Data = { muster: secrets["muster"] as Data[string], "muster-tls": { "tls.crt": "c", "tls.key": "k" } };
const pods = podsOf(manifests, withFiles, folder);

describe("a manifest as a container", () => {
  it("keeps user, read-only root, capabilities, memory and environment of every workload", () => {
    expect(pods.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["shard-0", "edge-api-0", "ingress-0", "mariadb-0"]),
    );
    for (const { name, options } of pods) {
      expect(options, name).toEqual(
        expect.arrayContaining(["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"]),
      );
      expect(options[options.indexOf("--user") + 1], name).toMatch(/^[1-9]\d*:[1-9]\d*$/);
      expect(
        options.some((option) => /^--memory=\d+[kmg]$/.test(option)),
        name,
      ).toBe(true);
    }
    const shard = pods.find(({ name }) => name === "shard-0");
    expect(shard?.options).toContain("SHARD_LINK_ADDRESS=shard-0.shard:7240");
    expect(shard?.options).toContain("SHARD_LINK_KEY=muster/link-key");
  });

  it("has all that the manifests take from secrets, of a new process in the table too", () => {
    expect(() => podsOf(manifests, secretsOf(SERVICES, folder), folder)).not.toThrow();
    const database = { prefix: "ranking", user: "rankings" };
    const ranking = { ...serviceOf("chat-service"), name: "ranking-service", prefix: "RANKING", database };
    const { muster } = secretsOf([...SERVICES, ranking], folder);
    expect(muster?.["ranking-db-url"]).toBe(
      `mysql://rankings:${muster?.["ranking-db-password"]}@mariadb:3306/ranking_local`,
    );
  });

  it("refuses what it cannot imitate", () => {
    expect(() => podsOf(manifests, {}, folder)).toThrow("no value for");
    expect(() => bytesOf("1.5G")).toThrow("unsupported quantity");
  });
});

describe("the name of a Service", () => {
  const running = (name: string, isReady: boolean): RunningPod => ({
    pod: pods.find((pod) => pod.name === name) as RunningPod["pod"],
    address: `10.0.0.${name.length}`,
    isReady,
  });
  const of = (kind: "headless" | "virtual" | "unready too", isReady: boolean): string[] | undefined => {
    const service = { headless: "match-service", virtual: "edge-api", "unready too": "shard" }[kind];
    return resolve(`${service}.muster.svc.cluster.local`, manifests, [running(`${service}-0`, isReady)]);
  };

  it("leads to ready pods only, or to all where it says so", () => {
    expect([of("headless", true), of("virtual", true), of("unready too", true)]).toEqual([
      ["10.0.0.15"],
      ["10.0.0.10"],
      ["10.0.0.7"],
    ]);
    expect([of("headless", false), of("virtual", false), of("unready too", false)]).toEqual([
      undefined,
      [NOBODY],
      ["10.0.0.7"],
    ]);
  });

  it("is that of one pod behind a headless one, and of nobody else", () => {
    const shard = [running("shard-0", false)];
    expect(resolve("shard-0.shard", manifests, shard)).toEqual(["10.0.0.7"]);
    expect(resolve("shard-1.shard", manifests, shard)).toBeUndefined();
    expect(resolve("edge-api-0.edge-api", manifests, [running("edge-api-0", true)])).toBeUndefined();
    expect(resolve("example.org", manifests, shard)).toBeUndefined();
  });

  it("leads to no migration's pod", () => {
    const jobs = manifests.filter(({ kind }: Manifest) => kind === "Job").map(({ metadata }) => metadata.name);
    expect(jobs.length).toBeGreaterThan(0);
    for (const name of jobs) {
      const job = { ...running("edge-api-0", true), pod: pods.find((pod) => pod.name === name) as RunningPod["pod"] };
      for (const { name: service } of databaseServices())
        expect(resolve(service, manifests, [job]), `${service} and ${name}`).toBeUndefined();
    }
  });
});

describe("the name server", () => {
  it("answers with what it is told, and says when there is no such name; what is no query gets no answer", async () => {
    await using server = await NameServer.start("127.0.0.1", 0, (name) => (name === "here" ? ["10.0.0.1"] : undefined));
    const client = createSocket("udp4");
    const ask = async (type: "A" | "AAAA", name: string) => {
      client.send(encode({ type: "query", id: 7, questions: [{ type, name }] }), server.port, "127.0.0.1");
      const [message] = (await once(client, "message")) as [Buffer];
      const { answers = [], flags = 0, id } = decode(message);
      return [id, flags & 15, answers.map((answer) => ("data" in answer ? answer.data : undefined))];
    };
    client.send(Buffer.from("?"), server.port, "127.0.0.1");
    expect(await ask("A", "Here")).toEqual([7, 0, ["10.0.0.1"]]);
    expect(await ask("AAAA", "here")).toEqual([7, 0, []]);
    expect(await ask("A", "there")).toEqual([7, 3, []]);
    client.close();
  });
});

describe("an image", () => {
  const good = [
    "/usr/local/bin/node",
    "/muster/services/shard/src/main.ts",
    "/muster/node_modules/.pnpm/pino@10.4.0/node_modules/pino/pino.js",
  ];

  it.each([
    ["a test runner", "/muster/node_modules/.pnpm/vitest@5.1.1/node_modules/vitest/index.js", "contains vitest"],
    ["tests", "/muster/services/shard/src/match/match.test.ts", "test files"],
    ["Node twice", "/usr/bin/node", "2 copies of Node"],
  ])("is refused with %s", (_what, file, problem) => {
    expect(contentProblems(good, true)).toEqual([]);
    expect(contentProblems([...good, file], true).join()).toContain(problem);
  });
});
