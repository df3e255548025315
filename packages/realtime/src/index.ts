// Runs in Node and in browsers: nothing here imports Node's modules.
export { decodeClientControl, decodeServerControl, encodeClientControl, encodeServerControl } from "./control.ts";
export { clientDuty, DISCONNECTS, type DisconnectName } from "./disconnects.ts";
export { CHAT_REFUSALS, REALTIME_ERRORS, type RealtimeErrorCode } from "./errors.ts";
export { QUEUE_PAUSES, type QueuePause } from "./queue-pauses.ts";
export {
  CONTROL_FRAME,
  encodeInput,
  FRAME_BYTES_MAX,
  INPUT_FRAME,
  INPUT_HEADER_BYTES,
  type InputHeader,
  PROTOCOL_VERSION,
  readInputHeader,
  SUBPROTOCOL,
  TOKEN_SUBPROTOCOL_PREFIX,
} from "./frames.ts";
export {
  INPUT_REFUSALS,
  type InputRefusalCode,
  LINK_FRAME_BYTES_MAX,
  LINK_HELLO_BYTES_MAX,
  LINK_TICK_HEADER_BYTES,
  LINK_VERSION,
  LINK_VIEW_HEADER_BYTES,
  LinkFrameType,
  LinkReader,
  LinkWriter,
  MATCH_LOG_BYTES_MAX,
  MalformedLinkError,
  PUBLIC_VIEW,
  u32,
} from "./link.ts";
