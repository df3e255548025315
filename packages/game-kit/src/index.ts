// Runs in Node and in browsers: nothing here imports Node.
export { BitReader, BitWriter, MalformedBitsError } from "./bits.ts";
export { type Codec, codecOf } from "./codec.ts";
export { descriptionOf, type FieldDescription, type GameDescription } from "./description.ts";
export { angleOf, ANGLES, cos, isqrt, sin, UNIT } from "./fixed.ts";
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
export { type InputCodec, inputCodecOf } from "./input.ts";
export { InputLog, InputRecords, type RecordReader } from "./input-record.ts";
export { type Layout, layoutOf } from "./layout.ts";
export { PREFETCH_DEPTHS, touched } from "./prefetch.ts";
export { Random } from "./random.ts";
export { RecordLog, recordsOf } from "./record-log.ts";
export {
  BadReplayError,
  LogPlayer,
  packLog,
  Replay,
  type ReplayClaim,
  type ReplaySetup,
  unpackLog,
  verifyReplay,
} from "./replay.ts";
export { type Expectation, type Fields, flag, int, list, type StateOf, uint } from "./schema.ts";
export { memoryWords, Simulation, type SimulationSetup } from "./simulation.ts";
export {
  DELTA_FRAME,
  FrameWriter,
  KEYFRAME_FRAME,
  type Snapshot,
  SnapshotDecoder,
  type SnapshotView,
  SnapshotEncoder,
} from "./snapshot.ts";
