// The names of an enumeration, from its Protobuf enum: `CANCEL_REASON_NO_SHOW` is `no_show` wherever it is text (tables, REST, realtime
// messages, tokens, logs, metrics). So a new value of the enum has its name, and nobody writes the list again.

/** A generated enum. UNSPECIFIED is no value: it stands for a field that says nothing. */
type ProtoEnum = Readonly<Record<string, number>>;

export type NameIn<E> = Lowercase<Exclude<keyof E & string, "UNSPECIFIED">>;

export interface Names<Name extends string, Value extends number> {
  /** In the order of the enum. */
  readonly all: readonly Name[];
  /** Undefined for UNSPECIFIED, and for what a later release says. */
  nameOf(value: number): Name | undefined;
  valueOf(name: Name): Value;
  has(text: string): text is Name;
}

type ValueIn<E extends ProtoEnum> = Exclude<E[keyof E], 0>;
export type NamesIn<E extends ProtoEnum> = Names<NameIn<E>, ValueIn<E>>;

export function namesIn<E extends ProtoEnum>(protoEnum: E): NamesIn<E> {
  const entries = Object.entries(protoEnum).filter(([, value]) => value !== 0);
  const byName = new Map(entries.map(([key, value]) => [key.toLowerCase(), value as ValueIn<E>]));
  const byValue = new Map(entries.map(([key, value]) => [value, key.toLowerCase() as NameIn<E>]));
  return {
    all: [...byValue.values()],
    nameOf: (value) => byValue.get(value),
    valueOf: (name) => byName.get(name) as ValueIn<E>,
    has: (text): text is NameIn<E> => byName.has(text),
  };
}
