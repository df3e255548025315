// A list that the server gives out by pages: what is here so far, and a way to the next page.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string | undefined;
}

export interface Pages<T> {
  /** Undefined before the first page. */
  readonly items: readonly T[] | undefined;
  readonly error: unknown;
  readonly loading: boolean;
  /** Undefined at the end. */
  readonly more: (() => void) | undefined;
  /** From the first page on; what is shown stays until it is there. */
  readonly reload: () => void;
}

/** Reads anew whenever one of `inputs` changes. An answer to an earlier question is dropped. */
export function usePages<T>(
  read: (cursor: string | undefined) => Promise<Page<T>>,
  inputs: readonly unknown[],
): Pages<T> {
  const [state, setState] = useState<{ page: Page<T> | undefined; error: unknown; loading: boolean }>({
    page: undefined,
    error: undefined,
    loading: true,
  });
  const question = useRef(0);
  const ask = (before: readonly T[], cursor: string | undefined): void => {
    const asked = ++question.current;
    setState(({ page }) => ({ page, error: undefined, loading: true }));
    read(cursor).then(
      ({ items, nextCursor }) => {
        if (asked !== question.current) return;
        setState({ page: { items: [...before, ...items], nextCursor }, error: undefined, loading: false });
      },
      (error: unknown) => {
        if (asked === question.current) setState(({ page }) => ({ page, error, loading: false }));
      },
    );
  };
  useEffect(() => {
    setState({ page: undefined, error: undefined, loading: true });
    ask([], undefined);
    return () => {
      question.current++;
    };
  }, [...inputs]);
  const { page, error, loading } = state;
  return {
    items: page?.items,
    error,
    loading,
    more: page?.nextCursor === undefined ? undefined : () => ask(page.items, page.nextCursor),
    reload: useCallback(() => ask([], undefined), [...inputs]),
  };
}
