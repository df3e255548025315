import { SERVICES, serviceOf } from "@muster/local";
import { expect, it } from "vitest";
import { auditLogsOf } from "./load.ts";

it("a backup's audit logs are those of every service that seals one", () => {
  const rating = { ...serviceOf("chat-service"), name: "rating-service", prefix: "RATING" };
  expect(auditLogsOf([...SERVICES, rating])).toEqual([
    { service: "identity-service", database: "IDENTITY_DB_URL", key: "IDENTITY_AUDIT_KEY" },
    { service: "chat-service", database: "CHAT_DB_URL", key: "CHAT_AUDIT_KEY" },
    { service: "rating-service", database: "RATING_DB_URL", key: "RATING_AUDIT_KEY" },
  ]);
});
