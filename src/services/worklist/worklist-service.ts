// The worklist as the device keeps it (Table 4.2-28 to 4.2-30): asked for on demand, by bar code and
// by polling, one query at a time; results are added to or update the local items, and the last
// result is there again after a restart.

import type { Configuration, Remote } from "../../config/configuration.ts";
import { type Clock, dicomDateTime, sleep, type Timer } from "../../core/clock.ts";
import { Listeners } from "../../core/listeners.ts";
import { proposedContexts } from "../../dicom/ae/contexts.ts";
import type { FindOutcome } from "../../dicom/ae/find.ts";
import { findWorklist } from "../../dicom/ae/worklist/find-worklist.ts";
import { WORKLIST_PROPOSED } from "../../dicom/ae/worklist/presentation-contexts.ts";
import type { DataSet, Tag } from "../../dicom/data/data-set.ts";
import { Tag as TAG } from "../../dicom/dict/attributes.ts";
import { DimseChannel } from "../../dicom/dimse/channel.ts";
import type { UidGenerator } from "../../dicom/iod/uid.ts";
import type { Association } from "../../dicom/ul/association.ts";
import type { WorklistItem } from "../../model/worklist-item.ts";
import type { StoragePort } from "../../store/storage-port.ts";
import { associate, type ConnectDependencies, describeFailure } from "../remotes/connect.ts";
import type { RemoteStates } from "../remotes/remote-states.ts";
import { type ItemFilter, mismatch } from "./item-filter.ts";
import { itemsFromAnswer, type ReceivedItem } from "./item-from-answer.ts";
import { goneItems, KEPT_DAYS, mergeItems, stepIdentity } from "./known-items.ts";

export interface WorklistRequest {
  /** Undefined: the configured one; empty: every modality. */
  readonly modality?: string | undefined;
  /** DA or range; undefined: today; empty: every day. */
  readonly scheduledDate?: string | undefined;
  readonly patientId?: string | undefined;
  readonly patientName?: string | undefined;
  readonly accessionNumber?: string | undefined;
  readonly requestedProcedureId?: string | undefined;
  /** Override of the local filter (W7). */
  readonly includeOthers?: boolean | undefined;
}

export interface WorklistResult {
  readonly items: readonly WorklistItem[];
  /** False: there may be more, or nobody answered. */
  readonly complete: boolean;
  /** Why not, or what the operator should know, in words. */
  readonly reason?: string | undefined;
  /** Items that came although they were not asked for (W7). */
  readonly leftOut: number;
  readonly queriedMs?: number | undefined;
}

export type QueryOutcome =
  | { readonly kind: "result"; readonly result: WorklistResult }
  | { readonly kind: "no-server" }
  /** Too many queries wait already. */
  | { readonly kind: "busy" };

export interface WorklistParts extends ConnectDependencies {
  readonly clock: Clock;
  readonly storage: Pick<
    StoragePort,
    "reader" | "saveWorklist" | "keepWorklist" | "madeStudyUid" | "takeNumbers" | "apply"
  >;
  readonly states: RemoteStates;
  readonly uids: Pick<UidGenerator, "next">;
}

/** Queries that may wait for the one under way. */
export const QUERIES_WAITING_MAX = 8;
/** Items handled in one go: a long list must not hold up live pictures. */
const BATCH_ITEMS = 100;
const DAY_MS = 86_400_000;
const SETTING = "worklist.last";
const COUNTER = "worklist-item";
const EMPTY: WorklistResult = { items: [], complete: true, leftOut: 0 };

/** What one query brought, before it is kept. */
interface Collected {
  readonly answers: readonly DataSet[];
  readonly complete: boolean;
  readonly reason?: string | undefined;
  /** Nobody could be asked at all. */
  readonly unreachable?: true | undefined;
}

export class WorklistService {
  readonly changes = new Listeners<WorklistResult>();
  readonly #parts: WorklistParts;
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #timer: Timer | null = null;
  #association: Association | null = null;
  readonly #stop = new AbortController();
  #last: WorklistResult | null = null;

  constructor(parts: WorklistParts) {
    this.#parts = parts;
  }

  /** The last result; of the last run where this one has not asked yet. */
  last(): WorklistResult {
    this.#last ??= this.#remembered();
    return this.#last;
  }

