// dcmjs-dimse as the peer, both directions: echo, store, find and the performed step.

import { describe, expect, test } from "bun:test";
import dimse from "dcmjs-dimse";
import { memorySource } from "../../../src/core/byte-source.ts";
import { proposedContexts } from "../../../src/dicom/ae/contexts.ts";
import { MPPS_PROPOSED } from "../../../src/dicom/ae/mpps/presentation-contexts.ts";
import { createStep, setStep } from "../../../src/dicom/ae/mpps/step-exchange.ts";
import { storageContexts } from "../../../src/dicom/ae/storage/presentation-contexts.ts";
import { storeInstances } from "../../../src/dicom/ae/storage/store-instances.ts";
import { VERIFICATION_PROPOSED } from "../../../src/dicom/ae/verification/presentation-contexts.ts";
import { verify } from "../../../src/dicom/ae/verification/verify.ts";
import { findWorklist } from "../../../src/dicom/ae/worklist/find-worklist.ts";
import { WORKLIST_PROPOSED } from "../../../src/dicom/ae/worklist/presentation-contexts.ts";
import { DataSet } from "../../../src/dicom/data/data-set.ts";
import { encodeDataSet } from "../../../src/dicom/data/encode.ts";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import { readObjectHeader } from "../../../src/dicom/io/object-header.ts";
import { freePort } from "../../peers/free-port.ts";
import { listening } from "../../peers/storescp.ts";
import { testInstance } from "../instances.ts";
import { memoryScp } from "../memory-scp.ts";
import { clock, connect, scriptedPeer } from "../peer.ts";

const { Client, Dataset, Scp, Server, constants, requests, responses } = dimse;
const { PresentationContextResult, SopClass, Status, TransferSyntax } = constants;
const TEXT = { characterSet: "ISO_IR 192" } as const;

dimse.log.setLevel("silent");

interface Elements {
  readonly SOPInstanceUID?: string;
  readonly PixelData?: readonly ArrayBuffer[];
}

/** What the SCP of the other stack saw. */
const theirs = { echoes: 0, stored: [] as Elements[], steps: [] as string[] };

class TheirScp extends Scp {
  override associationRequested(association: InstanceType<typeof dimse.association.Association>) {
    for (const { id } of association.getPresentationContexts()) {
      const context = association.getPresentationContext(id);
      context.setResult(PresentationContextResult.Accept, TransferSyntax.ImplicitVRLittleEndian);
    }
    this.sendAssociationAccept();
  }

  override cEchoRequest(
    request: InstanceType<typeof requests.CEchoRequest>,
    callback: (response: InstanceType<typeof responses.CEchoResponse>) => void,
  ) {
    theirs.echoes++;
    const response = responses.CEchoResponse.fromRequest(request);
    response.setStatus(Status.Success);
    callback(response);
  }

  override cStoreRequest(
    request: InstanceType<typeof requests.CStoreRequest>,
    callback: (response: InstanceType<typeof responses.CStoreResponse>) => void,
  ) {
    theirs.stored.push({ ...request.getDataset()?.getElements() });
    const response = responses.CStoreResponse.fromRequest(request);
    response.setStatus(Status.Success);
    callback(response);
  }

  override cFindRequest(
    request: InstanceType<typeof requests.CFindRequest>,
    callback: (response: InstanceType<typeof responses.CFindResponse>[]) => void,
  ) {
    const pending = ["One", "Two", "Three"].map((PatientID, i) => {
      const response = responses.CFindResponse.fromRequest(request);
      response.setDataset(new Dataset({ PatientID, PatientName: `${PatientID}^Name` }));
      response.setStatus(i === 1 ? 0xff01 : Status.Pending);
      return response;
    });
    const final = responses.CFindResponse.fromRequest(request);
    final.setStatus(Status.Success);
    callback([...pending, final]);
  }

  override nCreateRequest(
    request: InstanceType<typeof requests.NCreateRequest>,
    callback: (response: InstanceType<typeof responses.NCreateResponse>) => void,
  ) {
    theirs.steps.push(
      String(request.getDataset()?.getElement("PerformedProcedureStepStatus")),
      request.getAffectedSopInstanceUid(),
    );
    const response = responses.NCreateResponse.fromRequest(request);
    response.setStatus(Status.Success);
    callback(response);
  }

  override nSetRequest(
    request: InstanceType<typeof requests.NSetRequest>,
    callback: (response: InstanceType<typeof responses.NSetResponse>) => void,
  ) {
    theirs.steps.push(
      String(request.getDataset()?.getElement("PerformedProcedureStepStatus")),
      request.getRequestedSopInstanceUid(),
    );
    const response = responses.NSetResponse.fromRequest(request);
    response.setStatus(Status.Success);
    callback(response);
  }

  override associationReleaseRequested() {
    this.sendAssociationReleaseResponse();
  }
}

async function theirServer() {
  const port = await freePort();
  const server = new Server(TheirScp);
  server.on("networkError", () => {});
  server.listen(port);
  await listening(port, () => false);
  return { port, [Symbol.dispose]: () => server.close() };
}

/** Sends requests of the other stack to a port; resolves when the association is closed. */
async function theirClient(
  port: number,
  sent: readonly InstanceType<typeof requests.CEchoRequest>[],
) {
  const client = new Client();
  for (const request of sent) client.addRequest(request);
  await new Promise<void>((resolve, reject) => {
    client.on("closed", () => resolve());
    client.on("networkError", reject);
    client.send("127.0.0.1", port, "THEM", "UDR10A");
  });
}

