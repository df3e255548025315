// What a file's first line promises: one that says "No I/O" imports nothing that does any. And where a service reads the time of day itself.
const SAYS_PURE = /^(?:\/\/.*\n)*\/\/.*\b[Nn]o I\/O\b/;
const DOES_IO =
  /(?:^(?:import|export) (?!type )(?:[^;]*? from )?|\bimport\()"(?:@muster\/(?:db|rpc|service)[\w/-]*|kysely|mariadb|node:(?:fs|net|http2?|https|child_process|dgram|tls)[\w/]*|\.\.?\/(?:[\w-]+\/)*store(?:\/[\w-]+)?\.ts)"/gm;

/** A clock of its own; everything else is given one. */
const TIME_OF_DAY = /\bDate\.now\(\)|\bnew Date\(\)/;
const OWN_CLOCK =
  /\/migrations\/|\/operator-commands\.ts$|\/migrate\.ts$|\/step-watchdog-thread\.ts$|\.test\.ts$|\/test\/|\/testing\.ts$/;

export function purityProblems(file: string, source: string): string[] {
  if (!/^(?:packages|services)\//.test(file) || file.endsWith(".test.ts")) return [];
  const problems: string[] = [];
  if (SAYS_PURE.test(source) && !/\btestin|\btest\//.test(file))
    for (const [statement] of source.matchAll(DOES_IO))
      problems.push(`${file} says that it does no I/O, and imports what does: ${statement}`);
  if (file.startsWith("services/") && TIME_OF_DAY.test(source) && !OWN_CLOCK.test(file))
    problems.push(`${file} reads the time of day itself: it is given a clock (packages/service)`);
  return problems;
}
