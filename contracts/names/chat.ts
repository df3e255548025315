import { ChannelKind } from "../gen/services/chat/v2_pb.ts";
import { type NameIn, namesIn, type NamesIn } from "./names.ts";

export type ChannelKindName = NameIn<typeof ChannelKind>;

export const channelKinds: NamesIn<typeof ChannelKind> = namesIn(ChannelKind);
