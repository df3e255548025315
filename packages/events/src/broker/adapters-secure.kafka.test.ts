// The contract of the port, for every adapter of it: a broker that wants TLS and a password.
import { anyKafka } from "@muster/resilience/testing";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describeWithKafka, LogLines, type PrivateKafka, startSecureKafka, until } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { commitAll, record } from "../../test/broker-kit.ts";
import { BROKER_CLIENTS, type BrokerOptions, createBroker, type ReceivedRecord } from "../index.ts";

const PASSWORD = "rightPassword1";
let folder = "";
const fileOf = (name: string): string => path.join(folder, name);

function openssl(...args: string[]): void {
  execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
}

const EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

function makeAuthority(name: string): string {
  openssl("req", "-x509", ...EC, "-keyout", `${name}.key`, "-out", `${name}.pem`, "-subj", `/CN=${name}`, "-days", "2");
  return readFileSync(fileOf(`${name}.pem`), "utf8");
}

/** @returns a file with the key and the certificate of localhost */
function makeBrokersKey(authority: string): string {
  openssl("req", "-new", ...EC, "-keyout", "broker.key", "-out", "broker.csr", "-subj", "/CN=localhost");
  writeFileSync(fileOf("names"), "subjectAltName=DNS:localhost\n");
  const signed = ["-CA", `${authority}.pem`, "-CAkey", `${authority}.key`, "-days", "2", "-extfile", "names"];
  openssl("x509", "-req", "-in", "broker.csr", "-out", "broker.pem", ...signed);
  const both = ["broker.key", "broker.pem"].map((name) => readFileSync(fileOf(name), "utf8"));
  writeFileSync(fileOf("broker"), both.join(""));
  return fileOf("broker");
}

describeWithKafka.each(BROKER_CLIENTS)("a broker with TLS and a password, by %s", (client) => {
  let kafka: PrivateKafka;
  let right: BrokerOptions;
  let wrongAuthority: string;
  beforeAll(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), "muster-certificates-"));
    const ca = makeAuthority("right");
    wrongAuthority = makeAuthority("wrong");
    const secured = await startSecureKafka({ keyFile: makeBrokersKey("right"), users: { muster: PASSWORD } });
    kafka = secured;
    const sasl = { mechanism: "plain", username: "muster", password: PASSWORD } as const;
    right = { brokers: [secured.secureBroker], clientId: "secure", dependency: anyKafka(), tls: true, ca, sasl };
  }, 60_000);
  afterAll(async () => {
    await kafka?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const brokerWith = (options: Partial<BrokerOptions>) =>
    createBroker({ ...right, ...options, client }, new LogLines().logger("test"));

  it("is spoken to by those who have both: topics, records there and back", async () => {
    const broker = await brokerWith({});
    expect(await broker.probe()).toBeUndefined();
    const [admin, producer] = [broker.admin(), broker.producer()];
    await admin.start?.();
    await producer.start?.();
    await admin.createTopics([{ name: "secured", partitions: 1, replicas: 1, settings: {} }]);
    await producer.send([record("secured", "key", "value")]);
    const records: ReceivedRecord[] = [];
    const consumer = broker.consumer({
      group: `secured-${client}`,
      topics: ["secured"],
      concurrency: 1,
      from: "earliest",
      async handle(batch) {
        records.push(...batch.records);
        return commitAll(batch);
      },
    });
    await consumer.start();
    await until(() => (records.length > 0 ? undefined : "nothing came"), 20_000);
    expect(records[0]?.value.toString()).toBe("value");
    await consumer.stop();
    await producer.stop?.();
    await admin.stop?.();
    expect(Object.keys(right.sasl ?? {})).toEqual(["mechanism", "username", "password"]);
  }, 60_000);

  it.each([
    ["another password", { sasl: "wrong" }, /auth|credential|password/i],
    ["another authority", { ca: "wrong" }, /certificate|self[- ]signed|issuer/i],
    ["no TLS", { tls: false }, /\w/],
  ] as const)(
    "says why it cannot be used, with %s, and not what the password is",
    async (_, change, reason) => {
      const options: Partial<BrokerOptions> = {
        ...("tls" in change && { tls: false }),
        ...("ca" in change && { ca: wrongAuthority }),
        ...("sasl" in change && right.sasl && { sasl: { ...right.sasl, password: "wrongPassword1" } }),
      };
      const broker = await brokerWith(options);
      const said = (await broker.probe()) ?? "";
      expect(said).toMatch(reason);
      expect(said).not.toContain("Password1");
      const producer = broker.producer();
      const sending = Promise.resolve(producer.start?.()).then(() =>
        producer.send([record("secured", "key", "value")]),
      );
      await expect(sending).rejects.toThrow(reason);
      await producer.stop?.();
    },
    60_000,
  );
});
