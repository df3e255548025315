// What a page reads from the server: loading, there, or failed, with a way to try again.
import { useCallback, useEffect, useState } from "preact/hooks";

export type Loaded<T> = {
  readonly value: T | undefined;
  readonly error: unknown;
  readonly retry: () => void;
};

/** Reads anew whenever one of `inputs` changes. An answer to an earlier question is dropped. */
export function useLoaded<T>(read: () => Promise<T>, inputs: readonly unknown[]): Loaded<T> {
  const [state, setState] = useState<{ value: T | undefined; error: unknown }>({ value: undefined, error: undefined });
  const [tries, setTries] = useState(0);
  useEffect(() => {
    let current = true;
    setState({ value: undefined, error: undefined });
    read().then(
      (value) => current && setState({ value, error: undefined }),
      (error: unknown) => current && setState({ value: undefined, error }),
    );
    return () => {
      current = false;
    };
  }, [...inputs, tries]);
  const retry = useCallback(() => setTries((n) => n + 1), []);
  return { ...state, retry };
}
