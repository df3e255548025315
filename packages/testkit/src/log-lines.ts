import { Writable } from "node:stream";
import { createLogger, type Logger } from "@muster/log";

/** The log of one process, in memory. */
export class LogLines {
  readonly lines: Record<string, unknown>[] = [];

  logger(service: string, level = "debug"): Logger {
    const sink = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        for (const line of chunk.toString().split("\n"))
          if (line !== "") this.lines.push(JSON.parse(line) as Record<string, unknown>);
        done();
      },
    });
    return createLogger(service, level, sink);
  }

  find(matches: (line: Record<string, unknown>) => boolean): Record<string, unknown> | undefined {
    return this.lines.find(matches);
  }

  withMessage(msg: string): Record<string, unknown>[] {
    return this.lines.filter((line) => line["msg"] === msg);
  }
}
