// The simulated generator: technique within limits, beam by timer or switch, pulses in runs, heat,
// fluoroscopy time, and for every exposure a report with its dose.

import type { Clock, Timer } from "../../../core/clock.ts";
import { Listeners, type Unsubscribe } from "../../../core/listeners.ts";
import type { ExposureReport, Geometry, Termination } from "../../../model/exposure.ts";
import type { TechniqueSetting } from "../../../model/protocol.ts";
import {
  gy,
  gyM2,
  kiloVolts,
  milliAmpereSeconds,
  milliAmperes,
  millimetres,
  milliseconds,
} from "../../../model/units.ts";
import {
  type ExposureRequest,
  type ExposureSwitch,
  type Generator,
  GeneratorError,
  type GeneratorEvent,
  type GeneratorState,
} from "../generator.ts";
import { doseOf } from "./dose.ts";
import { heatUnits, TubeHeat } from "./heat.ts";
import { type SimulatedDapMeter, simulatedDapMeter } from "./simulated-dap-meter.ts";
import { DEFAULT_GEOMETRY } from "./simulated-positioner.ts";
import {
  type AcceptedTechnique,
  acceptTechnique,
  adjustedTechnique,
  checkPulses,
} from "./technique.ts";
import { FLUORO_ALARM_S, FOCI } from "./tube-limits.ts";

/** A run ends by itself after this time. */
const RUN_MS_MAX = 15 * 60 * 1000;
const FILTER = { material: "ALUMINUM", mm: 3 } as const;
/** Pulses per second where neither request nor technique name them. */
const DEFAULT_FPS = { serial: 15, fluoroscopy: 30 } as const;

export interface SimulatedGeneratorOptions {
  readonly clock: Clock;
  /** Where tube and collimator stand, asked at each exposure. */
  readonly geometry?: (() => Geometry) | undefined;
  /** The door's contact; an open door is an interlock. */
  readonly handSwitch?: Pick<ExposureSwitch, "onChange"> | undefined;
  /** Time the anode takes to come up to speed, ms. */
  readonly prepMs?: number | undefined;
}

export interface SimulatedGenerator extends Generator {
  readonly dapMeter: SimulatedDapMeter;
  readonly faults: {
    /** The generator fails for this reason; a beam ends. */
    fail(reason: string): void;
    clear(): void;
  };
}

export function simulatedGenerator(options: SimulatedGeneratorOptions): SimulatedGenerator {
  return new SoftwareGenerator(options);
}

interface Beam {
  readonly request: ExposureRequest;
  readonly technique: AcceptedTechnique;
  readonly geometry: Geometry;
  readonly startMs: number;
  readonly startMonotonicMs: number;
  /** Pulses a second; 0 for a single exposure. */
  readonly fps: number;
  /** What the pulses had, from which one on, in order; the first from pulse 0. */
  readonly parts: { readonly fromPulse: number; readonly technique: AcceptedTechnique }[];
}

class SoftwareGenerator implements SimulatedGenerator {
  readonly dapMeter = simulatedDapMeter();
  readonly faults: SimulatedGenerator["faults"];
  readonly #clock: Clock;
  readonly #geometry: () => Geometry;
  readonly #prepMs: number;
  readonly #handSwitch: SimulatedGeneratorOptions["handSwitch"];
  readonly #listeners = new Listeners<GeneratorEvent>();
  readonly #heat: TubeHeat;
  #state: GeneratorState = "off";
  #doorClosed = true;
  #unsubscribe: Unsubscribe | null = null;
  #allowed = false;
  #technique: AcceptedTechnique | null = null;
  #beam: Beam | null = null;
  #timer: Timer | null = null;
  /** Tells a waiting expose() that preparation was cut short. */
  #cutPrep: ((error: GeneratorError) => void) | null = null;
  #fluoroSeconds = 0;

