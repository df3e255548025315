// Converts a rendered workload to arguments of `podman run`: its command, environment, user, read-only root, capabilities,
// memory and volumes.
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Manifest } from "@muster/manifests/render";

export interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string | number };
  readonly tcpSocket?: { readonly port: string | number };
  readonly periodSeconds?: number;
  readonly failureThreshold?: number;
  readonly timeoutSeconds?: number;
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: {
      readonly secretKeyRef?: { readonly name: string; readonly key: string; readonly optional?: boolean };
      readonly fieldRef?: { readonly fieldPath: string };
    };
  }[];
  readonly resources?: { readonly limits?: Readonly<Record<string, string>> };
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly readinessProbe?: Probe;
  readonly lifecycle?: { readonly preStop?: { readonly exec: { readonly command: readonly string[] } } };
}

interface PodSpec {
  readonly containers: readonly [Container];
  readonly terminationGracePeriodSeconds?: number;
  readonly securityContext?: { readonly runAsUser?: number; readonly runAsGroup?: number };
  readonly volumes?: readonly {
    readonly name: string;
    readonly emptyDir?: { readonly sizeLimit?: string };
    readonly configMap?: { readonly name: string };
    readonly secret?: { readonly secretName: string };
  }[];
}

export interface Pod {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly image: string;
  readonly options: readonly string[];
  readonly args: readonly string[];
  readonly ports: Readonly<Record<string, number>>;
  readonly readiness: Probe | undefined;
  readonly preStop: readonly string[] | undefined;
  readonly graceS: number;
  /** Ends by itself: a Job. */
  readonly ends: boolean;
}

/** By the name of the secret or config map, then the key. */
export type Data = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Every pod of every workload. `folder`: for the files of secrets and config maps. @throws Error for what it cannot imitate */
export function podsOf(manifests: readonly Manifest[], secrets: Data, folder: string): Pod[] {
  const maps = Object.fromEntries(
    manifests
      .filter(({ kind }) => kind === "ConfigMap")
      .map((map) => [map.metadata.name, (map as { data?: object }).data ?? {}]),
  ) as Data;
  return manifests
    .filter(({ kind }) => ["Deployment", "StatefulSet", "Job"].includes(kind))
    .flatMap((workload) => {
      const { replicas = 1 } = workload.spec as { replicas?: number };
      return Array.from({ length: replicas }, (_, number) => podOf(workload, number, secrets, maps, folder));
    });
}

function podOf(workload: Manifest, number: number, secrets: Data, maps: Data, folder: string): Pod {
  const { template } = workload.spec as unknown as {
    template: { metadata: { labels: Record<string, string> }; spec: PodSpec };
  };
  const { spec } = template;
  const [container] = spec.containers;
  const ends = workload.kind === "Job";
  const name = ends ? workload.metadata.name : `${workload.metadata.name}-${number}`;
  const env = environmentOf(container, name, secrets);
  const { runAsUser, runAsGroup } = spec.securityContext ?? {};
  const options = [
    "--user",
    `${runAsUser}:${runAsGroup}`,
    "--read-only",
    "--read-only-tmpfs=false",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    `--memory=${bytesOf(container.resources?.limits?.["memory"] as string)}`,
    `--restart=${ends ? "on-failure" : "always"}`,
    `--hostname=${name}`,
    ...Object.entries(env).flatMap(([key, value]) => ["--env", `${key}=${value}`]),
    ...(container.volumeMounts ?? []).flatMap((mount) => {
      const volume = spec.volumes?.find((one) => one.name === mount.name);
      if (volume?.emptyDir) return ["--volume", `${emptyFolder(folder, name, mount.name)}:${mount.mountPath}:rw`];
      const from = volume?.configMap?.name ?? volume?.secret?.secretName ?? "";
      const data = volume?.configMap ? maps[from] : secrets[from];
      if (!data) throw new Error(`${name}: volume ${mount.name} has an unsupported type or no source`);
      return ["--volume", `${filesOf(folder, from, data)}:${mount.mountPath}:ro`];
    }),
    ...(container.command ? ["--entrypoint", JSON.stringify(container.command)] : []),
  ];
  return {
    name,
    labels: template.metadata.labels,
    image: container.image,
    options,
    args: container.args ?? [],
    ports: Object.fromEntries((container.ports ?? []).map((port) => [port.name, port.containerPort])),
    readiness: container.readinessProbe,
    preStop: container.lifecycle?.preStop?.exec.command,
    graceS: spec.terminationGracePeriodSeconds ?? 30,
    ends,
  };
}

function environmentOf(container: Container, podName: string, secrets: Data): Record<string, string> {
  const env: Record<string, string> = {};
  for (const { name, value, valueFrom } of container.env ?? []) {
    const secret = valueFrom?.secretKeyRef;
    const given =
      value ??
      (secret
        ? secrets[secret.name]?.[secret.key]
        : valueFrom?.fieldRef?.fieldPath === "metadata.name"
          ? podName
          : undefined);
    if (given === undefined && secret?.optional) continue; // as Kubernetes leaves it out
    if (given === undefined) throw new Error(`${podName}: no value for ${name}`);
    env[name] = given.replaceAll(/\$\((\w+)\)/g, (whole, other: string) => env[other] ?? whole);
  }
  return env;
}

/** As an emptyDir: everybody's. A tmpfs would take the mode of the image's own folder. */
function emptyFolder(folder: string, podName: string, name: string): string {
  const empty = path.join(folder, "empty-dirs", podName, name);
  rmSync(empty, { recursive: true, force: true });
  mkdirSync(empty, { recursive: true });
  chmodSync(empty, 0o777);
  return empty;
}

/** A folder with these files, as a volume of a config map or secret shows them. */
function filesOf(folder: string, name: string, data: Readonly<Record<string, string>>): string {
  const volume = path.join(folder, "volumes", name);
  mkdirSync(volume, { recursive: true });
  for (const [file, content] of Object.entries(data)) writeFileSync(path.join(volume, file), content, { mode: 0o644 });
  return volume;
}

/** `512Mi` as podman writes it. @throws Error for another unit */
export function bytesOf(quantity: string): string {
  const [, amount, unit] = /^(\d+)(Ki|Mi|Gi)$/.exec(quantity) ?? [];
  if (amount === undefined || unit === undefined) throw new Error(`unsupported quantity: ${quantity}`);
  return `${amount}${unit[0]?.toLowerCase()}`;
}
