// Checks the form of an answer before it is accepted: captive portals, proxies and other servers between client and server
// may answer 200. Unknown fields are allowed, because the contract may add fields.

/** @returns what is wrong and where; undefined if nothing is */
export type Shape<T> = ((value: unknown, at: string) => string | undefined) & { readonly of?: T | undefined };

export const text: Shape<string> = (value, at) => (typeof value === "string" ? undefined : `${at} is not a string`);
export const flag: Shape<boolean> = (value, at) => (typeof value === "boolean" ? undefined : `${at} is not a boolean`);
export const count: Shape<number> = (value, at) =>
  Number.isSafeInteger(value) ? undefined : `${at} is not an integer`;
export const time: Shape<string> = (value, at) =>
  typeof value === "string" && !Number.isNaN(Date.parse(value)) ? undefined : `${at} is not a date`;

/** One word of an enumeration; newer servers may send more words. */
export function word<T extends string>(): Shape<T> {
  return text as Shape<T>;
}

export function maybe<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, at) => (value === undefined ? undefined : shape(value, at));
}

export function list<T>(shape: Shape<T>): Shape<T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) return `${at} is not a list`;
    for (const [i, item] of value.entries()) {
      const wrong = shape(item, `${at}[${i}]`);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };
}

/** The shape of an object: the type requires a shape for every field. */
export function record<T>(fields: { readonly [K in keyof T]-?: Shape<T[K]> }): Shape<T> {
  return (value, at) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return `${at || "it"} is not an object`;
    for (const [name, shape] of Object.entries(fields) as [string, Shape<unknown>][]) {
      const wrong = shape((value as Record<string, unknown>)[name], at === "" ? name : `${at}.${name}`);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };
}
