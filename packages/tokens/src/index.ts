export {
  type AccessClaims,
  ACCESS_TOKEN,
  hasEnded,
  type Revocation,
  TokenVerifier,
  type RevocationFeedAnswer,
  type RevocationFeed,
} from "./access-token.ts";
export { revocationFeedFrom } from "./revocation-feed.ts";
export { SeatTicketSealer, type SeatTicketVerdict, SeatTicketOpener } from "./seat-ticket.ts";
