// A dead network does not always report an error: a connection attempt may hang for seconds after the network is back. So
// a second one is started beside it, and the first to open sends the hello.
import { MusterError } from "./errors.ts";
import type { GatewaySocket, OpenOptions } from "./gateway-socket.ts";

const ANOTHER_AFTER_MS = 300;
const AT_ONCE = 3;
const WITHIN_MS = 2000;

/** @throws MusterError the first attempt's error, if no attempt succeeds */
export async function openFirst(
  open: (options: Pick<OpenOptions, "withinMs" | "mayGreet">) => Promise<GatewaySocket>,
): Promise<GatewaySocket> {
  let greeted = false;
  const one = async (): Promise<GatewaySocket> => {
    let own = false;
    const mayGreet = (): boolean => {
      if (greeted) return false;
      own = greeted = true;
      return true;
    };
    try {
      return await open({ withinMs: WITHIN_MS, mayGreet });
    } catch (err) {
      if (own) greeted = false;
      throw err;
    }
  };
  const all = [one()];
  while (all.length < AT_ONCE) {
    const settled = Promise.any(all).then(
      () => true,
      () => true,
    );
    if (await Promise.race([settled, wait(ANOTHER_AFTER_MS)])) break;
    if (!greeted) all.push(one());
  }
  try {
    return await Promise.any(all);
  } catch (err) {
    const [first] = (err as AggregateError).errors as unknown[];
    throw first instanceof MusterError ? first : new MusterError("network", "the connection failed", { cause: first });
  }
}

function wait(ms: number): Promise<false> {
  return new Promise((resolve) => setTimeout(() => resolve(false), ms));
}
