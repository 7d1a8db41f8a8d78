// A whole day's work for one patient, with servers that write his name and numbers into everything they
// say: nothing of it gets into the log, nor into the bundle that leaves the house.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataSet } from "../../src/dicom/data/data-set.ts";
import { encodeDataSet } from "../../src/dicom/data/encode.ts";
import { Tag } from "../../src/dicom/dict/attributes.ts";
import { SopClassUid } from "../../src/dicom/dict/uids.ts";
import type { IncomingRequest, Reply, RequestHandlers } from "../../src/dicom/dimse/message.ts";
import { type DeviceProcess, startDevice, until } from "../device-process.ts";
import { testInstance } from "../dicom/instances.ts";
import { connect, type ScriptedPeer, scriptedPeer } from "../dicom/peer.ts";
import { freePort } from "../peers/free-port.ts";
import { sendReport } from "../services/commitment/commitment-site.ts";
import { DX, push, storageLink } from "../services/query-retrieve/retrieving-station.ts";
import { answerOf } from "../services/worklist/scheduler.ts";
import { type ApplianceHelper, startHelper } from "./appliance-helper.ts";
import { type ExamAnswer, type HealthAnswer, type JobAnswer, jobInState } from "./device-room.ts";

setDefaultTimeout(60_000);

/** All his names and numbers begin with it, and nothing else does. */
const MARKER = /marker/i;
const NAME = "Markerson^Zoe";
const PATIENT_ID = "MARKER-77";
const ACCESSION = "MARKER-A9";
const SAID = `${NAME} (${PATIENT_ID}, ${ACCESSION}) is not here`;
const PIN = "471147";

const encoded = (dataSet: DataSet) =>
  encodeDataSet(dataSet, { explicitVr: false, characterSet: "default-kanji" });

/** Refuses whatever it is asked, and says of whom it speaks. */
function talkative(): RequestHandlers {
  const refusing =
    (status: number, before?: (reply: Reply<"C-FIND-RQ">) => Promise<void>) =>
    (_: IncomingRequest<"C-FIND-RQ">, reply: Reply<"C-FIND-RQ">) => ({
      async end() {
        await before?.(reply);
        await reply.respond({ status, errorComment: SAID });
      },
    });
  const refuse = (status: number) => refusing(status) as never;
  return {
    "C-ECHO-RQ": refuse(0x0122),
    "C-STORE-RQ": refuse(0xa700),
    "C-MOVE-RQ": refuse(0xa702),
    "N-CREATE-RQ": refuse(0x0110),
    "N-SET-RQ": refuse(0x0110),
    "N-ACTION-RQ": refuse(0x0110),
    "C-FIND-RQ": refusing(0xc001, async (reply) => {
      const answer = answerOf({ name: NAME, patientId: PATIENT_ID, accessionNumber: ACCESSION });
      await reply.respond({ status: 0xff00 }, [encoded(answer)]);
    }),
    "N-GET-RQ": (_, reply) => ({
      end: () =>
        reply.respond({ status: 0 }, [
          encoded(
            new DataSet()
              .text(Tag.PrinterStatus, "CS", "FAILURE")
              .text(Tag.PrinterStatusInfo, "CS", PATIENT_ID),
          ),
        ]),
    }),
  };
}

const folder = mkdtempSync(join(tmpdir(), "udr-nobody-"));
const journal = join(folder, "journal.txt");
let peer: ScriptedPeer;
let helper: ApplianceHelper;
let device: DeviceProcess;

