// An address that answers no packets, like one that is no longer in use: its socket listens but accepts nothing, and its
// queue is full.
import { connect, type Socket } from "node:net";
import { Worker } from "node:worker_threads";

const SOCKETS_MAX = 16;
const SILENT_AFTER_MS = 200;

const LISTEN = `
const { createServer } = require("node:net");
const { workerData, parentPort } = require("node:worker_threads");
createServer().listen({ ...workerData, backlog: 1 }, () => {
  parentPort.postMessage("listening");
  setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
});
`;

/** Resolves to what ends it. */
export async function silentAddress(host: string, port: number): Promise<() => Promise<void>> {
  const worker = new Worker(LISTEN, { eval: true, workerData: { host, port } });
  await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
  const sockets: Socket[] = [];
  for (let silent = false; !silent; ) {
    if (sockets.length === SOCKETS_MAX) throw new Error(`${host}:${port} still takes connections`);
    const socket = connect({ host, port }).on("error", () => undefined);
    sockets.push(socket);
    silent = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(false));
      setTimeout(() => resolve(true), SILENT_AFTER_MS);
    });
  }
  return async () => {
    for (const socket of sockets) socket.destroy();
    await worker.terminate();
  };
}
