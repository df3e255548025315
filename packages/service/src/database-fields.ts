import { type ConfigOf, type Environment, type Fields, parseConfig, url } from "@muster/config";
import { dbConfig } from "@muster/db";
import { logConfig } from "@muster/log";
import {
  type Configuration,
  type LoadConfig,
  loadFields,
  port,
  type ServiceConfig,
  standardFields,
  type StandardFields,
} from "./fields.ts";

/** For what works on a service's database without being the service: its migrations, an operator's commands. */
export interface DatabaseConfig {
  readonly logLevel: string;
  readonly dbUrl: string;
  readonly dbAcquireTimeoutMs: number;
}

export interface DatabaseServiceConfig extends ServiceConfig, LoadConfig, DatabaseConfig, ConfigOf<typeof dbConfig> {
  readonly logLevel: string;
  readonly grpcPort: number;
}

export interface DatabaseConfiguration<C, F extends Fields = Fields> extends Configuration<C, F> {
  /** @throws ConfigError */
  readonly readDatabase: (env: Environment) => DatabaseConfig;
}

/** The standard variables of a service with a database and an RPC server, and its own: as `serviceConfig`. */
export function databaseConfig<const P extends string, O extends Fields>(
  prefix: P,
  ports: { readonly grpcPort: number } & Omit<StandardFields<Fields>, "listens">,
  own: O,
): DatabaseConfiguration<DatabaseServiceConfig & ConfigOf<O, P>, O> {
  const { grpcPort, ...standard } = ports;
  const name = `${prefix}_DB_URL`;
  const dbUrl = url({
    protocols: ["mysql:"],
    description: `mysql://user:password@host:port/${prefix.toLowerCase()}_…`,
  });
  const listens = { [`${prefix}_GRPC_PORT`]: port(grpcPort, "gRPC (h2c)") };
  const fields = standardFields(
    prefix,
    { ...standard, listens },
    { [name]: dbUrl, ...own, ...loadFields(prefix) },
    dbConfig,
  );
  return {
    prefix,
    fields: fields as unknown as O,
    read: (env) => parseConfig(fields, env, prefix) as unknown as DatabaseServiceConfig & ConfigOf<O, P>,
    readDatabase: (env) =>
      parseConfig({ ...logConfig, ...dbConfig, [name]: dbUrl }, env, prefix) as unknown as DatabaseConfig,
  };
}
