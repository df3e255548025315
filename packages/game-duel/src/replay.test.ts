// The kit's replays, tested with a real game.
import {
  BadReplayError,
  type Game,
  InputLog,
  InputRecords,
  inputCodecOf,
  LogPlayer,
  openReplayFile,
  packLog,
  recordsOf,
  Replay,
  type ReplayClaim,
  type ReplayFileHeader,
  replayFileOf,
  Simulation,
  unpackLog,
  verifyReplay,
} from "@muster/game-kit";
import { describe, expect, it } from "vitest";
import { duelBot } from "./bot.ts";
import { duel } from "./duel.ts";

const game = duel as unknown as Game;
const SETUP = { seed: 11, seats: 2, options: { rounds: 1, roundTicks: 900 } };
const LOG_BYTES_MAX = 64 * 1024;

/** Two bots' match, recorded as the shard records it. */
function played(): { log: Uint8Array; claim: ReplayClaim; hashes: string[] } {
  const simulation = new Simulation(duel, SETUP);
  const records = new InputRecords(game, 2);
  const log = new InputLog(LOG_BYTES_MAX);
  const codec = inputCodecOf(duel.input);
  const words = new Int32Array(codec.words);
  const hashes = [simulation.hash()];
  for (let tick = 1; ; tick++) {
    for (let seat = 0; seat < 2; seat++) {
      if ((tick + seat) % 3 !== 0) continue;
      codec.decode(codec.encode(duelBot(simulation.state, seat)), words);
      simulation.setInputWords(seat, words);
      records.input(seat, tick, words);
    }
    log.append(records.finish());
    const result = simulation.step();
    hashes.push(simulation.hash());
    if (result)
      return {
        log: log.bytes.slice(),
        hashes,
        claim: { ticks: simulation.tick, stateHash: simulation.hash(), seats: result.seats },
      };
  }
}

const match = played();

describe("an input log", () => {
  it("gives back the records that it got, from any of them on, and refuses to end within one", () => {
    const log = new InputLog(LOG_BYTES_MAX);
    const records = [
      new Uint8Array(0),
      Uint8Array.of(1, 2),
      new Uint8Array(300).fill(7),
      Uint8Array.of(9),
      new Uint8Array(900).fill(8),
    ];
    for (const record of records) log.append(record);
    expect([...log]).toEqual(records);
    for (let from = 0; from <= records.length; from++) {
      expect([...recordsOf(log.bytesAfter(from))]).toEqual(records.slice(from));
      expect([...recordsOf(log.bytesBefore(from))]).toEqual(records.slice(0, from));
    }
    expect(() => [...recordsOf(log.bytes.subarray(0, log.bytes.length - 1))]).toThrow("ends within a record");
    expect(() => [...recordsOf(Uint8Array.of(0x80))]).toThrow("ends within a length");
  });

  it("is not complete any more, and grows no more, beyond its limit", () => {
    const log = new InputLog(100);
    for (let i = 0; i < 50; i++) log.append(Uint8Array.of(1, 2, 3));
    expect(log.complete).toBe(false);
    expect(log.records).toBe(50);
    expect(log.bytes.length).toBeLessThanOrEqual(100);
  });
});

describe("a log that is gone through from a state on the way", () => {
  const fresh = (): LogPlayer => new LogPlayer(new Simulation(game, SETUP));

  it("leads where the whole of it leads, from any tick: inputs that were held before are still held", () => {
    const whole = fresh();
    const states: Int32Array[] = [whole.simulation.words.slice()];
    for (const record of recordsOf(match.log)) {
      whole.play(record);
      states.push(whole.simulation.words.slice());
    }
    for (const tick of [1, 2, 59, 60, 61, 300, 898]) {
      const short = fresh();
      short.playAll(recordsOf(match.log), { tick, words: states[tick] as Int32Array });
      expect(short.simulation.hash(), `from ${tick}`).toBe(match.claim.stateHash);
      expect(short.seqs).toEqual(whole.seqs);
      expect(short.result).toEqual(whole.result);
    }
  });

  it("is refused from a state beyond its end, and leads elsewhere from a state that is not its own", () => {
    const words = new Simulation(game, { ...SETUP, seed: 12 }).words;
    expect(() => fresh().playAll(recordsOf(match.log), { tick: 5000, words })).toThrow(BadReplayError);
    const other = fresh();
    other.playAll(recordsOf(match.log), { tick: 60, words });
    expect(other.simulation.checksum()).not.toBe(Number.parseInt(match.claim.stateHash, 16) & 0xffff);
  });
});

