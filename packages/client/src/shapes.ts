// What an answer has to look like before it is believed: between a client and its server stand captive portals, proxies and
// other people's servers, and they answer 200. Fields that are not named here may come: the contract grows by them.

/** @returns what is wrong and where, undefined when nothing is */
export type Shape<T> = ((value: unknown, at: string) => string | undefined) & { readonly of?: T | undefined };

export const text: Shape<string> = (value, at) => (typeof value === "string" ? undefined : `${at} is no text`);
export const flag: Shape<boolean> = (value, at) =>
  typeof value === "boolean" ? undefined : `${at} is neither true nor false`;
export const count: Shape<number> = (value, at) =>
  Number.isSafeInteger(value) ? undefined : `${at} is no whole number`;
export const time: Shape<string> = (value, at) =>
  typeof value === "string" && !Number.isNaN(Date.parse(value)) ? undefined : `${at} is no time`;

/** One of some words; a later server may have more of them. */
export function word<T extends string>(): Shape<T> {
  return text as Shape<T>;
}

export function maybe<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, at) => (value === undefined ? undefined : shape(value, at));
}

export function list<T>(shape: Shape<T>): Shape<T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) return `${at} is no list`;
    for (const [i, item] of value.entries()) {
      const wrong = shape(item, `${at}[${i}]`);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };
}

/** A shape for every field, so that none is forgotten. */
export function record<T>(fields: { readonly [K in keyof T]-?: Shape<T[K]> }): Shape<T> {
  return (value, at) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return `${at || "it"} is no object`;
    for (const [name, shape] of Object.entries(fields) as [string, Shape<unknown>][]) {
      const wrong = shape((value as Record<string, unknown>)[name], at === "" ? name : `${at}.${name}`);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };
}