describe("dcmjs-dimse as SCP", () => {
  test("answers our C-ECHO", async () => {
    using server = await theirServer();
    const channel = await connect(server.port, proposedContexts(VERIFICATION_PROPOSED.rows));
    expect(await verify(channel, { timeoutMs: 5_000 })).toMatchObject({ kind: "success" });
    expect(await channel.release()).toEqual({ kind: "released" });
    expect(theirs.echoes).toBe(1);
  });

  test("takes our instances", async () => {
    using server = await theirServer();
    const instances = [testInstance({ rows: 300, columns: 300 }), testInstance()];
    const channel = await connect(
      server.port,
      storageContexts(instances.map(({ sopClassUid }) => sopClassUid)),
    );
    const kinds: string[] = [];
    await storeInstances(channel, instances, {
      timeoutMs: 5_000,
      warningPolicy: "accept",
      onOutcome: (_, { kind }) => void kinds.push(kind),
    });
    await channel.release();
    expect(kinds).toEqual(["stored", "stored"]);
    expect(theirs.stored.map(({ SOPInstanceUID }) => SOPInstanceUID)).toEqual(
      instances.map(({ sopInstanceUid }) => sopInstanceUid),
    );
    const [pixels] = theirs.stored[0]?.PixelData ?? [];
    expect(Buffer.from(pixels ?? new ArrayBuffer(0))).toEqual(
      Buffer.from(instances[0]?.pixels ?? new Uint8Array()),
    );
  });

  test("answers our worklist query, a FF01 among its items", async () => {
    using server = await theirServer();
    const channel = await connect(server.port, proposedContexts(WORKLIST_PROPOSED.rows));
    const outcome = await findWorklist(
      channel,
      { modality: "RF", scheduledDate: "20260105", scheduledStationAeTitle: "UDR10A" },
      { clock, text: TEXT, maxItems: 100, timeoutMs: 5_000 },
    );
    expect(outcome).toMatchObject({ kind: "success", complete: true });
    expect(
      outcome.kind === "success" && outcome.items.map((item) => item.string(Tag.PatientID)),
    ).toEqual(["One", "Two", "Three"]);
    await channel.release();
  });

  test("takes our performed step, N-CREATE and N-SET", async () => {
    using server = await theirServer();
    const channel = await connect(server.port, proposedContexts(MPPS_PROPOSED.rows));
    const step = (status: string) => ({
      sopInstanceUid: "1.2.3.4",
      dataSet: new DataSet().text(Tag.PerformedProcedureStepStatus, "CS", status),
      repeated: false,
    });
    const options = { timeoutMs: 5_000, text: TEXT };
    const created = await createStep(channel, step("IN PROGRESS"), options);
    const set = await setStep(channel, step("COMPLETED"), options);
    expect([created.kind, set.kind]).toEqual(["success", "success"]);
    expect(theirs.steps).toEqual(["IN PROGRESS", "1.2.3.4", "COMPLETED", "1.2.3.4"]);
    await channel.release();
  });
});

describe("dcmjs-dimse as SCU", () => {
  test("its C-ECHO is answered", async () => {
    await using us = await memoryScp();
    await theirClient(us.port, [new requests.CEchoRequest(), new requests.CEchoRequest()]);
    expect(us.echoes).toBe(2);
  });

  test("its instances are stored", async () => {
    await using us = await memoryScp();
    const instance = testInstance({ rows: 200, columns: 200 });
    const { dataSetOffset } = await readObjectHeader(memorySource(instance.file));
    const data = Buffer.from(instance.file.slice(dataSetOffset));
    const dataset = new Dataset(data, TransferSyntax.ExplicitVRLittleEndian);
    const request = new requests.CStoreRequest(dataset);
    await theirClient(us.port, [request]);
    const file = us.files.get(instance.sopInstanceUid) ?? new Uint8Array();
    const { pixel, dataSet } = await readObjectHeader(memorySource(file));
    expect(dataSet.string(Tag.PatientID)).toBe("P1");
    expect(file.subarray(pixel?.offset)).toEqual(instance.pixels);
  });

  test("its query is answered with all our matches", async () => {
    const match = (id: string) =>
      encodeDataSet(new DataSet().text(Tag.PatientID, "LO", id), {
        explicitVr: false,
        characterSet: "default-kanji",
      });
    await using us = await scriptedPeer({
      answer: () => ({ transferSyntax: TransferSyntax.ImplicitVRLittleEndian }),
      handlers: {
        "C-FIND-RQ": (_, reply) => ({
          async end() {
            for (const id of ["A", "B", "C"]) await reply.respond({ status: 0xff00 }, [match(id)]);
            await reply.respond({ status: 0 });
          },
        }),
      },
    });
    const found: unknown[] = [];
    const request = requests.CFindRequest.createWorklistFindRequest({ PatientID: "*" });
    request.on("response", (response: InstanceType<typeof responses.CFindResponse>) => {
      const dataset = response.getDataset();
      if (dataset !== undefined) found.push(dataset.getElement("PatientID"));
    });
    await theirClient(us.port, [request]);
    expect(found).toEqual(["A", "B", "C"]);
    expect(SopClass.ModalityWorklistInformationModelFind).toBe("1.2.840.10008.5.1.4.31");
  });
});