beforeAll(async () => {
  peer = await scriptedPeer({ handlers: talkative(), collectedBytesMax: 64 * 1024 * 1024 });
  // Its journal is what the device has logged.
  helper = await startHelper(join(folder, "s"), journal);
  device = await startDevice({
    dicom: await freePort(),
    env: { UDR_APPLIANCE_SOCKET: join(folder, "s") },
    configuration: {
      http: { pin: PIN },
      associationResponseTimeout: 30,
      mpps: { queueWhenUnreachable: false },
      remotes: [
        {
          id: "peer",
          aeTitle: "ARCHIVE",
          host: "127.0.0.1",
          port: peer.port,
          archive: true,
          send: "on-completion",
          services: ["storage", "worklist", "mpps", "query-retrieve", "print", "verification"],
        },
      ],
    },
  });
});
afterAll(async () => {
  await device?.[Symbol.asyncDispose]();
  helper?.close();
  await peer?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const ask = (method: string, path: string, body?: string) =>
  fetch(`${device.http}/api/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${PIN}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body }),
  });

test("whatever servers and operators say of him, the log does not", async () => {
  // His exam, typed in; what cannot be typed in; what is asked of him with his name in the address.
  const patient = { id: PATIENT_ID, name: NAME };
  const exam = await device.post<ExamAnswer>("exams", { patient });
  await device.post("simulator/expose", { kind: "radiography" });
  await device.post("simulator/expose", { kind: "fluoroscopy", frames: 3 });
  const early = await ask("POST", "appliance/restart");
  expect([early.status, await early.text()]).toEqual([409, expect.stringMatching(/exam is open/)]);
  await device.post(`exams/${exam.id}/complete`);
  for (const [method, path, body] of [
    ["POST", "exams", JSON.stringify({ patient: { id: PATIENT_ID, name: `${NAME}\\` } })],
    ["POST", "exams", `{"patient":${NAME}`],
    ["GET", `studies?name=${NAME}&unknown=${PATIENT_ID}`, undefined],
    ["GET", `studies?patientId=${PATIENT_ID}`, undefined],
    ["GET", `studies/${NAME}`, undefined],
    ["GET", `nothing/${PATIENT_ID}?name=${NAME}`, undefined],
    ["POST", "jobs", JSON.stringify({ type: "send", remoteId: NAME, studyInstanceUid: NAME })],
  ] as const)
    await ask(method, path, body);

  // What servers answer.
  const { studyInstanceUid } = exam;
  const ended = await device.get<ExamAnswer>(`exams/${exam.id}`);
  const image = ended.instances.find(({ modality }) => modality !== "SR")?.sopInstanceUid;
  await device.post("remotes/peer/echo");
  const list = await device.post<{ items: unknown[]; reason?: string }>("worklist/query", {
    patientName: NAME,
    patientId: PATIENT_ID,
  });
  expect(list.reason).toMatch(MARKER);
  await device.post("query", { remoteId: "peer", level: "STUDY", keys: { PatientName: NAME } });
  const jobs = [];
  for (const job of [
    { type: "send", remoteId: "peer", studyInstanceUid },
    { type: "retrieve", remoteId: "peer", studyInstanceUid, seriesInstanceUids: ["1.2.3.4"] },
    {
      type: "print",
      remoteId: "peer",
      films: [
        {
          displayFormat: "STANDARD\\1,1",
          orientation: "PORTRAIT",
          filmSize: "14INX17IN",
          images: [image],
        },
      ],
    },
  ])
    jobs.push(await device.post<JobAnswer>("jobs", job));
  for (const { id } of jobs) {
    // The technician does see what they say.
    const { reason } = await jobInState(device, id, "failed", "waiting");
    expect(reason).toMatch(MARKER);
  }
  await until("the step has failed", async () => {
    const { mpps } = await device.get<{ mpps: { state: string; reason?: string } }>(
      `exams/${exam.id}`,
    );
    return mpps.reason !== undefined && MARKER.test(mpps.reason) ? mpps : undefined;
  });

  // What servers send by themselves: his images, unasked for and broken, and a report of nothing.
  const link = await storageLink(device.dicomPort);
  const his = testInstance({ sopClassUid: DX, patientName: NAME });
  await push(link, his, {});
  await push(link, { ...his, sopInstanceUid: "1.2.3.4.5" }, {});
  await link.release();
  const reporting = await connect(
    device.dicomPort,
    [
      {
        abstractSyntax: SopClassUid.StorageCommitmentPushModel,
        transferSyntaxes: ["1.2.840.10008.1.2"],
      },
    ],
    { calling: "ARCHIVE", called: "UDR10A" },
  );
  await sendReport(reporting, { transactionUid: "1.2.3.4.5.6", committed: ["1.2.3"] });
  await reporting.release();

  expect(device.log.length).toBeGreaterThan(10);
  for (const line of device.log) expect(JSON.stringify(line)).not.toMatch(MARKER);
  const events = new Set(device.log.map(({ event }) => event));
  for (const event of [
    "echo-failed",
    "worklist-incomplete",
    "query-failed",
    "mpps-failed",
    "printer-failure",
    "instance-not-asked-for",
    "storage-scp.refused",
    "commitment-unknown-transaction",
  ])
    expect(events).toContain(event);
});

test("the bundle for service does not name him either, though health does", async () => {
  await device.post("remotes/peer/echo");
  const health = await device.get<HealthAnswer>("health");
  expect(JSON.stringify(health)).toMatch(MARKER);
  await Bun.write(journal, device.log.map((line) => JSON.stringify(line)).join("\n"));
  const answer = await ask("GET", "appliance/log-bundle");
  expect(answer.status).toBe(200);
  const bundle = await answer.text();
  expect(bundle).toContain("instance-not-asked-for");
  expect(bundle).not.toMatch(MARKER);
  expect(bundle).not.toContain(PIN);
});

test("nor does the bundle on a stick, which is the same", async () => {
  const stick = join(folder, "stick");
  mkdirSync(stick);
  const answer = await ask("POST", "appliance/log-bundle", JSON.stringify({ device: stick }));
  expect([answer.status, await answer.text()]).toEqual([200, expect.stringMatching(/udr-log/)]);
  const [name = "", ...others] = readdirSync(join(stick, "udr-log"));
  expect(name).toMatch(/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.tar$/);
  expect(others).toEqual([]);
  const file = await Bun.file(join(stick, "udr-log", name)).bytes();
  const names = Bun.spawnSync(["tar", "-t"], { stdin: file }).stdout.toString();
  expect(names.split("\n")).toContain("journal.txt");
  const bundle = new TextDecoder().decode(file);
  expect(bundle).toContain("instance-not-asked-for");
  expect(bundle).not.toMatch(MARKER);
  expect(bundle).not.toContain(PIN);
});

test("his images are on this device alone: a reset is refused, and says so", async () => {
  const answer = await ask(
    "POST",
    "appliance/factory-reset",
    JSON.stringify({ confirm: "ERASE ALL DATA" }),
  );
  expect(answer.status).toBe(409);
  const { detail } = (await answer.json()) as { detail: string };
  expect(detail).toContain("1 study with 3 images and reports is on this device alone");
  expect(detail).toContain("about performed steps");
});

test("a device that restarts is not told to do anything else", async () => {
  expect((await ask("POST", "appliance/restart")).status).toBe(204);
  for (const path of ["appliance/power-off", "appliance/restart?force=true"]) {
    const answer = await ask("POST", path);
    expect([answer.status, await answer.text()]).toEqual([409, expect.stringMatching(/restarts/)]);
  }
});

test("its standard error names nobody", async () => {
  expect(await device.stop()).toBe(0);
  expect(await device.stderr).not.toMatch(MARKER);
  for (const line of device.log) expect(JSON.stringify(line)).not.toMatch(MARKER);
});
