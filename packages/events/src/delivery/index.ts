export { DELIVERY_ERRORS } from "./errors.ts";
export { type DeliveryParts, deliveryRpc } from "./rpc.ts";
