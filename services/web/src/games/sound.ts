// Short tones, made by the browser: nothing to load. Off until the player has pressed something, as browsers require.
import { effect, signal } from "@preact/signals";
import { readStored, writeStored } from "../session/stored.ts";

export const soundOn = signal(readStored("sound") !== "off");
effect(() => writeStored("sound", soundOn.value ? "on" : "off"));

export type Tone = "fire" | "hit" | "hurt" | "round" | "won" | "lost" | "drop";

/** Hz at the start and at the end, seconds, wave, loudness 0 to 1. */
const TONES: Readonly<Record<Tone, readonly [number, number, number, OscillatorType, number]>> = {
  fire: [880, 440, 0.07, "square", 0.04],
  hit: [520, 900, 0.12, "triangle", 0.14],
  hurt: [200, 70, 0.22, "sawtooth", 0.12],
  round: [440, 660, 0.25, "sine", 0.12],
  won: [523, 1046, 0.6, "triangle", 0.14],
  lost: [330, 130, 0.6, "triangle", 0.14],
  drop: [300, 180, 0.12, "sine", 0.2],
};

let context: AudioContext | undefined;

export function sound(tone: Tone): void {
  if (!soundOn.value || !navigator.userActivation?.hasBeenActive) return;
  context ??= new AudioContext();
  const [from, to, seconds, wave, loudness] = TONES[tone];
  const at = context.currentTime;
  const [source, volume] = [context.createOscillator(), context.createGain()];
  source.type = wave;
  source.frequency.setValueAtTime(from, at);
  source.frequency.exponentialRampToValueAtTime(to, at + seconds);
  volume.gain.setValueAtTime(loudness, at);
  volume.gain.exponentialRampToValueAtTime(0.001, at + seconds);
  source.connect(volume).connect(context.destination);
  source.start(at);
  source.stop(at + seconds);
}
