// Every kind of object from one day at the device, over its API, into DCMTK's storescp: a radiograph, a
// serial run, saved fluoroscopy, the dose page, a screen, the dose report; all valid by dciodvfy.

import { expect, test } from "bun:test";
import sharp from "sharp";
import { ProblemAnswer, startDevice, until } from "../device-process.ts";
import { findings } from "../dicom/iod/dciodvfy.ts";
import { isInstalled } from "../dicom/iod/write-object.ts";
import { hasStorescp, startStorescp } from "../peers/storescp.ts";

const IODS: Readonly<Record<string, string>> = {
  "1.2.840.10008.5.1.4.1.1.1.1": "DX",
  "1.2.840.10008.5.1.4.1.1.1": "CR",
  "1.2.840.10008.5.1.4.1.1.12.1": "XA",
  "1.2.840.10008.5.1.4.1.1.12.2": "RF",
  "1.2.840.10008.5.1.4.1.1.7": "SC",
  "1.2.840.10008.5.1.4.1.1.88.67": "RDSR",
};
const CR_PROTOCOL = {
  id: "hand-cr",
  name: "HAND CR",
  studyDescription: "HAND",
  bodyPart: "HAND",
  viewPosition: "PA",
  kind: "radiography",
  object: "CR",
  technique: { kv: 50, ma: 100, ms: 20 },
  targetExposureIndex: 300,
};

interface ExamAnswer {
  readonly id: string;
  readonly studyInstanceUid: string;
  readonly notices?: readonly string[];
  readonly exposures: readonly {
    readonly kind: string;
    readonly frames: number;
    readonly exposureIndex?: number;
    readonly targetExposureIndex?: number;
    readonly deviationIndex?: number;
  }[];
  readonly instances: readonly {
    readonly sopInstanceUid: string;
    readonly sopClassUid: string;
    readonly numberOfFrames: number;
  }[];
}

test.skipIf(!hasStorescp || !isInstalled("dciodvfy"))(
  "every object of an exam reaches the archive, valid",
  async () => {
    await using storescp = await startStorescp();
    await using device = await startDevice({
      configuration: {
        associationResponseTimeout: 30,
        acquisition: { protocols: [CR_PROTOCOL], operator: "Berg^Ida" },
        remotes: [{ id: "dcmtk", aeTitle: "ARCHIVE", host: "127.0.0.1", port: storescp.port }],
      },
    });
    const { id } = await device.post<ExamAnswer>("exams", {
      patient: { id: "P1", name: "Every^Object", birthDate: "1970-01-31", sex: "O" },
    });
    const early = await device
      .post(`exams/${id}/secondary-captures`)
      .catch((error: unknown) => error);
    expect(early).toBeInstanceOf(ProblemAnswer);
    expect(early).toMatchObject({ status: 409 });
    const steps = [
      ["chest-pa", "radiography", {}],
      ["hand-cr", "radiography", { laterality: "L" }],
      [
        "dsa-leg",
        "serial",
        { laterality: "R", contrastAgent: "IOPAMIDOL", geometry: { primaryAngle: -20 } },
      ],
      ["fluoroscopy", "fluoroscopy", {}],
    ] as const;
    for (const [protocolId, kind, more] of steps) {
      await device.post(`exams/${id}/prepare`, { protocolId, ...more });
      await device.post("simulator/expose", { kind, frames: 8, fps: kind === "serial" ? 4 : 8 });
    }
    const screen = await sharp({
      create: { width: 321, height: 201, channels: 3, background: "#204060" },
    })
      .png()
      .toBuffer();
    await device.post(`exams/${id}/secondary-captures`);
    const captured = await device.post<{ sopInstanceUid: string }>(
      `exams/${id}/secondary-captures`,
      { kind: "screen", image: screen.toString("base64") },
    );
    const png = await fetch(
      `${device.http}/api/v1/instances/${captured.sopInstanceUid}/rendered`,
    ).then((answer) => answer.bytes());
    const shown = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    expect([shown.info.width, shown.info.height]).toEqual([321, 201]);
    expect([...shown.data.subarray(0, 3)]).toEqual([0x20, 0x40, 0x60]);

    const exam = await device.post<ExamAnswer>(`exams/${id}/complete`);
    expect(exam.notices).toBeUndefined();
    expect(exam.exposures.map((e) => [e.kind, e.frames])).toEqual([
      ["radiography", 1],
      ["radiography", 1],
      ["serial", 8],
      ["fluoroscopy", 8],
    ]);
    const [, cr, run] = exam.exposures;
    expect(cr?.exposureIndex).toBeGreaterThan(0);
    expect(cr?.targetExposureIndex).toBe(CR_PROTOCOL.targetExposureIndex);
    expect(cr?.deviationIndex).toBeNumber();
    expect(run?.exposureIndex).toBeUndefined();
    expect(exam.instances.map((i) => [IODS[i.sopClassUid], i.numberOfFrames]).sort()).toEqual([
      ["CR", 1],
      ["DX", 1],
      ["RDSR", 0],
      ["RF", 8],
      ["SC", 1],
      ["SC", 1],
      ["XA", 8],
    ]);

    const { id: jobId } = await device.post<{ id: string }>("jobs", {
      type: "send",
      remoteId: "dcmtk",
      studyInstanceUid: exam.studyInstanceUid,
    });
    await until("the study at the archive", async () => {
      const { state } = await device.get<{ state: string }>(`jobs/${jobId}`);
      return state === "done" ? true : undefined;
    });
    const files = await storescp.files();
    for (const { sopInstanceUid, sopClassUid } of exam.instances) {
      const file = files.find((f) => f.includes(sopInstanceUid));
      expect(findings(file ?? "missing", IODS[sopClassUid] ?? "")).toEqual([]);
    }
  },
  120_000,
);
