export { type AccessClaims, ACCESS_TOKEN, type JwksSource, TokenVerifier } from "./access-token.ts";
export { SeatTicketSigner, type SeatTicketVerdict, SeatTicketVerifier } from "./seat-ticket.ts";
