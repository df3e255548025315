import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { must } from "@muster/errors";

/** RFC 3339, UTC, milliseconds. */
export function isoTime(time: Timestamp | undefined): string {
  const { seconds, nanos } = must(time, "a service sends its times");
  return new Date(Number(seconds) * 1000 + Math.floor(nanos / 1e6)).toISOString();
}
