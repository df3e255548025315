// What a page says that a command prints: lines in this order, with … for anything.

/** @returns the first expected line that the output does not have where it should */
export function missingFrom(output: string, expected: readonly string[]): string | undefined {
  const lines = output.split("\n");
  let from = 0;
  for (const one of expected) {
    const pattern = new RegExp(`^${one.trim().split("…").map(escaped).join(".*")}$`);
    const at = lines.findIndex((line, index) => index >= from && pattern.test(line.trim()));
    if (at < 0) return one;
    from = at + 1;
  }
  return undefined;
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll(/ +/g, " +");
}
