// One row in the table is a process everywhere.
import path from "node:path";
import { SERVICES, type ServiceRow } from "@muster/local";
import { parse, parseAllDocuments } from "yaml";
import { expect, it } from "vitest";
import { infraFiles } from "./files.ts";

const where = { root: path.join(import.meta.dirname, "../../../.."), version: "2.0.0-dev" };
const ranking: ServiceRow = {
  name: "ranking-service",
  prefix: "RANKING",
  does: "who is how strong",
  port: 7280,
  speaks: "grpc",
  database: { prefix: "ranking", user: "ranking" },
  calls: { "match-service": "RANKING_MATCH_URL" },
};
const caller = SERVICES.map((row) =>
  row.name === "edge-api" ? { ...row, calls: { ...row.calls, "ranking-service": "EDGE_RANKING_URL" } } : row,
);
const before = infraFiles(SERVICES, where);
const after = infraFiles([...caller, ranking], where);
const text = (file: string): string => after.get(file) ?? "";

it("a new row is in every file that names processes", () => {
  const changed = [...after].filter(([file, said]) => said !== before.get(file)).map(([file]) => file);
  expect(changed).toEqual(
    expect.arrayContaining([
      "infra/k8s/base/ranking-service.yaml",
      "infra/k8s/base/edge-api.yaml",
      "infra/k8s/base/match-service.yaml", // whom it calls
      "infra/k8s/migrations/ranking-service.yaml",
      "infra/k8s/overlays/local/mariadb.yaml",
      "infra/k8s/overlays/local/databases.sh",
      "infra/k8s/overlays/local/replicas.yaml",
      "infra/k8s/overlays/production/replicas.yaml",
      "infra/k8s/operator/operator.yaml",
      "infra/k8s/operator/policies.yaml",
      "infra/compose/compose.yaml",
      "infra/compose/databases.sh",
      "infra/compose/up.sh",
      "infra/images/operator.Dockerfile",
      "README.md",
      "contracts/db/db.v2.md",
      "runbooks/sizing-and-scaling.md",
    ]),
  );
  for (const [file, said] of after)
    if (/\/(base|migrations)\/kustomization/.test(file)) expect(said).toContain(ranking.name);
});

it("what is written for it is YAML, with its database from a secret and its peer by name", () => {
  const [workload, ...others] = parseAllDocuments(text("infra/k8s/base/ranking-service.yaml")).map((one) => one.toJS());
  const env = workload.spec.template.spec.containers[0].env;
  expect(env).toContainEqual({ name: "RANKING_MATCH_URL", value: "http://match-service:7210" });
  expect(env).toContainEqual({
    name: "RANKING_DB_URL",
    valueFrom: { secretKeyRef: { name: "muster", key: "ranking-db-url" } },
  });
  expect(others.map(({ kind }) => kind)).toEqual(["ServiceAccount", "Service", "PodDisruptionBudget", "NetworkPolicy"]);
  const policy = others.at(-1).spec;
  expect(policy.ingress[0].from).toEqual([{ podSelector: { matchLabels: { "app.kubernetes.io/name": "edge-api" } } }]);
  const { services } = parse(text("infra/compose/compose.yaml"), { merge: true });
  expect(services["ranking-service"].environment).toEqual({
    RANKING_HOST: "0.0.0.0",
    RANKING_MATCH_URL: "http://match-service:7210",
    RANKING_STOP_WITHIN_MS: "12000",
    RANKING_DB_URL: "mysql://ranking:${RANKING_DB_PASSWORD:?}@mariadb:3306/ranking_compose",
  });
  expect(services["ranking-service-migrate"].command).toEqual(["src/migrate.ts"]);
});

it("the operator is given the database and the keys of a new one with a database", () => {
  const sealed: ServiceRow = { ...ranking, secrets: ["AUDIT_KEY"] };
  const files = infraFiles([...SERVICES, sealed], where);
  const pod = parse(files.get("infra/k8s/operator/operator.yaml") ?? "");
  expect(pod.spec.containers[0].env).toContainEqual({
    name: "RANKING_AUDIT_KEY",
    valueFrom: { secretKeyRef: { name: "muster", key: "audit-key" } },
  });
  const { services } = parse(files.get("infra/compose/compose.yaml") ?? "", { merge: true });
  expect(services.operator.environment).toMatchObject({
    RANKING_DB_URL: "mysql://ranking:${RANKING_DB_PASSWORD:?}@mariadb:3306/ranking_compose",
    RANKING_AUDIT_KEY: "${AUDIT_KEY:?}",
    IDENTITY_KEY_ENCRYPTION_KEY: "${KEY_ENCRYPTION_KEY:?}",
  });
  expect(Object.keys(services.operator.environment)).not.toContain("SHARD_LINK_KEY");
});

it("one that uses Kafka is told where it is, and may reach it; it starts where there is none", () => {
  const files = infraFiles([...SERVICES, { ...ranking, kafka: true }], where);
  const [workload, ...others] = parseAllDocuments(files.get("infra/k8s/base/ranking-service.yaml") ?? "").map((one) =>
    one.toJS(),
  );
  expect(workload.spec.template.spec.containers[0].env).toContainEqual({
    name: "RANKING_KAFKA_BROKERS",
    valueFrom: { secretKeyRef: { name: "muster", key: "kafka-brokers", optional: true } },
  });
  expect(others.at(-1).spec.egress).toContainEqual({ ports: [{ port: 9092 }] });
  const { services } = parse(files.get("infra/compose/compose.yaml") ?? "", { merge: true });
  expect(services["ranking-service"].environment).toMatchObject({ RANKING_KAFKA_BROKERS: "${MUSTER_KAFKA_BROKERS:-}" });
  expect(files.get("runbooks/sizing-and-scaling.md")).toContain(
    "| 9092 (7292 locally) | Kafka | replay-service, rating-service, identity-service, match-service, ranking-service |",
  );
  expect(text("infra/k8s/base/ranking-service.yaml")).not.toContain("kafka");
});

it("the keys in the secret of one with two words in its name are spelt alike", () => {
  const database = { prefix: "live_ops", user: "live_ops" };
  const files = infraFiles(
    [...SERVICES, { ...ranking, name: "live-ops-service", prefix: "LIVE_OPS", database }],
    where,
  );
  expect(files.get("infra/k8s/overlays/local/kustomization.yaml")).toContain(
    "live-ops-db-password, and live-ops-db-url: mysql://live_ops:…@mariadb:3306/live_ops_local",
  );
});

it("nobody is let in to one that nobody calls", () => {
  const alone = infraFiles([...SERVICES, ranking], where).get("infra/k8s/base/ranking-service.yaml") ?? "";
  const policy = parseAllDocuments(alone)
    .map((one) => one.toJS() as { spec: { ingress: { ports: unknown }[] } })
    .at(-1);
  expect(policy?.spec.ingress.map(({ ports }) => ports)).toEqual([[{ port: 7281 }]]);
});

it("who calls one that is not there is refused", () => {
  const lost = [{ ...ranking, calls: { "scoring-service": "RANKING_SCORING_URL" } }];
  expect(() => infraFiles(lost, where)).toThrow(
    "ranking-service calls scoring-service, which is not in infra/services.ts",
  );
});
