import { errorsOf } from "@muster/errors";

/** Refusals of DeliveryService, whichever service answers. */
export const DELIVERY_ERRORS = {
  kafka_off: { grpc: "failed_precondition", retryable: false, message: "This installation has no Kafka." },
  kafka_away: { grpc: "unavailable", retryable: true, message: "Kafka does not answer." },
  letters_being_read: { grpc: "unavailable", retryable: true, message: "The dead letters are being read." },
  letter_not_found: { grpc: "not_found", retryable: false, message: "There is no such dead letter." },
  letters_handled: {
    grpc: "failed_precondition",
    retryable: false,
    message: "These dead letters are handled already.",
  },
} as const;

export const fail: ReturnType<typeof errorsOf<typeof DELIVERY_ERRORS>> = errorsOf(DELIVERY_ERRORS);
