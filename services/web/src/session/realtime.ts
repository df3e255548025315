// The realtime part of the SDK, in a file of its own: it is loaded when a tab first connects, not with the start page.
export { Realtime } from "@muster/client";
