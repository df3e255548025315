import type { Client } from "@connectrpc/connect";
import type { DescService } from "@bufbuild/protobuf";
import { AppError } from "@muster/errors";

type AnyCall = (request: unknown, callOptions?: unknown) => Promise<unknown>;

/**
 * A failover client over several instances: unary calls go to the one that answered last, and once to each other one when it
 * is unavailable. Only for calls that may be repeated: an answer that was lost counts as none.
 */
export function failoverClient<S extends DescService>(clients: readonly Client<S>[]): Client<S> {
  let preferred = 0;
  const call = async (name: string, request: unknown, callOptions: unknown): Promise<unknown> => {
    for (let tried = 1; ; tried++) {
      const at = preferred;
      try {
        return await ((clients[at] as unknown as Record<string, AnyCall>)[name] as AnyCall)(request, callOptions);
      } catch (err) {
        if (!(err instanceof AppError) || err.code !== "unavailable" || tried >= clients.length) throw err;
        if (preferred === at) preferred = (at + 1) % clients.length;
      }
    }
  };
  return new Proxy({} as Client<S>, {
    get: (_target, name: string) => (request: unknown, callOptions?: unknown) => call(name, request, callOptions),
  });
}
