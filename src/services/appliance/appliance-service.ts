// What service staff and operators do with the appliance: install an update, restart, reset, set the
// clock's servers. One thing at a time, and nothing that cuts off or destroys other work unless forced
// (hindrances.ts).

import type { Clock } from "../../core/clock.ts";
import { Listeners } from "../../core/listeners.ts";
import type { Log } from "../../core/log.ts";
import {
  type Appliance,
  ApplianceError,
  type ApplianceStatus,
  type NetworkSettings,
} from "../../hal/appliance/appliance.ts";
import { type BundledText, packLogBundle } from "../../hal/appliance/log-bundle.ts";
import { networkFault } from "../../hal/appliance/network-settings.ts";
import { STICK_FOLDER, type UpdateSet, UpdateSetError } from "../../hal/appliance/update-set.ts";
import type { UpdateUploads } from "../../hal/appliance/update-uploads.ts";
import type { Drives } from "../../hal/media/media.ts";
import { hindrance, type MachineAction, type Occupation } from "./hindrances.ts";

/** The machine the program runs on, where it is an appliance. */
export interface ApplianceParts {
  readonly appliance: Appliance;
  readonly uploads: UpdateUploads;
  /** Signature, names, product, version and database of an update set. @throws UpdateSetError */
  readonly readSet: (folder: string) => Promise<Pick<UpdateSet, "facts">>;
}

export interface ApplianceServiceParts extends ApplianceParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly drives: Pick<Drives, "open"> | null;
  /** What else goes on in the device. */
  readonly occupation: () => Omit<Occupation, "ending" | "update">;
}

export type UpdateState =
  | { readonly state: "none" }
  | { readonly state: "receiving" }
  | { readonly state: "checking" }
  | {
      readonly state: "installing";
      readonly version: string;
      readonly share: number;
      readonly step: string;
    }
  /** In the free slot; a restart runs it. */
  | { readonly state: "installed"; readonly version: string }
  | { readonly state: "failed"; readonly reason: string };

export interface ApplianceView {
  readonly status: ApplianceStatus;
  readonly update: UpdateState;
}

export type ApplianceRefusalCode =
  | "in-use"
  | "unknown-reference"
  | "invalid-field"
  | "device-fault";

export type ApplianceAnswer<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly refusal: {
        readonly code: ApplianceRefusalCode;
        readonly detail: string;
        /** Of what other work hinders: forced, it would be done all the same. */
        readonly canForce?: boolean;
      };
    };

const done = <T>(value: T): ApplianceAnswer<T> => ({ ok: true, value });
const refused = (code: ApplianceRefusalCode, detail: string): ApplianceAnswer<never> => ({
  ok: false,
  refusal: { code, detail },
});

/** Told of at most so often while an update is written. */
const PROGRESS_GAP_MS = 500;
/** A machine that was told to end and is still there after that may be told again. */
const ENDING_MS_MAX = 120_000;

/** What the machine was told to do, in words for "The device ... already". */
const ENDING_WORDS = {
  restart: "restarts",
  "power-off": "switches off",
  "factory-reset": "is being reset",
} as const satisfies Partial<Record<MachineAction, string>>;

interface Ending {
  readonly what: keyof typeof ENDING_WORDS;
  readonly sinceMs: number;
}

const OCCUPIED_BY: Readonly<Record<UpdateState["state"], Occupation["update"]>> = {
  none: "none",
  receiving: "receiving",
  checking: "checking",
  installing: "writing",
  installed: "none",
  failed: "none",
};

