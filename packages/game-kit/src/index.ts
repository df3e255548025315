// The game kit. It runs in Node and in browsers: no file here imports Node's modules.
export { memoryMapOf } from "./engine/compiled.ts";
export { angleOf, ANGLES, cos, isqrt, sin, UNIT } from "./engine/fixed.ts";
export { Random } from "./engine/random.ts";
export { Simulation, type SimulationSetup } from "./engine/simulation.ts";
export {
  type Bot,
  type Game,
  type GameContext,
  type GameOptions,
  type GameResult,
  type InputMode,
  type SeatOutcome,
  type Turns,
  optionsFor,
} from "./game.ts";
export { BadReplayError } from "./log/bad-replay-error.ts";
export { InputLog } from "./log/input-log.ts";
export { InputRecords, type RecordReader } from "./log/input-records.ts";
export { packLog, unpackLog } from "./log/packed-log.ts";
export { RecordLog, recordsOf } from "./log/record-log.ts";
export { LogPlayer } from "./replay/log-player.ts";
export { Replay, type ReplaySetup } from "./replay/replay.ts";
export {
  openReplayFile,
  type ReplayFile,
  type ReplayFileHeader,
  replayFileOf,
  type ReplayFileSeat,
} from "./replay/replay-file.ts";
export { type ReplayClaim, type ReplayDifference, verifyReplay } from "./replay/verify-replay.ts";
export { descriptionOf, type FieldDescription, type GameDescription } from "./schema/description.ts";
export { type Layout, layoutOf } from "./schema/layout.ts";
export { plainOf } from "./schema/struct-view.ts";
export {
  type Expectation,
  type Field,
  type Fields,
  flag,
  type FlagField,
  int,
  type IntField,
  list,
  type ListField,
  type StateOf,
  uint,
} from "./schema/schema.ts";
export { BitReader, BitWriter, MalformedBitsError } from "./wire/bits.ts";
export { type Codec, codecOf } from "./wire/codec.ts";
export { type InputCodec, inputCodecOf } from "./wire/input-codec.ts";
export {
  DELTA_FRAME,
  FrameWriter,
  KEYFRAME_FRAME,
  type Snapshot,
  SnapshotDecoder,
  type SnapshotView,
  SnapshotEncoder,
} from "./wire/snapshot.ts";
