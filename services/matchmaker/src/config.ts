import { ConfigError, type Environment, int, json, keys, url } from "@muster/config";
import { type ConfigFrom, loadFields, port, serviceConfig } from "@muster/service";
import { DEFAULT_MODES, GAMES, type Mode } from "@muster/modes";
import { descriptionOf, type Game, optionsFor } from "@muster/game-kit";
import { Type } from "@sinclair/typebox";

const modeSchema = Type.Record(
  Type.String({ pattern: "^[a-z0-9-]{1,32}$" }),
  Type.Object(
    {
      game: Type.String(),
      seats: Type.Integer({ minimum: 1, maximum: 64 }),
      options: Type.Record(Type.String(), Type.Integer()),
      bots: Type.Optional(
        Type.Object(
          { bot: Type.String(), afterS: Type.Integer({ minimum: 0, maximum: 3600 }) },
          { additionalProperties: false },
        ),
      ),
      practice: Type.Optional(Type.Boolean()),
      teams: Type.Optional(Type.Array(Type.Integer({ minimum: 0, maximum: 63 }))),
    },
    { additionalProperties: false },
  ),
  { minProperties: 1, additionalProperties: false },
);

const own = {
  ...loadFields("MATCHMAKER"),
  MATCHMAKER_MATCH_URL: url({ protocols: ["http:"], description: "gRPC address of match-service" }),
  MATCHMAKER_SEAT_TICKET_KEY: keys({
    length: 32,
    description:
      "key that seals seat tickets, shared with gateways and shards, 64 hexadecimal digits; of several keys, separated by commas, the first is used",
  }),
  MATCHMAKER_SEAT_TICKET_TTL_S: int({
    default: 7200,
    min: 60,
    max: 86_400,
    description: "lifetime of a seat ticket, seconds; must be longer than any match",
  }),
  MATCHMAKER_MODES: json<Readonly<Record<string, Mode>>>(modeSchema, {
    default: DEFAULT_MODES,
    description:
      "queues by name, each with game, seats, options, bots (for seats that stay free), teams (the team of each seat) and practice (true by default if there are bots)",
  }),
  MATCHMAKER_PRACTICE_PERCENT_MAX: int({
    default: 70,
    max: 100,
    description:
      "practice matches are placed on a shard only while less than this share of its capacity is in use; the rest is reserved for other modes",
  }),
  MATCHMAKER_QUEUE_MAX: int({
    default: 20_000,
    min: 2,
    max: 1_000_000,
    description: "maximum number of tickets per queue; further tickets are refused with queue_full",
  }),
  MATCHMAKER_WINDOW_POINTS: int({
    default: 100,
    max: 10_000,
    description:
      "difference that a new ticket accepts, in points of winning chance: 100 are 64 to 36, 400 are ten to one",
  }),
  MATCHMAKER_WINDOW_POINTS_PER_S: int({
    default: 50,
    min: 1,
    max: 10_000,
    description: "how much this difference grows per second of waiting",
  }),
  MATCHMAKER_REGION_POINTS: int({
    default: 250,
    max: 10_000,
    description: "distance between two regions, in rating points",
  }),
  MATCHMAKER_ALLOCATE_TIMEOUT_MS: int({
    default: 2000,
    min: 10,
    max: 60_000,
    description: "how long a shard may take to accept a match",
  }),
  MATCHMAKER_JOIN_WITHIN_MS: int({
    default: 10_000,
    min: 100,
    max: 120_000,
    description:
      "time to join that is announced to players, after which clients treat the match as cancelled; must be the same as SHARD_JOIN_WITHIN_MS",
  }),
};

const standard = serviceConfig(
  "MATCHMAKER",
  {
    listens: { MATCHMAKER_GRPC_PORT: port(7220, "gRPC (h2c)") },
    adminPort: 7221,
    stopWithinMs: { default: 5000 },
  },
  own,
);
export const { fields } = standard;
export type Config = ConfigFrom<typeof standard>;

/** `games`: those that modes may name. */
export function readConfig(env: Environment, games: ReadonlyMap<string, Game> = GAMES): Config {
  const config = standard.read(env);
  const problems = Object.entries(config.modes).flatMap(([name, mode]) => modeProblem(name, mode, games));
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

export const configuration = { ...standard, read: readConfig };

function modeProblem(name: string, mode: Mode, games: ReadonlyMap<string, Game>): string[] {
  const game = games.get(mode.game);
  if (!game) return [`MATCHMAKER_MODES: ${name} names the unknown game ${mode.game}`];
  if (mode.seats < game.seatsMin || mode.seats > game.seatsMax)
    return [
      `MATCHMAKER_MODES: ${name} has ${mode.seats} seats, ${mode.game} takes ${game.seatsMin} to ${game.seatsMax}`,
    ];
  if (mode.teams && (mode.teams.length !== mode.seats || new Set(mode.teams).size < 2))
    return [
      `MATCHMAKER_MODES: ${name} has ${mode.seats} seats, so teams names ${mode.seats} numbers, of at least two teams`,
    ];
  if (mode.bots && !Object.hasOwn(game.bots ?? {}, mode.bots.bot))
    return [`MATCHMAKER_MODES: ${name} wants the bot ${mode.bots.bot}, which ${mode.game} does not have`];
  try {
    descriptionOf(game); // what a shard could not run, or not even announce
    optionsFor(game, mode.options);
    return [];
  } catch (err) {
    return [`MATCHMAKER_MODES: ${name}: ${(err as Error).message}`];
  }
}
