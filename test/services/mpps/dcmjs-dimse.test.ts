// Performed steps told to an MPPS server built on dcmjs-dimse, the other stack's own reading of them.

import { expect, test } from "bun:test";
import dimse from "dcmjs-dimse";
import type { Exam } from "../../../src/model/exam.ts";
import { StepService } from "../../../src/services/mpps/step-service.ts";
import { freePort } from "../../peers/free-port.ts";
import { listening } from "../../peers/storescp.ts";
import { examOf, objectOf } from "../../store/objects.ts";
import { MORNING_MS, openStation, remoteAt } from "../station.ts";

const { Scp, Server, constants, requests, responses } = dimse;
const { PresentationContextResult, Status, TransferSyntax } = constants;
dimse.log.setLevel("silent");

/** Elements by keyword, as dcmjs reads them. */
type Elements = Readonly<Record<string, unknown>>;
const told: { kind: "create" | "set"; uid: string; elements: Elements }[] = [];
let arrived: () => void = () => {};

class Department extends Scp {
  override associationRequested(association: InstanceType<typeof dimse.association.Association>) {
    for (const { id } of association.getPresentationContexts())
      association
        .getPresentationContext(id)
        .setResult(PresentationContextResult.Accept, TransferSyntax.ImplicitVRLittleEndian);
    this.sendAssociationAccept();
  }

  override nCreateRequest(
    request: InstanceType<typeof requests.NCreateRequest>,
    callback: (response: InstanceType<typeof responses.NCreateResponse>) => void,
  ) {
    const elements = { ...request.getDataset()?.getElements() } as Elements;
    told.push({ kind: "create", uid: request.getAffectedSopInstanceUid(), elements });
    const response = responses.NCreateResponse.fromRequest(request);
    response.setStatus(Status.Success);
    callback(response);
    arrived();
  }

  override nSetRequest(
    request: InstanceType<typeof requests.NSetRequest>,
    callback: (response: InstanceType<typeof responses.NSetResponse>) => void,
  ) {
    const elements = { ...request.getDataset()?.getElements() } as Elements;
    told.push({ kind: "set", uid: request.getRequestedSopInstanceUid(), elements });
    const response = responses.NSetResponse.fromRequest(request);
    response.setStatus(Status.Success);
    callback(response);
    arrived();
  }

  override associationReleaseRequested() {
    this.sendAssociationReleaseResponse();
  }
}

test("an exam is told as a step: created, then completed with its series", async () => {
  const port = await freePort();
  const server = new Server(Department);
  server.on("networkError", () => {});
  server.listen(port);
  await listening(port, () => false);
  try {
    const station = await openStation({
      remotes: [remoteAt(port, ["mpps"], { characterSet: "ISO_IR 192" })],
      device: { timeZone: "Asia/Tokyo" },
      associationResponseTimeout: 10,
    });
    const service = new StepService(station);
    const exam: Exam = {
      ...examOf("e1", "1.2.3"),
      startedMs: MORNING_MS,
      patient: { patientId: "P1", patientName: "Yamada^Tarou=山田^太郎" },
      operator: "Tanaka^Ken",
    };
    await station.storage.apply([{ kind: "exam", exam }]);
    const outcome = await station.storage.writeObject(
      objectOf("1.2.3.1.5", { study: "1.2.3", examId: "e1" }),
    );
    if (outcome.kind !== "stored") throw new Error(outcome.kind);
    const next = () =>
      new Promise<void>((resolve) => {
        arrived = resolve;
      });
    const created = next();
    await service.onInstance(exam, outcome.record);
    await created;
    const ended: Exam = { ...exam, state: "completed", endedMs: MORNING_MS + 60_000 };
    const completed = new Promise<void>((resolve) => {
      service.changes.add(() => {
        if (service.state(ended).state === "completed") resolve();
      });
    });
    await station.storage.apply([{ kind: "exam", exam: ended }]);
    await service.onEnded(ended);
    await completed;
    expect(told.map(({ kind, uid }) => [kind, uid])).toEqual([
      ["create", exam.mppsSopInstanceUid],
      ["set", exam.mppsSopInstanceUid],
    ]);
    const [create, set] = told.map((t) => t.elements);
    expect(create).toMatchObject({
      PerformedProcedureStepStatus: "IN PROGRESS",
      PerformedProcedureStepStartDate: "20260105",
      PerformedProcedureStepStartTime: "093000",
      Modality: "DX",
    });
    expect(JSON.stringify(create?.["PatientName"])).toContain("Yamada^Tarou");
    expect(set).toMatchObject({
      PerformedProcedureStepStatus: "COMPLETED",
      PerformedProcedureStepEndTime: "093100",
    });
    const series = JSON.stringify(set?.["PerformedSeriesSequence"]);
    expect(series).toContain("1.2.3.1.5");
    expect(series).toContain("Tanaka^Ken");
    await service.stop();
  } finally {
    server.close();
  }
}, 20_000);
