// What service staff and operators do with the appliance: install an update, restart, reset, set the
// clock's servers. Nothing of it happens under an exam or while a medium is written, unless forced.

import type { Clock } from "../../core/clock.ts";
import { Listeners } from "../../core/listeners.ts";
import type { Log } from "../../core/log.ts";
import {
  type Appliance,
  ApplianceError,
  type ApplianceStatus,
} from "../../hal/appliance/appliance.ts";
import { type BundledText, packLogBundle } from "../../hal/appliance/log-bundle.ts";
import { STICK_FOLDER, type UpdateSet, UpdateSetError } from "../../hal/appliance/update-set.ts";
import type { UpdateUploads } from "../../hal/appliance/update-uploads.ts";
import type { Drives } from "../../hal/media/media.ts";

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
  /** Why the device must go on running, in words; null: nothing is going on. */
  readonly inUse: () => string | null;
}

export type UpdateState =
  | { readonly state: "none" }
  | { readonly state: "receiving" }
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
      readonly refusal: { readonly code: ApplianceRefusalCode; readonly detail: string };
    };

const done = <T>(value: T): ApplianceAnswer<T> => ({ ok: true, value });
const refused = (code: ApplianceRefusalCode, detail: string): ApplianceAnswer<never> => ({
  ok: false,
  refusal: { code, detail },
});

/** Told of at most so often while an update is written. */
const PROGRESS_GAP_MS = 500;

export class ApplianceService {
  /** The state of an update changed. */
  readonly changes = new Listeners<UpdateState>();
  readonly #parts: ApplianceServiceParts;
  #update: UpdateState = { state: "none" };
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(parts: ApplianceServiceParts) {
    this.#parts = parts;
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
    const hindrance = this.#updateHindrance(force);
    if (hindrance !== null) return hindrance;
    const opened = await this.#parts.drives?.open(device);
    if (opened === undefined || opened.kind === "refused")
      return refused("unknown-reference", opened?.reason ?? `There is no drive ${device}.`);
    return this.#install(`${opened.drive.root}/${STICK_FOLDER}`);
  }

  /** Takes an uploaded update and begins to install it. */
  async updateFromUpload(
    body: AsyncIterable<Uint8Array>,
    announcedBytes: number | null,
    force: boolean,
  ): Promise<ApplianceAnswer<UpdateState>> {
    const hindrance = this.#updateHindrance(force);
    if (hindrance !== null) return hindrance;
    this.#become({ state: "receiving" });
    try {
      return await this.#install(await this.#parts.uploads.receive(body, announcedBytes));
    } catch (error) {
      return this.#failed(error);
    }
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

  /** A tar with the system's journal and these texts. */
  logBundle(texts: readonly BundledText[]): Promise<ApplianceAnswer<Uint8Array<ArrayBuffer>>> {
    return this.#ask(async (appliance) =>
      packLogBundle(texts, await appliance.journal(null), this.#parts.clock.nowMs()),
    );
  }

  #updateHindrance(force: boolean): ApplianceAnswer<never> | null {
    const { state } = this.#update;
    if (state === "receiving" || state === "installing")
      return refused("in-use", "An update is being installed already. Wait until it is done.");
    return this.#hindrance(force);
  }

  #hindrance(force: boolean): ApplianceAnswer<never> | null {
    const reason = force ? null : this.#parts.inUse();
    return reason === null ? null : refused("in-use", reason);
  }

  /** Answers once the set was found good; the writing goes on. */
  async #install(folder: string): Promise<ApplianceAnswer<UpdateState>> {
    const { readSet, appliance, uploads, log } = this.#parts;
    try {
      const { version } = (await readSet(folder)).facts;
      this.#become({ state: "installing", version, share: 0, step: "copying" });
      log.info("update-begins", { version });
      void appliance
        .installUpdate(folder, ({ share, step }) => this.#progress(version, share, step))
        .then(
          (installed) => {
            log.info("update-installed", { version: installed });
            this.#become({ state: "installed", version: installed });
          },
          (error: unknown) => void this.#failed(error),
        )
        .finally(() => uploads.clear());
      return done(this.#update);
    } catch (error) {
      await uploads.clear();
      return this.#failed(error);
    }
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
    what: string,
    force: boolean,
    ask: (appliance: Appliance) => Promise<void>,
  ): Promise<ApplianceAnswer<null>> {
    if (this.#update.state === "installing")
      return refused("in-use", "An update is being written. Wait until it is done.");
    const hindrance = this.#hindrance(force);
    if (hindrance !== null) return hindrance;
    this.#parts.log.warn("appliance-ends", { what, force });
    return this.#ask(async (appliance) => {
      await ask(appliance);
      return null;
    });
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
