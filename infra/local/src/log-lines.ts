// Formats JSON log lines for people.

const COLOURS: Readonly<Record<string, string>> = {
  debug: "\x1b[2m",
  info: "",
  warn: "\x1b[33m",
  error: "\x1b[31m",
  fatal: "\x1b[31m",
};
const RESET = "\x1b[0m";
const HIDDEN = new Set(["level", "time", "service", "msg", "err"]);

export interface LogLine {
  readonly level: string;
  readonly text: string;
}

/** A line of a service's log, short; lines that are no JSON stay as they are. */
export function readLogLine(line: string): LogLine {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return { level: "info", text: line };
  }
  if (typeof fields["msg"] !== "string" || typeof fields["level"] !== "string") return { level: "info", text: line };
  const rest = Object.entries(fields)
    .filter(([name]) => !HIDDEN.has(name))
    .map(([name, value]) => ` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  const time = String(fields["time"]).slice(11, 23);
  return {
    level: fields["level"],
    text: `${time} ${fields["level"].padEnd(5)} ${fields["msg"]}${rest.join("")}${failureText(fields["err"])}`,
  };
}

/**
 * What failed, and why: a fault without its causes tells nobody what to do. With a stack (of what nobody expected) all of them, else
 * the first one of all. See packages/log/src/error-fields.ts.
 */
function failureText(err: unknown): string {
  if (typeof err !== "object" || err === null) return "";
  const { message, causes = [], stack } = err as { message?: string; causes?: readonly string[]; stack?: string };
  if (stack) return [`\n${stack}`, ...causes.map((cause) => `    because of ${cause}`)].join("\n");
  return `: ${message}${causes.length > 0 ? ` (${causes.at(-1)})` : ""}`;
}

/** For a terminal: with colour where it has any. */
export function coloured({ level, text }: LogLine): string {
  const colour = process.stdout.isTTY ? (COLOURS[level] ?? "") : "";
  return colour ? `${colour}${text}${RESET}` : text;
}