  constructor(options: SimulatedGeneratorOptions) {
    this.#clock = options.clock;
    this.#geometry = options.geometry ?? (() => DEFAULT_GEOMETRY);
    this.#prepMs = options.prepMs ?? 0;
    this.#handSwitch = options.handSwitch;
    this.#heat = new TubeHeat(options.clock.monotonicMs());
    this.faults = {
      fail: (reason) => this.#leave("fault", reason),
      clear: () => {
        if (this.#state === "fault") this.#rest();
      },
    };
  }

  async open(): Promise<void> {
    if (this.#state !== "off") throw new GeneratorError("the generator is on already");
    this.#unsubscribe =
      this.#handSwitch?.onChange(({ doorClosed }) => this.#door(doorClosed)) ?? null;
    this.#rest();
  }

  async close(): Promise<void> {
    if (this.#state === "off") return;
    this.#leave("off");
    this.#unsubscribe?.();
    this.#technique = null;
  }

  state(): GeneratorState {
    return this.#state;
  }

  onEvent(listener: (event: GeneratorEvent) => void): Unsubscribe {
    return this.#listeners.add(listener);
  }

  async setTechnique(technique: TechniqueSetting): Promise<TechniqueSetting> {
    if (this.#state === "off") throw new GeneratorError("the generator is off; switch it on first");
    if (this.#beam !== null || this.#cutPrep !== null)
      throw new GeneratorError("the beam is on; release the switch before changing the technique");
    this.#technique = acceptTechnique(technique);
    if (this.#state === "standby") this.#enter("ready");
    return this.#technique;
  }

  allowExposure(allowed: boolean): void {
    this.#allowed = allowed;
    if (!allowed) this.#end("fault");
    if (!allowed) this.#cut("exposure was not allowed any more");
  }

  async expose(request: ExposureRequest): Promise<void> {
    const technique = this.#checkReady();
    const fps = fpsOf(request, technique);
    if (fps > 0) checkPulses(fps, technique.ms);
    const units = heatUnits(technique.kv, (technique.ma * technique.ms) / 1000);
    const waitS = this.#heat.waitSeconds(units, this.#clock.monotonicMs());
    if (waitS > 0)
      throw new GeneratorError(
        Number.isFinite(waitS)
          ? `the anode is too hot; wait ${Math.ceil(waitS)} s`
          : "the anode does not take this load; lower mA or time",
      );
    this.#enter("prep");
    if (this.#prepMs > 0) await this.#prepare();
    this.#enter("prepDone");
    const beam: Beam = {
      request,
      technique,
      geometry: this.#geometry(),
      startMs: this.#clock.nowMs(),
      startMonotonicMs: this.#clock.monotonicMs(),
      fps,
      parts: [{ fromPulse: 0, technique }],
    };
    this.#beam = beam;
    this.#enter("exposing");
    if (fps === 0) this.#timer = this.#clock.after(technique.ms, () => this.#end("timer"));
    else this.#limitRun(beam);
  }

  adjust(wanted: { readonly kv: number; readonly ma: number }) {
    const beam = this.#beam;
    if (beam === null || beam.fps === 0) return null;
    const now = beam.parts.at(-1)?.technique ?? beam.technique;
    const technique = adjustedTechnique(now, wanted);
    if (technique.kv !== now.kv || technique.ma !== now.ma) {
      beam.parts.push({ fromPulse: this.#pulsesBegun(beam), technique });
      this.#limitRun(beam);
    }
    return { kv: technique.kv, ma: technique.ma };
  }

  async release(): Promise<void> {
    this.#cut("the switch was released before the beam came on");
    this.#end("release");
  }

  heat(): { readonly anodePercent: number; readonly housingPercent: number } {
    return this.#heat.percent(this.#clock.monotonicMs());
  }

  fluoroTimer(): { readonly seconds: number; readonly alarm: boolean } {
    const beam = this.#beam;
    const running =
      beam?.request.kind === "fluoroscopy"
        ? (this.#clock.monotonicMs() - beam.startMonotonicMs) / 1000
        : 0;
    const seconds = this.#fluoroSeconds + running;
    return { seconds, alarm: seconds >= FLUORO_ALARM_S };
  }

  resetFluoroTimer(): void {
    this.#fluoroSeconds = 0;
  }

  #checkReady(): AcceptedTechnique {
    if (this.#state === "interlock")
      throw new GeneratorError("the door is open; close it before exposing");
    if (this.#technique === null && this.#state === "standby")
      throw new GeneratorError("no technique is set; set kV, mA and ms first");
    if (this.#state !== "ready" || this.#technique === null)
      throw new GeneratorError(`the generator is ${this.#state}, not ready to expose`);
    if (!this.#allowed)
      throw new GeneratorError("exposure is not allowed: the panel is not ready; prepare it first");
    return this.#technique;
  }

  async #prepare(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#cutPrep = reject;
    this.#timer = this.#clock.after(this.#prepMs, resolve);
    try {
      await promise;
    } finally {
      this.#cutPrep = null;
    }
  }

  /** A run ends by itself after the pulses asked for, at the anode's limit, or at its longest. */
  #limitRun(beam: Beam): void {
    const periodMs = 1000 / beam.fps;
    const begun = beam.parts.at(-1)?.fromPulse ?? 0;
    const technique = beam.parts.at(-1)?.technique ?? beam.technique;
    const room = this.#heat.room(beam.startMonotonicMs) - heatOf(pulseParts(beam, begun));
    const byHeat = begun + Math.max(1, Math.floor(room / heatOfPulse(technique)));
    const longest = Math.min(byHeat, Math.floor(RUN_MS_MAX / periodMs));
    const wanted = beam.request.pulses ?? Number.POSITIVE_INFINITY;
    const pulses = Math.min(wanted, longest);
    const lastsMs = (pulses - 1) * periodMs + beam.technique.ms;
    const how: Termination = wanted <= longest ? "timer" : "limit";
    const passedMs = this.#clock.monotonicMs() - beam.startMonotonicMs;
    this.#timer?.cancel();
    this.#timer = this.#clock.after(Math.max(0, lastsMs - passedMs), () => this.#end(how, pulses));
  }

  /** Pulses that have begun: the next is the first that can be another. */
  #pulsesBegun({ startMonotonicMs, fps }: Beam): number {
    return Math.floor(((this.#clock.monotonicMs() - startMonotonicMs) * fps) / 1000) + 1;
  }

  /** Beam off. */
  #end(terminatedBy: Termination, pulsesDone?: number): void {
    const beam = this.#beam;
    if (beam === null) return;
    this.#timer?.cancel();
    this.#timer = null;
    this.#beam = null;
    const report = reportOf(beam, this.#clock.monotonicMs(), terminatedBy, pulsesDone);
    this.#heat.add(
      beam.fps === 0 ? heatUnits(report.kv, report.mas) : heatOf(pulseParts(beam, report.pulses)),
      this.#clock.monotonicMs(),
    );
    if (report.kind === "fluoroscopy") this.#fluoroSeconds += report.durationMs / 1000;
    this.dapMeter.add(report);
    this.#enter("terminated");
    this.#listeners.emit({ type: "report", report });
    // Whoever heard the report may have switched off already.
    if (this.state() === "terminated") this.#rest();
  }

  #cut(reason: string): void {
    if (this.#cutPrep === null) return;
    this.#timer?.cancel();
    this.#timer = null;
    this.#cutPrep(new GeneratorError(reason));
    this.#cutPrep = null;
    this.#rest();
  }

  /** Ends whatever goes on, then takes a state in which nothing is possible. */
  #leave(state: "off" | "fault" | "interlock", reason?: string): void {
    if (this.#state === "off") return;
    this.#cut(reason ?? "the generator was switched off");
    this.#end("fault");
    this.#enter(state, reason);
  }

  #door(closed: boolean): void {
    this.#doorClosed = closed;
    if (!closed && this.#state !== "fault") this.#leave("interlock", "the door is open");
    if (closed && this.#state === "interlock") this.#rest();
  }

  /** The state in which nothing goes on. */
  #rest(): void {
    if (!this.#doorClosed) this.#enter("interlock", "the door is open");
    else this.#enter(this.#technique === null ? "standby" : "ready");
  }

  #enter(state: GeneratorState, reason?: string): void {
    this.#state = state;
    this.#listeners.emit({ type: "state", state, reason });
  }
}

function fpsOf(request: ExposureRequest, technique: TechniqueSetting): number {
  if (request.kind === "radiography") return 0;
  return request.fps ?? technique.fps ?? DEFAULT_FPS[request.kind];
}

interface PulsePart {
  readonly technique: AcceptedTechnique;
  readonly pulses: number;
}

/** How many of the first `pulses` pulses had which technique. */
function pulseParts({ parts }: Beam, pulses: number): readonly PulsePart[] {
  return parts.map(({ fromPulse, technique }, i) => ({
    technique,
    pulses: Math.max(
      0,
      Math.min(pulses, parts[i + 1]?.fromPulse ?? pulses) - Math.min(pulses, fromPulse),
    ),
  }));
}

const heatOfPulse = ({ kv, ma, ms }: AcceptedTechnique) => heatUnits(kv, (ma * ms) / 1000);

const heatOf = (parts: readonly PulsePart[]) =>
  parts.reduce((sum, { technique, pulses }) => sum + heatOfPulse(technique) * pulses, 0);

/** Mean over the pulses, to a hundredth: image headers and dose reports have one value of an event. */
function meanOf(parts: readonly PulsePart[], value: (t: AcceptedTechnique) => number): number {
  const pulses = parts.reduce((sum, part) => sum + part.pulses, 0);
  const sum = parts.reduce((all, part) => all + value(part.technique) * part.pulses, 0);
  return Math.round((sum / pulses) * 100) / 100;
}

function reportOf(
  beam: Beam,
  nowMonotonicMs: number,
  terminatedBy: Termination,
  pulsesDone: number | undefined,
): ExposureReport {
  const { request, technique, fps } = beam;
  const elapsedMs = nowMonotonicMs - beam.startMonotonicMs;
  const single = fps === 0;
  const pulseMs = single
    ? terminatedBy === "timer"
      ? technique.ms
      : Math.min(technique.ms, elapsedMs)
    : technique.ms;
  // Switch and pulses aren't in step: the pulse begun counts if most of its period has passed.
  const pulses = single ? 1 : (pulsesDone ?? Math.max(1, Math.round((elapsedMs * fps) / 1000)));
  const parts = single ? [{ technique, pulses }] : pulseParts(beam, pulses);
  const masOf = (part: PulsePart) => (part.technique.ma * pulseMs * part.pulses) / 1000;
  // Sums of decimals, without the dust of their binary fractions.
  const mas = Number(parts.reduce((sum, part) => sum + masOf(part), 0).toFixed(6));
  const doses = parts.map((part) => doseOf(part.technique.kv, masOf(part), beam.geometry));
  return {
    event: request.event,
    kind: request.kind,
    startMs: beam.startMs,
    durationMs: milliseconds(single ? pulseMs : ((pulses - 1) * 1000) / fps + pulseMs),
    kv: kiloVolts(meanOf(parts, (t) => t.kv)),
    ma: milliAmperes(meanOf(parts, (t) => t.ma)),
    exposureTimeMs: milliseconds(pulseMs * pulses),
    mas: milliAmpereSeconds(mas),
    pulses,
    pulseMs: milliseconds(pulseMs),
    pulseRate: fps,
    focusMm: millimetres(FOCI[technique.focus].sizeMm),
    filterMaterial: FILTER.material,
    filterMm: millimetres(FILTER.mm),
    dap: gyM2(doses.reduce((sum, dose) => sum + dose.dap, 0)),
    doseRp: gy(doses.reduce((sum, dose) => sum + dose.doseRp, 0)),
    terminatedBy,
  };
}