export class ApplianceService {
  /** The state of an update changed. */
  readonly changes = new Listeners<UpdateState>();
  readonly #parts: ApplianceServiceParts;
  #update: UpdateState = { state: "none" };
  #ending: Ending | null = null;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(parts: ApplianceServiceParts) {
    this.#parts = parts;
  }

  /** What an update is at, of what hinders other work. */
  get updating(): Occupation["update"] {
    return OCCUPIED_BY[this.#update.state];
  }

  /** What the machine was told to do already, in words for "The device ..."; null: it stays. */
  get ending(): string | null {
    if (this.#ending === null) return null;
    const { what, sinceMs } = this.#ending;
    return this.#parts.clock.monotonicMs() - sinceMs < ENDING_MS_MAX ? ENDING_WORDS[what] : null;
  }

  /** Removes what an upload left that a stop cut off. */
  async start(): Promise<void> {
    await this.#parts.uploads.clear();
  }

  async view(): Promise<ApplianceAnswer<ApplianceView>> {
    return this.#ask(async (appliance) => ({
      status: await appliance.status(),
      update: this.#update,
    }));
  }

  /** Begins to install the update that lies on a stick. */
  async updateFromStick(device: string, force: boolean): Promise<ApplianceAnswer<UpdateState>> {
    return this.#updateFrom("checking", force, async () => {
      const opened = await this.#parts.drives?.open(device);
      return opened === undefined || opened.kind === "refused"
        ? refused("unknown-reference", opened?.reason ?? `There is no drive ${device}.`)
        : done(`${opened.drive.root}/${STICK_FOLDER}`);
    });
  }

  /** Takes an uploaded update and begins to install it. */
  async updateFromUpload(
    body: AsyncIterable<Uint8Array>,
    announcedBytes: number | null,
    force: boolean,
  ): Promise<ApplianceAnswer<UpdateState>> {
    return this.#updateFrom("receiving", force, async () =>
      done(await this.#parts.uploads.receive(body, announcedBytes)),
    );
  }

  restart(force: boolean): Promise<ApplianceAnswer<null>> {
    return this.#end("restart", force, (appliance) => appliance.restart());
  }

  powerOff(force: boolean): Promise<ApplianceAnswer<null>> {
    return this.#end("power-off", force, (appliance) => appliance.powerOff());
  }

  factoryReset(force: boolean): Promise<ApplianceAnswer<null>> {
    return this.#end("factory-reset", force, (appliance) => appliance.factoryReset());
  }

  setTimeServers(servers: readonly string[]): Promise<ApplianceAnswer<ApplianceView>> {
    return this.#ask(async (appliance) => {
      await appliance.setTimeServers(servers);
      return { status: await appliance.status(), update: this.#update };
    });
  }

  /** Gives a network card other addresses, at once: who is reached through it may have to be called anew. */
  async setNetwork(
    settings: NetworkSettings,
    force: boolean,
  ): Promise<ApplianceAnswer<ApplianceView>> {
    const refusal = this.#hindrance("network", force);
    if (refusal !== null) return refusal;
    const now = await this.view();
    if (!now.ok) return now;
    const fault = networkFault(settings, now.value.status.addresses);
    if (fault !== null) return refused("invalid-field", fault);
    const { interface: card, address } = settings;
    this.#parts.log.warn("network-set", { card, address });
    return this.#ask(async (appliance) => {
      await appliance.setNetwork(settings);
      return { status: await appliance.status(), update: this.#update };
    });
  }

  /** A tar with the system's journal and these texts. */
  logBundle(texts: readonly BundledText[]): Promise<ApplianceAnswer<Uint8Array<ArrayBuffer>>> {
    return this.#ask(async (appliance) =>
      packLogBundle(texts, await appliance.journal(null), this.#parts.clock.nowMs()),
    );
  }

  #hindrance(action: MachineAction, force: boolean): ApplianceAnswer<never> | null {
    const now = {
      ...this.#parts.occupation(),
      ending: this.ending,
      update: this.updating,
    };
    const detail = hindrance(action, force, now);
    if (detail === null) return null;
    const canForce = !force && hindrance(action, true, now) === null;
    return { ok: false, refusal: { code: "in-use", detail, canForce } };
  }

  /**
   * Takes the place of the one update before anything is waited for, then has the set's folder found and
   * judged. Answers once the set was found good; the writing goes on.
   */
  async #updateFrom(
    claim: "checking" | "receiving",
    force: boolean,
    find: () => Promise<ApplianceAnswer<string>>,
  ): Promise<ApplianceAnswer<UpdateState>> {
    const refusal = this.#hindrance("update", force);
    if (refusal !== null) return refusal;
    const before = this.#update;
    this.#become({ state: claim });
    try {
      const folder = await find();
      if (!folder.ok) {
        this.#become(before);
        return folder;
      }
      if (claim !== "checking") this.#become({ state: "checking" });
      const { version } = (await this.#parts.readSet(folder.value)).facts;
      // Somebody may have forced the machine to end meanwhile: no slot is begun then.
      const ending = this.ending;
      if (ending !== null)
        throw new ApplianceError(`The device ${ending}. Install the update after that.`);
      void this.#write(folder.value, version);
      return done(this.#update);
    } catch (error) {
      await this.#clearUploads();
      return this.#failed(error);
    }
  }

  /** Never rejects. */
  async #write(folder: string, version: string): Promise<void> {
    const { appliance, log } = this.#parts;
    this.#become({ state: "installing", version, share: 0, step: "copying" });
    log.info("update-begins", { version });
    try {
      const installed = await appliance.installUpdate(folder, ({ share, step }) =>
        this.#progress(version, share, step),
      );
      // Before the next one may be received.
      await this.#clearUploads();
      log.info("update-installed", { version: installed });
      this.#become({ state: "installed", version: installed });
    } catch (error) {
      await this.#clearUploads();
      this.#failed(error);
    }
  }

  /** Never rejects: what stays is removed before the next upload, or at the next start. */
  async #clearUploads(): Promise<void> {
    const { uploads, log } = this.#parts;
    await uploads.clear().catch((error: unknown) => log.warn("uploads-not-cleared", { error }));
  }

  #progress(version: string, share: number, step: string): void {
    const nowMs = this.#parts.clock.monotonicMs();
    const before = this.#update.state === "installing" ? this.#update.step : null;
    const update: UpdateState = { state: "installing", version, share, step };
    if (step === before && nowMs - this.#toldMs < PROGRESS_GAP_MS) {
      this.#update = update;
      return;
    }
    this.#toldMs = nowMs;
    this.#become(update);
  }

  #failed(error: unknown): ApplianceAnswer<never> {
    const isExpected = error instanceof UpdateSetError || error instanceof ApplianceError;
    const reason = isExpected
      ? error.message
      : "The update failed; the device stays as it is. Try again, and call service if it stays so.";
    this.#parts.log.warn("update-failed", { error });
    this.#become({ state: "failed", reason });
    return refused(error instanceof UpdateSetError ? "invalid-field" : "device-fault", reason);
  }

  #become(update: UpdateState): void {
    this.#update = update;
    this.changes.emit(update);
  }

  async #end(
    what: Ending["what"],
    force: boolean,
    ask: (appliance: Appliance) => Promise<void>,
  ): Promise<ApplianceAnswer<null>> {
    const { clock, log } = this.#parts;
    const refusal = this.#hindrance(what, force);
    if (refusal !== null) return refusal;
    this.#ending = { what, sinceMs: clock.monotonicMs() };
    log.warn("appliance-ends", { what, force });
    let isTold = false;
    try {
      return await this.#ask(async (appliance) => {
        await ask(appliance);
        isTold = true;
        return null;
      });
    } finally {
      // It goes on running.
      if (!isTold) this.#ending = null;
    }
  }

  async #ask<T>(work: (appliance: Appliance) => Promise<T>): Promise<ApplianceAnswer<T>> {
    try {
      return done(await work(this.#parts.appliance));
    } catch (error) {
      if (!(error instanceof ApplianceError)) throw error;
      return refused("device-fault", error.message);
    }
  }
}
