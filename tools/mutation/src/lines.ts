// Finds the lines of a function in its file, for parts of which only some functions are mutated.

/**
 * Of a source that Biome has formatted: a function, or a method of an object, ends with the next brace that is indented as it is.
 * @returns its first and last line, from 1; undefined: there is no such function
 */
export function linesOf(source: string, name: string): readonly [from: number, to: number] | undefined {
  const lines = source.split("\n");
  const begins = new RegExp(`^( *)(export )?(const )?(async )?(function )?${name}( = (async )?)?[(<](.*[^;])?$`);
  const from = lines.findIndex((line) => begins.test(line));
  if (from < 0) return undefined;
  const indent = begins.exec(lines[from] as string)?.[1] ?? "";
  const to = lines.findIndex((line, i) => i > from && line.startsWith(`${indent}}`));
  return to < 0 ? undefined : [from + 1, to + 1];
}