describe("a replay", () => {
  it("leads through the very states of the match, forwards and to any tick, back too", () => {
    const replay = new Replay(duel, SETUP, match.log);
    expect(replay.ticks).toBe(match.claim.ticks);
    for (let tick = 0; tick <= replay.ticks; tick++) {
      expect(replay.hash).toBe(match.hashes[tick]);
      replay.forward();
    }
    for (const tick of [700, 3, 256, 255, 0, 899, 512, 1]) {
      replay.seek(tick);
      expect([replay.tick, replay.hash]).toEqual([tick, match.hashes[tick]]);
    }
    expect(() => replay.seek(replay.ticks + 1)).toThrow(RangeError);
  });

  it("plays at the speed that is asked for, until told to stop", async () => {
    const replay = new Replay(duel, SETUP, match.log);
    const stop = new AbortController();
    const startedAt = performance.now();
    await replay.play(20, ({ tick }) => tick === 60 && stop.abort(), stop.signal);
    expect(replay.tick).toBe(60);
    expect(performance.now() - startedAt).toBeGreaterThan(90); // 60 ticks at 600 a second, less the last
  });

  it("proves the stored result, and catches another one", () => {
    expect(verifyReplay(game, SETUP, match.log, match.claim)).toEqual([]);
    const { claim } = match;
    const different = (other: Partial<ReplayClaim>): string[] =>
      verifyReplay(game, SETUP, match.log, { ...claim, ...other }).map(({ what }) => what);
    expect(different({ stateHash: "00000000" })).toEqual(["state_hash"]);
    expect(different({ ticks: claim.ticks - 1 })).toEqual(["ticks"]);
    expect(different({ seats: claim.seats?.map((seat) => ({ ...seat, rank: 3 - seat.rank })) })).toEqual(["ranks"]);
    expect(different({ seats: claim.seats?.map((seat) => ({ ...seat, score: seat.score + 1 })) })).toEqual(["scores"]);
    expect(verifyReplay(game, { ...SETUP, seed: 12 }, match.log, claim)).not.toEqual([]);
    expect(verifyReplay(game, SETUP, match.log.subarray(0, match.log.length - 3), claim)).not.toEqual([]);
  });

  it("is a few kilobytes, and refuses a log of which one bit has changed, whichever", async () => {
    const packed = await packLog(match.log);
    expect(packed.length).toBeLessThan(4096);
    expect(await unpackLog(packed)).toEqual(match.log);
    for (let bit = 0; bit < packed.length * 8; bit += 13) {
      const changed = packed.slice();
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      await expect(unpackLog(changed)).rejects.toThrow(BadReplayError);
    }
  });
});

describe("a replay file", () => {
  const header: ReplayFileHeader = {
    matchId: "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e",
    mode: "duel",
    gameId: duel.id,
    buildId: duel.buildId,
    seed: SETUP.seed,
    options: SETUP.options,
    seats: (match.claim.seats ?? []).map((seat, i) => ({ playerId: `p${i}`, ...seat })),
    reason: "played",
    ticks: match.claim.ticks,
    stateHash: match.claim.stateHash,
    createdAt: "2026-11-27T12:00:00.000Z",
    endedAt: "2026-11-27T12:03:20.000Z",
  };

  it("has all that is needed to play the match and to verify its result", async () => {
    const bytes = replayFileOf(header, await packLog(match.log));
    expect(replayFileOf(header, await packLog(match.log))).toEqual(bytes);
    const file = await openReplayFile(bytes);
    expect(file.header).toEqual(header);
    expect(verifyReplay(game, file.setup, file.log, file.claim)).toEqual([]);
  });

  it("is refused with another first line, cut off, with another header, with a changed log, or with more log than is wanted", async () => {
    const bytes = replayFileOf(header, await packLog(match.log));
    const refused = (changed: Uint8Array, logBytesMax?: number) =>
      expect(openReplayFile(changed, logBytesMax)).rejects.toThrow(BadReplayError);
    await refused(new Uint8Array(0));
    await refused(new TextEncoder().encode("MUSTER-REPLAY 2\n{}"));
    for (const length of [16, 19, 20, 100, bytes.length - 1]) await refused(bytes.subarray(0, length));
    const changed = bytes.slice();
    changed[bytes.length - 9] = (changed[bytes.length - 9] as number) ^ 4;
    await refused(changed);
    const noJson = bytes.slice();
    noJson[20] = 0;
    await refused(noJson);
    const without = { ...header, seats: undefined } as unknown as ReplayFileHeader;
    await refused(replayFileOf(without, await packLog(match.log)));
    await refused(bytes, match.log.length - 1);
    expect((await openReplayFile(bytes, match.log.length)).log).toHaveLength(match.log.length);
    // A few kilobytes that would be a tab's whole memory: refused also by who names no limit.
    const bomb = replayFileOf(header, await packLog(new Uint8Array(4 * 1024 * 1024)));
    expect(bomb.length).toBeLessThan(16 * 1024);
    await refused(bomb);
  });
});
