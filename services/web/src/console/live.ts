// What changes by itself: asked for again and again while it is shown.
import { useEffect, useRef, useState } from "preact/hooks";

export interface Live<T> {
  /** The last answer; it stays while a later one fails. */
  readonly value: T | undefined;
  /** Of the last try. */
  readonly error: unknown;
  /** Asks now. */
  readonly refresh: () => void;
}

const EVERY_MS = 2000;

/** Asks every two seconds, one after the other, and not while nobody sees it. Starts anew whenever one of `inputs` changes. */
export function useLive<T>(read: () => Promise<T>, inputs: readonly unknown[]): Live<T> {
  const [state, setState] = useState<{ value: T | undefined; error: unknown }>({ value: undefined, error: undefined });
  const now = useRef<() => void>(() => undefined);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let asked = 0;
    const next = (): void => {
      timer = setTimeout(() => (document.hidden ? next() : look()), EVERY_MS);
    };
    const look = (): void => {
      clearTimeout(timer);
      const question = ++asked;
      const answered = (set: (before: T | undefined) => { value: T | undefined; error: unknown }): void => {
        if (question !== asked) return;
        setState(({ value }) => set(value));
        next();
      };
      read().then(
        (value) => answered(() => ({ value, error: undefined })),
        (error: unknown) => answered((value) => ({ value, error })),
      );
    };
    now.current = look;
    setState({ value: undefined, error: undefined });
    look();
    return () => {
      asked = -1;
      now.current = () => undefined;
      clearTimeout(timer);
    };
  }, [...inputs]);
  return { ...state, refresh: () => now.current() };
}
