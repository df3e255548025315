/** Parses `grpc-timeout` (gRPC over HTTP/2: up to 8 digits and a unit) into milliseconds. */
export function parseGrpcTimeout(value: string | null): number | undefined {
  const match = value ? /^(\d{1,8})([HMSmun])$/.exec(value) : null;
  if (!match) return undefined;
  const perUnitMs = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 }[
    match[2] as "H" | "M" | "S" | "m" | "u" | "n"
  ];
  return Number(match[1]) * perUnitMs;
}
