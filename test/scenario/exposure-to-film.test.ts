// From the hand switch to the film, over the API alone: two exposures of the simulated panel on one
// sheet of DCMTK's print SCP.

import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { memorySource } from "../../src/core/byte-source.ts";
import { Tag } from "../../src/dicom/dict/attributes.ts";
import { readObjectHeader } from "../../src/dicom/io/object-header.ts";
import { startDevice, until } from "../device-process.ts";
import { hasDcmprscp, startDcmprscp } from "../peers/dcmprscp.ts";

interface Exam {
  readonly id: string;
  readonly instances: readonly { readonly sopInstanceUid: string; readonly modality: string }[];
}
interface Job {
  readonly id: string;
  readonly state: string;
  readonly reason?: string;
}

test.skipIf(!hasDcmprscp)(
  "two exposures are printed on one film",
  async () => {
    await using printer = await startDcmprscp();
    await using device = await startDevice({
      configuration: {
        associationResponseTimeout: 30,
        remotes: [
          {
            id: "film",
            aeTitle: "PRINTER",
            host: "127.0.0.1",
            port: printer.port,
            services: ["print"],
          },
        ],
        printers: { film: { filmSizes: { "14INX17IN": [1024, 1280] } } },
      },
    });
    const { id } = await device.post<Exam>("exams", { patient: { name: "Doe^Jane" } });
    for (let n = 0; n < 2; n++) {
      await device.post(`exams/${id}/prepare`);
      await device.post("simulator/expose", { kind: "radiography" });
    }
    const { instances } = await device.post<Exam>(`exams/${id}/complete`);
    const images = instances
      .filter(({ modality }) => modality !== "SR")
      .map((i) => i.sopInstanceUid);
    expect(images).toHaveLength(2);
    const job = await device.post<Job>("jobs", {
      type: "print",
      remoteId: "film",
      films: [
        {
          displayFormat: "STANDARD\\1,2",
          orientation: "PORTRAIT",
          filmSize: "14INX17IN",
          images,
        },
      ],
    });
    const ended = await until("the print job's end", async () => {
      const now = await device.get<Job>(`jobs/${job.id}`);
      return now.state === "queued" || now.state === "active" ? undefined : now;
    });
    expect(ended).toMatchObject({ state: "done", progress: { done: 2, total: 2 } });
    expect(await printer.prints()).toHaveLength(1);
    const kept = await printer.images();
    expect(kept).toHaveLength(2);
    for (const path of kept) {
      const bytes = await readFile(path);
      const { dataSet, pixel } = await readObjectHeader(memorySource(bytes));
      expect([dataSet.number(Tag.Columns), dataSet.number(Tag.Rows)]).toEqual([1024, 640]);
      // An X-ray picture, not a flat field: many of the levels occur.
      expect(new Set(bytes.subarray(pixel?.offset)).size).toBeGreaterThan(100);
    }
    for (const uid of images)
      expect(await device.get<object>(`instances/${uid}`)).toMatchObject({
        print: [{ target: "film" }],
      });
  },
  60_000,
);