  /** Asks now, after the query under way. @throws StoreError when the items cannot be kept. */
  async query(request: WorklistRequest): Promise<QueryOutcome> {
    const remote = worklistServer(this.#parts.configuration());
    if (remote === undefined) return { kind: "no-server" };
    if (this.#waiting >= QUERIES_WAITING_MAX) return { kind: "busy" };
    this.#waiting++;
    const mine = this.#turn.then(() => this.#ask(remote, request));
    this.#turn = mine.catch(() => {});
    try {
      return { kind: "result", result: await mine };
    } finally {
      this.#waiting--;
    }
  }

  /** Asks at once where polling is on, and polls from then on. */
  start(): void {
    if (this.#parts.configuration().worklist.pollS > 0) void this.#pollOnce();
  }

  /** Polls from now on as configured; called again when the configuration changed. */
  poll(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const { pollS } = this.#parts.configuration().worklist;
    if (pollS === 0 || this.#stop.signal.aborted) return;
    this.#timer = this.#parts.clock.after(pollS * 1000, () => void this.#pollOnce());
  }

  /** Breaks off the query under way and asks no more. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#timer?.cancel();
    this.#association?.abort();
    await this.#turn;
  }

  async #pollOnce(): Promise<void> {
    // Whoever asks now brings the same and more; a poll does not queue behind it.
    if (this.#waiting === 0)
      await this.query({}).catch((error: unknown) =>
        this.#parts.log.error("worklist-not-kept", { error }),
      );
    this.poll();
  }

  async #ask(remote: Remote, request: WorklistRequest): Promise<WorklistResult> {
    if (this.#stop.signal.aborted) return this.last();
    const filter = filterOf(request, this.#parts.configuration(), this.#parts.clock);
    const free = this.#parts.states.occupy(remote.id);
    let collected: Collected;
    try {
      collected = await this.#collect(remote, filter);
    } finally {
      free();
    }
    if (this.#stop.signal.aborted) return this.last();
    if (!collected.complete)
      this.#parts.log.warn("worklist-incomplete", { remote: remote.id, reason: collected.reason });
    const result = collected.unreachable
      ? this.#known(filter, collected)
      : await this.#keep(filter, collected, request.includeOthers === true);
    await this.#remember(result);
    return result;
  }

  // ---- asking -------------------------------------------------------------------------------------

  async #collect(remote: Remote, filter: ItemFilter): Promise<Collected> {
    const { states, clock, configuration } = this.#parts;
    const outcome = await associate(
      this.#parts,
      remote,
      proposedContexts(WORKLIST_PROPOSED.rows),
      this.#stop.signal,
    );
    if (outcome.kind !== "accepted") {
      const reason = describeFailure(remote, outcome);
      states.failed(remote.id, reason);
      return { answers: [], complete: false, reason, unreachable: true };
    }
    states.alive(remote.id);
    this.#association = outcome.association;
    try {
      const { worklist, local } = configuration();
      const channel = new DimseChannel(outcome.association, this.#parts);
      const found = await findWorklist(
        channel,
        { ...filter, typed: typedKeys(filter) },
        {
          clock,
          text: {
            characterSet: remote.characterSet ?? local.characterSet,
            fallbackCharacterSet: local.fallbackCharacterSet,
          },
          maxItems: worklist.maxItems,
          timeoutMs: worklist.cFindTimeout * 1000,
        },
      );
      if (outcome.association.end === null) await channel.release();
      if (found.kind === "timeout" || found.kind === "aborted")
        states.failed(remote.id, found.text);
      return collectedOf(remote, found, worklist.abortPolicy);
    } finally {
      this.#association = null;
      if (outcome.association.end === null) outcome.association.abort();
    }
  }

  // ---- keeping ------------------------------------------------------------------------------------

  /** Adds or updates the items, drops those that are gone, and answers what is to be shown. */
  async #keep(filter: ItemFilter, collected: Collected, all: boolean): Promise<WorklistResult> {
    const { storage, uids, clock } = this.#parts;
    const wanted: ReceivedItem[] = [];
    let leftOut = 0;
    for (const answers of batches(collected.answers)) {
      for (const item of answers.flatMap((answer) => itemsFromAnswer(answer, filter))) {
        const other = mismatch(item, filter);
        if (other === null) wanted.push(item);
        else if (all) wanted.push({ ...item, remarks: [...item.remarks, other] });
        else leftOut++;
      }
      await sleep(clock, 0);
    }
    const known = storage.reader.worklist();
    const items = await mergeItems(wanted, {
      known,
      studyUidFor: (order) => storage.madeStudyUid(order, uids.next()),
      newNumbers: (count) => storage.takeNumbers(COUNTER, count),
    });
    for (const batch of batches(items)) await storage.saveWorklist(batch, clock.nowMs());
    if (collected.complete) await this.#drop(known, items, filter);
    return {
      items: items.toSorted(bySchedule),
      complete: collected.complete,
      reason: collected.reason,
      leftOut,
      queriedMs: clock.nowMs(),
    };
  }

  async #drop(
    known: readonly WorklistItem[],
    items: readonly WorklistItem[],
    filter: ItemFilter,
  ): Promise<void> {
    const { storage } = this.#parts;
    const open = new Set(
      storage.reader
        .exams({ state: "open" })
        .flatMap((e) => (e.worklistItem === undefined ? [] : [stepIdentity(e.worklistItem)])),
    );
    const inUse = (item: WorklistItem) => open.has(stepIdentity(item));
    const gone = new Set(
      goneItems(known, items, filter, inUse, this.#dateBefore(KEPT_DAYS)).map((item) => item.id),
    );
    if (gone.size === 0) return;
    const ids = new Set([...known, ...items].map((item) => item.id)).difference(gone);
    await storage.keepWorklist([...ids]);
  }

  /** What is known here of what was asked: better than nothing while the server is away. */
  #known(filter: ItemFilter, { reason }: Collected): WorklistResult {
    const items = this.#parts.storage.reader
      .worklist()
      .filter((item) => mismatch(item, filter) === null);
    const shown = items.length === 0 ? "" : `; these ${items.length} items came earlier`;
    return {
      items,
      complete: false,
      reason: `${reason}${shown}`,
      leftOut: 0,
      queriedMs: this.#parts.clock.nowMs(),
    };
  }

  async #remember(result: WorklistResult): Promise<void> {
    const { items, ...rest } = result;
    const value = { ...rest, ids: items.map((item) => item.id) };
    await this.#parts.storage.apply([{ kind: "setting", key: SETTING, value }]);
    this.#last = result;
    this.changes.emit(result);
  }

  #remembered(): WorklistResult {
    const { reader } = this.#parts.storage;
    // Written by #remember.
    const kept = reader.setting(SETTING) as
      | (Omit<WorklistResult, "items"> & { readonly ids: readonly string[] })
      | null;
    if (kept === null) return EMPTY;
    const { ids, ...rest } = kept;
    return { ...rest, items: ids.flatMap((id) => reader.worklistItem(id) ?? []) };
  }

