export { type AccessClaims, ACCESS_TOKEN, type JwksSource, TokenVerifier } from "./access-token.ts";
export { SeatTicketSealer, type SeatTicketVerdict, SeatTicketOpener } from "./seat-ticket.ts";
