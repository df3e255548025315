// The workload of a process in Kubernetes, with what belongs to it: account, addresses, disruption budget, network policy.
import { adminPort, type Deployment, deploymentOf, type ServiceRow } from "@muster/local";
import { networkPolicy } from "./network-policy.ts";
import { environmentOf, environmentYaml, instancesHost, type Variable } from "./variables.ts";
import { CONTAINER_SECURITY, GENERATED, indent, POD_SECURITY, tmpVolume } from "./yaml.ts";

const PROBES = `startupProbe:
  httpGet:
    path: /healthz
    port: admin
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet:
    path: /healthz
    port: admin
  periodSeconds: 10
  timeoutSeconds: 3
  failureThreshold: 3
readinessProbe:
  httpGet:
    path: /readyz
    port: admin
  periodSeconds: 3
  timeoutSeconds: 3
  failureThreshold: 2
lifecycle:
  preStop:
    exec:
      command: [sleep, "5"]
`;

export function workloadYaml(row: ServiceRow, rows: readonly ServiceRow[], version: string): string {
  const deployment = deploymentOf(row);
  const documents = [
    workload(row, deployment, environmentOf(row, rows), version),
    account(row),
    address(row, deployment),
    ...(instancesHost(row) === row.name ? [] : [instances(row)]),
    budget(row),
    networkPolicy(row, rows),
  ];
  return `${GENERATED}# ${row.name}: see services/${row.name}/README.md\n${documents.join("---\n")}`;
}

function workload(row: ServiceRow, deployment: Deployment, env: readonly Variable[], version: string): string {
  const { name } = row;
  const { kind, note, nodeArgs } = deployment;
  return `${note === "" ? "" : `# ${note}\n`}apiVersion: apps/v1
kind: ${kind === "stateful" ? "StatefulSet" : "Deployment"}
metadata:
  name: ${name}
  labels:
    app.kubernetes.io/name: ${name}
    app.kubernetes.io/part-of: muster
spec:
  replicas: ${deployment.replicas}
${indent(2, REPLACED[kind](name))}  selector:
    matchLabels:
      app.kubernetes.io/name: ${name}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: ${name}
        app.kubernetes.io/component: server
        app.kubernetes.io/part-of: muster
    spec:
      serviceAccountName: ${name}
      automountServiceAccountToken: false
      # Must be longer than preStop (5 s, until balancers send no more requests) plus the process's own limit (…_STOP_WITHIN_MS).
      terminationGracePeriodSeconds: ${deployment.graceS}
${indent(6, POD_SECURITY)}      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              app.kubernetes.io/name: ${name}
      containers:
        - name: ${name}
          image: muster/${name}:${version}
${nodeArgs.length > 0 ? `          args: [${[...nodeArgs, "src/main.ts"].map((one) => `"${one}"`).join(", ")}]\n` : ""}          ports:
${indent(12, ports(row, "containerPort"))}          env:
            - name: NODE_OPTIONS
              value: "--max-semi-space-size=2"
${env.some(({ value }) => value?.includes("$(POD_NAME)")) ? indent(12, POD_NAME) : ""}${indent(12, environmentYaml(env))}${indent(10, PROBES)}          resources:
            requests:
              cpu: ${deployment.cpu}
              memory: ${deployment.memory}
            limits:
              memory: ${deployment.memoryMax}
${indent(10, CONTAINER_SECURITY)}${indent(6, tmpVolume("64Mi"))}`;
}

/** How the old ones go when new ones come. */
const REPLACED: Readonly<Record<Deployment["kind"], (name: string) => string>> = {
  rolling: () => `strategy:
  type: RollingUpdate
  rollingUpdate:
    maxSurge: 1
    maxUnavailable: 0
`,
  single: () => `strategy:
  type: Recreate
`,
  stateful: (name) => `serviceName: ${name}
podManagementPolicy: Parallel
`,
};

const POD_NAME = `- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
`;

function ports(row: ServiceRow, what: "containerPort"): string {
  const refusals = row.hearsRefusals ? `- name: refusals\n  ${what}: ${row.port}\n  protocol: UDP\n` : "";
  return `- name: ${row.speaks}\n  ${what}: ${row.port}\n${refusals}- name: admin\n  ${what}: ${adminPort(row)}\n`;
}

function account({ name }: ServiceRow): string {
  return `apiVersion: v1
kind: ServiceAccount
metadata:
  name: ${name}
automountServiceAccountToken: false
`;
}

function address(row: ServiceRow, { kind }: Deployment): string {
  const refusals = `    # Reports of requests that the ingress refused itself.
    - name: refusals
      port: ${row.port}
      protocol: UDP
      targetPort: refusals
`;
  return `apiVersion: v1
kind: Service
metadata:
  name: ${row.name}
  labels:
    app.kubernetes.io/name: ${row.name}
spec:
${row.behindIngress || kind === "single" ? "" : HEADLESS[kind]}${selector(row.name)}  ports:
    - name: ${row.speaks}
      port: ${row.port}
      targetPort: ${row.speaks}
${row.hearsRefusals ? refusals : ""}${adminPortYaml(row)}`;
}

const HEADLESS = {
  rolling: `  # Headless: a client sees every replica and spreads its calls over them.
  clusterIP: None
`,
  stateful: `  # A match is placed as soon as the matchmaker knows the shard, and the gateways resolve its name at once.
  publishNotReadyAddresses: true
  # Headless: a gateway connects to a particular shard, by the name that the shard gave the matchmaker.
  clusterIP: None
`,
} as const;

function instances(row: ServiceRow): string {
  return `# For the health of each instance. The ingress uses the Service above: nginx resolves names only when it reads its configuration, and would have to read it
# again whenever an instance starts or stops.
apiVersion: v1
kind: Service
metadata:
  name: ${instancesHost(row)}
  labels:
    app.kubernetes.io/name: ${row.name}
spec:
  clusterIP: None
${selector(row.name)}  ports:
${adminPortYaml(row)}`;
}

function selector(name: string): string {
  return `  selector:
    app.kubernetes.io/name: ${name}
    app.kubernetes.io/component: server
`;
}

function adminPortYaml(row: ServiceRow): string {
  return `    - name: admin
      port: ${adminPort(row)}
      targetPort: admin
`;
}

function budget({ name }: ServiceRow): string {
  return `apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: ${name}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      app.kubernetes.io/name: ${name}
      app.kubernetes.io/component: server
`;
}
