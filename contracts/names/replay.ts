import { Decision, Verdict } from "../gen/services/replay/v2_pb.ts";
import { type NameIn, namesIn, type NamesIn } from "./names.ts";

export type VerdictName = NameIn<typeof Verdict>;
export type DecisionName = NameIn<typeof Decision>;

export const verdicts: NamesIn<typeof Verdict> = namesIn(Verdict);
export const decisions: NamesIn<typeof Decision> = namesIn(Decision);
