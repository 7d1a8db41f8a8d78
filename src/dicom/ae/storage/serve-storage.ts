// C-STORE as SCP (PS3.4 §B.2): each instance goes into a sink as a Part 10 file while it arrives, is
// checked, made durable by the sink and only then answered with success. Where the file lies and
// what becomes of it is the sink's business.

import type { Log } from "../../../core/log.ts";
import type { DataSet } from "../../data/data-set.ts";
import type { RequestHandler } from "../../dimse/message.ts";
import { STATUS } from "../../dimse/status.ts";
import { encodeFileMeta } from "../../io/file-meta.ts";
import type { ImplementationIdentity } from "../../ul/association.ts";
import { isExplicit } from "../data-sets.ts";
import { type HeaderCheck, ReceivedHeader, type ReceivedPixels } from "./received-header.ts";

/** An instance whose data set is about to come. */
export interface IncomingInstance {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly callingAeTitle: string;
  /** Who asked for the move that brings it (Q8); absent for an ordinary push. */
  readonly moveOriginatorAeTitle?: string | undefined;
  readonly moveOriginatorMessageId?: number | undefined;
}

/** Takes one instance. A promise pending from `write` stops the reading from the peer. */
export interface InstanceSink {
  /** Bytes of the Part 10 file in order; may throw or reject: answered A700. */
  write(bytes: Uint8Array): void | Promise<void>;
  /**
   * The instance is complete and checked; `header` is its data set without the pixels, `pixels` tells
   * where those lie in the file. Resolves when it is durable and known (answered 0000). May reject:
   * answered A700.
   */
  commit(header: DataSet, pixels: ReceivedPixels): Promise<void>;
  /** The instance will not be kept: refused, faulty, or cut off. */
  discard(): void | Promise<void>;
}

export interface StorageScpOptions {
  readonly log: Log;
  readonly identity: ImplementationIdentity;
  readonly callingAeTitle: string;
  readonly fallbackCharacterSet?: string | undefined;
  /** May throw: answered A700. */
  open(instance: IncomingInstance): InstanceSink;
  /** What else is wrong with a complete instance, answered A900; null: nothing. */
  readonly validate?:
    | ((instance: IncomingInstance, header: DataSet, pixels: ReceivedPixels) => string | null)
    | undefined;
  /** Hears of each answer after it was decided. */
  readonly onAnswer?: ((instance: IncomingInstance, status: number) => void) | undefined;
}

/** A handler for C-STORE requests. */
export function serveStorage(options: StorageScpOptions): RequestHandler<"C-STORE-RQ"> {
  return ({ command, context }, reply) => {
    const instance: IncomingInstance = {
      sopClassUid: command.affectedSopClassUid,
      sopInstanceUid: command.affectedSopInstanceUid,
      transferSyntaxUid: context.transferSyntax,
      callingAeTitle: options.callingAeTitle,
      moveOriginatorAeTitle: command.moveOriginatorAeTitle,
      moveOriginatorMessageId: command.moveOriginatorMessageId,
    };
    const header = new ReceivedHeader(isExplicit(context), options.fallbackCharacterSet);
    const sink = new GuardedSink(() => options.open(instance), options.log);
    const classMatches = command.affectedSopClassUid === context.abstractSyntax;
    const start = partTenStart(instance, options);
    const started = sink.write(start);

    return {
      write(bytes) {
        header.push(bytes);
        return started === undefined ? sink.write(bytes) : started.then(() => sink.write(bytes));
      },
      async end() {
        await started;
        const { status, errorComment } = classMatches
          ? await settle(
              sink,
              validated(
                header.check(instance.sopClassUid, instance.sopInstanceUid),
                instance,
                options,
              ),
              start.byteLength,
            )
          : await reject(sink, STATUS.dataSetMismatch, "SOP class of another context");
        if (status !== STATUS.success)
          options.log.warn("storage-scp.refused", { status, reason: errorComment });
        options.onAnswer?.(instance, status);
        await reply.respond({ status, errorComment });
      },
      lost() {
        void sink.discard();
      },
    };
  };
}

interface Answer {
  readonly status: number;
  readonly errorComment?: string | undefined;
}

/** The check with the receiver's own demands added. */
function validated(
  check: HeaderCheck,
  instance: IncomingInstance,
  { validate }: StorageScpOptions,
): HeaderCheck {
  if (check.kind !== "ok" || validate === undefined) return check;
  const reason = validate(instance, check.dataSet, check.pixels);
  return reason === null ? check : { kind: "mismatch", reason };
}

/** Table 4.2-58, row by row. */
async function settle(
  sink: GuardedSink,
  check: HeaderCheck,
  dataSetOffset: number,
): Promise<Answer> {
  switch (check.kind) {
    case "unparsable":
      return reject(sink, STATUS.cannotUnderstand, check.reason);
    case "mismatch":
      return reject(sink, STATUS.dataSetMismatch, check.reason);
    case "ok": {
      const { offset, bytes } = check.pixels;
      const pixels = { offset: offset === 0 ? 0 : dataSetOffset + offset, bytes };
      if (await sink.commit(check.dataSet, pixels)) return { status: STATUS.success };
      return reject(sink, STATUS.outOfResources, "the instance cannot be stored");
    }
  }
}

async function reject(sink: GuardedSink, status: number, errorComment: string): Promise<Answer> {
  await sink.discard();
  return { status, errorComment };
}

/** A sink whose failures are remembered instead of thrown: the rest of the data set is passed over. */
class GuardedSink {
  readonly #log: Log;
  #sink: InstanceSink | null = null;
  #failed = false;

  constructor(open: () => InstanceSink, log: Log) {
    this.#log = log;
    try {
      this.#sink = open();
    } catch (error) {
      this.#fail(error);
    }
  }

  write(bytes: Uint8Array): void | Promise<void> {
    if (this.#failed || this.#sink === null) return undefined;
    try {
      return this.#sink.write(bytes)?.catch((error: unknown) => this.#fail(error));
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** True when the instance is durable. */
  async commit(header: DataSet, pixels: ReceivedPixels): Promise<boolean> {
    if (this.#failed || this.#sink === null) return false;
    try {
      await this.#sink.commit(header, pixels);
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  async discard(): Promise<void> {
    const sink = this.#sink;
    this.#sink = null;
    try {
      await sink?.discard();
    } catch (error) {
      this.#log.error("storage-scp.discard-failed", { error });
    }
  }

  #fail(error: unknown): void {
    this.#failed = true;
    this.#log.error("storage-scp.sink-failed", { error });
  }
}

const PREAMBLE_BYTES = 128;
const PREFIX = [0x44, 0x49, 0x43, 0x4d]; // "DICM"

/** Preamble, prefix and File Meta of the file (PS3.10 §7.1). */
function partTenStart(instance: IncomingInstance, options: StorageScpOptions): Uint8Array {
  const meta = encodeFileMeta({
    sopClassUid: instance.sopClassUid,
    sopInstanceUid: instance.sopInstanceUid,
    transferSyntaxUid: instance.transferSyntaxUid,
    implementationClassUid: options.identity.implementationClassUid,
    implementationVersionName: options.identity.implementationVersionName,
    sourceAeTitle: options.callingAeTitle,
  });
  const start = new Uint8Array(PREAMBLE_BYTES + PREFIX.length + meta.byteLength);
  start.set(PREFIX, PREAMBLE_BYTES);
  start.set(meta, PREAMBLE_BYTES + PREFIX.length);
  return start;
}
