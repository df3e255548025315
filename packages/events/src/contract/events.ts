// The types of events, as contracts/events has them. No I/O.
import { type EventData, EVENTS as GENERATED, type EventType } from "@muster/contracts/events";

export type { EventData, EventType };

export type Classification = "public" | "internal" | "personal";

export interface EventContract<T extends EventType = EventType> {
  readonly version: number;
  readonly topic: string;
  /** The property of the payload that is the record's key. */
  readonly key: keyof EventData[T] & string;
  readonly classification: Classification;
  /** The schema's name on the wire: `ce_dataschema`. */
  readonly dataSchema: string;
  readonly schema: object;
}

export const EVENTS: { readonly [T in EventType]: EventContract<T> } = GENERATED;

export const EVENT_TYPES = Object.keys(EVENTS) as readonly EventType[];

export function isEventType(text: string): text is EventType {
  return Object.hasOwn(EVENTS, text);
}

export interface EventAttributes {
  /** A UUID, usually of version 7: consumers drop repeats by it. */
  readonly id: string;
  /** `muster/<service>` */
  readonly source: string;
  /** When it happened. */
  readonly time: Date;
  /** What it is about, where the key does not say it. */
  readonly subject?: string | undefined;
  /** What caused it. */
  readonly traceparent?: string | undefined;
  /** Undefined: the installation has one. */
  readonly region?: string | undefined;
}

export interface EventOf<T extends EventType> extends EventAttributes {
  readonly type: T;
  readonly data: EventData[T];
}

/** An event of any type, or of any of these: `switch (event.type)` knows the payload. */
export type AnyEvent<T extends EventType = EventType> = { [One in T]: EventOf<One> }[T];

export const INVALID_EVENT_CODES = [
  "bad_header",
  "unknown_type",
  "unknown_version",
  "bad_payload",
  "payload_too_large",
] as const;
export type InvalidEventCode = (typeof INVALID_EVENT_CODES)[number];

/** An event that breaks its contract. The text has names of the contract and never a value of the event, which may be personal. */
export class InvalidEventError extends Error {
  override readonly name = "InvalidEventError";
  readonly code: InvalidEventCode;
  /** Undefined when it has none that we know. */
  readonly type: EventType | undefined;
  /** A header, or a property of the payload as a JSON pointer: "/participants/0/rank". */
  readonly path: string;

  constructor(code: InvalidEventCode, type: EventType | undefined, path: string, problem: string) {
    super(`${type ?? "an event of unknown type"}: ${path === "" ? "the payload" : path} ${problem}`);
    this.code = code;
    this.type = type;
    this.path = path;
  }
}
