import { CancelReason, EndReason, MatchState } from "../gen/services/match/v2_pb.ts";
import { type NameIn, namesIn, type NamesIn } from "./names.ts";

export type MatchStateName = NameIn<typeof MatchState>;
export type EndReasonName = NameIn<typeof EndReason>;
export type CancelReasonName = NameIn<typeof CancelReason>;

export const matchStates: NamesIn<typeof MatchState> = namesIn(MatchState);
export const endReasons: NamesIn<typeof EndReason> = namesIn(EndReason);
export const cancelReasons: NamesIn<typeof CancelReason> = namesIn(CancelReason);
