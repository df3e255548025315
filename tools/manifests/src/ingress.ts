// What the ingress is promised to carry, and what it is given for that.
import { readFileSync } from "node:fs";
import { podOf } from "./policies.ts";
import type { Manifest } from "./render.ts";

/** By tools/bench/src/ingress-memory.ts: nginx' own for one player's socket over TLS, and the kernel's for its two connections. */
const KIB_PER_SOCKET = 50;
/** Master, a worker without sockets, and the zones of the limits. */
const OTHER_MIB = 80;
/** Beside what idle sockets take: bytes on their way, and a worker that ends while the next one has begun. */
const HEADROOM = 1.4;
/** A port is free again only 60 s after its connection: as many again as there are sockets. */
const PORTS_PER_SOCKET = 2;
const START = new URL("../../../infra/images/ingress.sh", import.meta.url);

export function ingressProblems(manifests: readonly Manifest[]): string[] {
  const ingress = manifests.find(({ kind, metadata }) => kind === "Deployment" && metadata.name === "ingress");
  if (!ingress) return ["there is no ingress"];
  const pod = podOf(ingress);
  const [container] = pod.containers;
  const env = container?.env?.find(({ name }) => name === "SOCKETS_MAX")?.value;
  const sockets = Number(env ?? /SOCKETS_MAX:-(\d+)/.exec(readFileSync(START, "utf8"))?.[1]);
  const limitMib = Number(/^(\d+)Mi$/.exec(container?.resources?.limits?.["memory"] ?? "")?.[1]);
  const neededMib = Math.ceil(((sockets * KIB_PER_SOCKET) / 1024 + OTHER_MIB) * HEADROOM);
  const sysctls = (pod.securityContext?.["sysctls"] ?? []) as readonly { name: string; value: string }[];
  const range = sysctls.find(({ name }) => name === "net.ipv4.ip_local_port_range")?.value ?? "32768 60999";
  const [first = 0, last = 0] = range.split(" ").map(Number);
  return [
    ...(limitMib >= neededMib ? [] : [`ingress: ${sockets} sockets need ${neededMib} Mi, and it may have ${limitMib}`]),
    ...(last - first >= sockets * PORTS_PER_SOCKET
      ? []
      : [
          `ingress: ${sockets} sockets that come and go need ${sockets * PORTS_PER_SOCKET} ports, and ${range} are fewer`,
        ]),
  ];
}
