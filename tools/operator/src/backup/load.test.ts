import { SERVICES, serviceOf } from "@muster/local";
import { expect, it } from "vitest";
import { auditLogsOf } from "./load.ts";

it("a backup's audit logs are those of every service that seals one", () => {
  const ranking = { ...serviceOf("chat-service"), name: "ranking-service", prefix: "RANKING" };
  expect(auditLogsOf([...SERVICES, ranking])).toEqual([
    { service: "identity-service", database: "IDENTITY_DB_URL", key: "IDENTITY_AUDIT_KEY" },
    { service: "chat-service", database: "CHAT_DB_URL", key: "CHAT_AUDIT_KEY" },
    { service: "ranking-service", database: "RANKING_DB_URL", key: "RANKING_AUDIT_KEY" },
  ]);
});
