// What the name of a Service resolves to: the pods that are ready, or all of them if the Service says so.
import type { Manifest } from "@muster/manifests/render";
import type { Pod } from "./pods.ts";

export interface RunningPod {
  readonly pod: Pod;
  readonly address: string;
  readonly isReady: boolean;
}

interface ServiceSpec {
  readonly clusterIP?: string;
  readonly publishNotReadyAddresses?: boolean;
  readonly selector: Readonly<Record<string, string>>;
}

/** Of a Service that has no pod to lead to, and is not headless: there is an address, and nobody answers. */
export const NOBODY = "127.255.255.254";

/**
 * The addresses of one name: a Service, or a pod of a headless one (`shard-0.shard`). Undefined: there is no such name (NXDOMAIN), as for a headless
 * Service without ready pods. A cluster's virtual address is imitated by the pods' own addresses.
 */
export function resolve(
  name: string,
  manifests: readonly Manifest[],
  pods: readonly RunningPod[],
): string[] | undefined {
  const [first = "", second] = name.replace(/\.muster(\.svc(\.cluster\.local)?)?$/, "").split(".");
  const service = manifests.find(({ kind, metadata }) => kind === "Service" && metadata.name === (second ?? first));
  if (!service) return undefined;
  const spec = service.spec as unknown as ServiceSpec;
  const isHeadless = spec.clusterIP === "None";
  if (second !== undefined && !isHeadless) return undefined;
  const behind = pods.filter(
    ({ pod, isReady }) =>
      Object.entries(spec.selector).every(([key, value]) => pod.labels[key] === value) &&
      (isReady || spec.publishNotReadyAddresses === true) &&
      (second === undefined || pod.name === first),
  );
  if (behind.length > 0) return behind.map(({ address }) => address);
  return isHeadless ? undefined : [NOBODY];
}
