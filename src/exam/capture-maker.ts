// Makes secondary captures: draws the dose page or takes a screen in, then stores the object with the
// exam's record. In which turn that happens is exam-service's business.

import type { Configuration } from "../config/configuration.ts";
import { IodError } from "../dicom/iod/iod-error.ts";
import { buildScImage } from "../dicom/iod/objects.ts";
import type { UidGenerator } from "../dicom/iod/uid.ts";
import type { Exam, ExamSeries } from "../model/exam.ts";
import type { InstanceRecord } from "../model/instance.ts";
import type { StoragePort } from "../store/storage-port.ts";
import type { RenderClient } from "../workers/render/render-client.ts";
import type { RawPicture } from "../workers/render/render-task.ts";
import { WorkerError } from "../workers/worker-thread.ts";
import { captureFacts } from "./capture.ts";
import { dosePage } from "./dose-page.ts";
import { textNotices, withNotices } from "./notices.ts";
import {
  DiskFullError,
  encodeObject,
  InstanceNumbers,
  objectRows,
  storedRecord,
} from "./object-writer.ts";
import { answered, type ExamAnswer, refused } from "./refusal.ts";

export type CaptureOrder =
  | { readonly kind: "dose-page" }
  | { readonly kind: "screen"; readonly png: Uint8Array };

export interface CaptureParts {
  readonly configuration: () => Configuration;
  readonly storage: StoragePort;
  readonly uids: Pick<UidGenerator, "next">;
  readonly nowMs: () => number;
  /** Draws dose pages and takes screens in; without it captures are refused. */
  readonly render: Pick<RenderClient, "page" | "decode"> | undefined;
}

/** Why no capture of the exam can be made now; null when one can. */
export function captureRefusal(exam: Exam): ExamAnswer<never> | null {
  if (exam.state !== "open")
    return refused("exam-not-open", `the exam is ${exam.state}; append a new step to its study`);
  if (exam.exposures.length === 0)
    return refused(
      "wrong-state",
      "a capture names the irradiation events it shows and this exam has none yet; make an exposure first",
    );
  return null;
}

export class CaptureMaker {
  readonly #parts: CaptureParts;
  readonly #numbers: InstanceNumbers;

  constructor(parts: CaptureParts) {
    this.#parts = parts;
    this.#numbers = new InstanceNumbers(parts.storage);
  }

  /** The pixels of a capture. */
  async draw(exam: Exam, order: CaptureOrder): Promise<ExamAnswer<RawPicture>> {
    const { render, configuration } = this.#parts;
    if (render === undefined)
      return refused("unsupported", "this device was built without the drawing of captures");
    try {
      if (order.kind === "dose-page")
        return answered(await render.page(dosePage(exam, configuration())));
      const decoded = await render.decode(order.png);
      return decoded.type === "picture"
        ? answered(decoded.picture)
        : refused("invalid-field", `the image cannot be taken: ${decoded.reason}; send a PNG`);
    } catch (error) {
      if (error instanceof WorkerError) return refused("not-ready", error.message);
      throw error;
    }
  }

  /**
   * Makes a capture durable together with the exam's record, which has its series.
   * @throws StoreError
   */
  async store(
    exam: Exam,
    series: ExamSeries,
    picture: RawPicture,
  ): Promise<ExamAnswer<InstanceRecord>> {
    const { storage, uids, nowMs } = this.#parts;
    const configuration = this.#parts.configuration();
    const { rows, columns, pixels } = picture;
    try {
      const facts = captureFacts(configuration, exam, series, picture, {
        sopInstanceUid: uids.next(),
        instanceNumber: this.#numbers.next(exam, series.seriesInstanceUid),
        contentMs: nowMs(),
      });
      const built = buildScImage(facts);
      const evenBytes = pixels.byteLength + (pixels.byteLength % 2);
      const { header, substitutions } = encodeObject(built, evenBytes, configuration);
      const told = withNotices(exam, textNotices(built.truncated, substitutions));
      const description = {
        exam: told,
        series,
        instanceNumber: facts.instanceNumber,
        numberOfFrames: 1,
        rows,
        columns,
        createdMs: facts.contentMs,
        irradiationEventUid: null,
      };
      const outcome = await storage.writeObject({
        ...objectRows(built, description, configuration.device.timeZone, [
          { kind: "exam", exam: told },
        ]),
        header,
        pixels: { kind: "bytes", bytes: pixels },
      });
      return answered(storedRecord(outcome));
    } catch (error) {
      if (error instanceof IodError) return refused("unsupported", error.message);
      if (error instanceof DiskFullError) return refused("disk-full", error.message);
      throw error;
    }
  }
}
