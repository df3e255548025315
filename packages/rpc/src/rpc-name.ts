import type { DescMethod, DescService } from "@bufbuild/protobuf";

/** As logs, metrics and spans call it: `muster.match.v2.MatchService/GetMatch`. */
export function rpcName({ service, method }: { readonly service: DescService; readonly method: DescMethod }): string {
  return `${service.typeName}/${method.name}`;
}
