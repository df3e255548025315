import { AccountKind, ReportCategory, ReportDecision, Role } from "../gen/services/identity/v2_pb.ts";
import { type NameIn, namesIn, type NamesIn } from "./names.ts";

export type AccountKindName = NameIn<typeof AccountKind>;
/** From the least to the most that it may. */
export type RoleName = NameIn<typeof Role>;

export const accountKinds: NamesIn<typeof AccountKind> = namesIn(AccountKind);
export type ReportCategoryName = NameIn<typeof ReportCategory>;
export type ReportDecisionName = NameIn<typeof ReportDecision>;

export const reportCategories: NamesIn<typeof ReportCategory> = namesIn(ReportCategory);
export const reportDecisions: NamesIn<typeof ReportDecision> = namesIn(ReportDecision);
export const roles: NamesIn<typeof Role> = namesIn(Role);

/** Text in the Protobuf contract too, in the order of a key's life. */
export const SIGNING_KEY_STATES = ["pending", "active", "retiring", "removed"] as const;
export type SigningKeyState = (typeof SIGNING_KEY_STATES)[number];
