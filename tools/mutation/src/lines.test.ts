import { expect, it } from "vitest";
import { linesOf } from "./lines.ts";

const SOURCE = `interface Shop {
  open(at: Date): void;
}

export function create(): Shop {
  const price = async (
    of: string,
  ): Promise<number> => {
    if (of === "") {
      return 0;
    }
    return 1;
  };
  return {
    open(at) {
      price(at);
    },
  };
}
`;

it.each([
  ["create", [5, 19]],
  ["price", [6, 13]],
  ["open", [15, 17]],
  ["close", undefined],
])("finds the lines of %s: a declaration in an interface is none", (name, lines) => {
  expect(linesOf(SOURCE, name)).toEqual(lines);
});
