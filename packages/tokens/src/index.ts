export {
  type AccessClaims,
  ACCESS_TOKEN,
  hasEnded,
  type Revocation,
  TokenVerifier,
  type Trust,
  type TrustSource,
} from "./access-token.ts";
export { trustFrom } from "./identity-trust.ts";
export { SeatTicketSealer, type SeatTicketVerdict, SeatTicketOpener } from "./seat-ticket.ts";