  #dateBefore(days: number): string {
    const { clock, configuration } = this.#parts;
    return dicomDateTime(clock.nowMs() - days * DAY_MS, configuration().device.timeZone).date;
  }
}

/** The worklist server: the first remote with that service. */
export function worklistServer(configuration: Configuration): Remote | undefined {
  return configuration.remotes.find((r) => r.services.includes("worklist"));
}

/** The filter of Table 4.2-30: modality, own station and today unless the request says otherwise. */
export function filterOf(
  request: WorklistRequest,
  { worklist, device }: Configuration,
  clock: Clock,
): ItemFilter {
  const { patientId, patientName, accessionNumber, requestedProcedureId } = request;
  return {
    modality: request.modality ?? worklist.modality,
    scheduledStationAeTitle: worklist.scheduledStationAeTitle,
    scheduledDate: request.scheduledDate ?? dicomDateTime(clock.nowMs(), device.timeZone).date,
    patientId,
    patientName,
    accessionNumber,
    requestedProcedureId,
  };
}

function typedKeys(filter: ItemFilter): ReadonlyMap<Tag, string> {
  const typed = new Map<Tag, string>();
  const put = (tag: Tag, value: string | undefined) => {
    if (value !== undefined && value !== "") typed.set(tag, value);
  };
  put(TAG.PatientID, filter.patientId);
  put(TAG.PatientName, filter.patientName);
  put(TAG.AccessionNumber, filter.accessionNumber);
  put(TAG.RequestedProcedureID, filter.requestedProcedureId);
  return typed;
}

/** Tables 4.2-28 and 4.2-29: which items of an outcome are shown, and how they are labelled. */
function collectedOf(remote: Remote, found: FindOutcome, abortPolicy: "keep" | "empty"): Collected {
  const who = `${remote.id} (${remote.aeTitle})`;
  if (found.kind === "success")
    return {
      answers: found.items,
      complete: found.complete,
      reason: found.reason === undefined ? undefined : `${who}: ${found.reason}`,
    };
  // W11: what came before the server hung up is kept, unless the setting wants the table's letter.
  const kept = found.kind === "aborted" && abortPolicy === "keep" ? found.items : [];
  const lost = found.items.length - kept.length;
  const also =
    kept.length > 0
      ? `; the ${kept.length} items that came before are shown, there may be more`
      : lost > 0
        ? `; the ${lost} items that came before are not shown`
        : "";
  return { answers: kept, complete: false, reason: `${who}: ${found.text}${also}` };
}

function* batches<T>(list: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < list.length; at += BATCH_ITEMS) yield list.slice(at, at + BATCH_ITEMS);
}

/** By scheduled time; without one last (W14). */
function bySchedule(a: WorklistItem, b: WorklistItem): number {
  const key = (i: WorklistItem) => `${i.scheduledDate || "99999999"}${i.scheduledTime || "999999"}`;
  return key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;
}
