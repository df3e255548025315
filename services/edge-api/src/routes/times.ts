import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { must } from "@muster/errors";

/** RFC 3339, UTC, milliseconds. */
export function isoTime(time: Timestamp | undefined): string {
  return timestampDate(must(time, "a service sends its times")).toISOString();
}
