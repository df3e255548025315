// For whoever writes a game: matches without a server. Beside the kit's index, because no running system needs it.
export {
  type FieldCost,
  type FoundProblem,
  inspectMatch,
  type InspectionReport,
  type InspectionSetup,
  ProblemList,
} from "./inspect-match.ts";
export {
  type FieldChange,
  type InspectedMatch,
  type InspectedTick,
  Inspection,
  type Moment,
  type Problem,
} from "./inspection.ts";
export type { PlayersKind } from "./players.ts";
export {
  type MatchBytes,
  soak,
  type SeatShare,
  type SoakFault,
  type SoakReport,
  type SoakSetup,
  type Spread,
} from "./soak.ts";
export { sourceLineOf } from "./source-line.ts";
export { type SentInput, TrialMatch, type TrialSetup } from "./trial-match.ts";
