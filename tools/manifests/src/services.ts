// Every process of ours, with what its environment may say.
import { adminPort, SERVICES as TABLE } from "@muster/local";

interface Service {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly readConfig: (env: Readonly<Record<string, string | undefined>>) => unknown;
  readonly adminPort: number;
}

export const SERVICES: Readonly<Record<string, Service>> = Object.fromEntries(
  await Promise.all(
    TABLE.map(async (row) => {
      const { fields, readConfig } = (await import(`../../../services/${row.name}/src/config.ts`)) as Service;
      return [row.name, { fields, readConfig, adminPort: adminPort(row) }] as const;
    }),
  ),
);
