import { connect } from "node:net";
import type { Pod } from "./pods.ts";

const WITHIN_MS = 1000;

/** Whether a pod's readiness probe finds it ready. */
export async function probe(pod: Pod, address: string): Promise<boolean> {
  const { httpGet, tcpSocket, timeoutSeconds } = pod.readiness ?? {};
  const withinMs = timeoutSeconds === undefined ? WITHIN_MS : timeoutSeconds * 1000;
  const port = portOf(pod, httpGet?.port ?? tcpSocket?.port ?? "");
  if (httpGet) {
    const answer = fetch(`http://${address}:${port}${httpGet.path}`, { signal: AbortSignal.timeout(withinMs) });
    return answer.then(
      async (response) => {
        await response.body?.cancel();
        return response.ok;
      },
      () => false, // what a probe is for
    );
  }
  return connects(address, port, withinMs);
}

function portOf(pod: Pod, port: string | number): number {
  const number = typeof port === "number" ? port : pod.ports[port];
  if (number === undefined) throw new Error(`${pod.name}: its probe uses port ${port}, which the pod does not have`);
  return number;
}

function connects(host: string, port: number, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: withinMs });
    const end = (connected: boolean): void => {
      socket.destroy();
      resolve(connected);
    };
    socket.once("connect", () => end(true));
    socket.once("timeout", () => end(false));
    socket.once("error", () => end(false));
  });
}
