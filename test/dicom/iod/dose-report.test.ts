// The dose report's content: every template row on built reports, totals against their events, and
// what an appended step does.

import { describe, expect, test } from "bun:test";
import { Tag } from "../../../src/dicom/dict/attributes.ts";
import type { ReportFacts } from "../../../src/dicom/iod/facts.ts";
import { buildDoseReport, buildRfImage } from "../../../src/dicom/iod/objects.ts";
import { accumulatedDose } from "../../../src/dicom/iod/sr/accumulated-dose.ts";
import { REFERENCE_POINTS } from "../../../src/dicom/iod/sr/context.ts";
import { deviceObserver } from "../../../src/dicom/iod/sr/device-observer.ts";
import { fluoroscopyAndAcquisitionDose } from "../../../src/dicom/iod/sr/fluoroscopy-and-acquisition-dose.ts";
import { irradiationEvent } from "../../../src/dicom/iod/sr/irradiation-event.ts";
import { irradiationEventSource } from "../../../src/dicom/iod/sr/irradiation-event-source.ts";
import { observerContext } from "../../../src/dicom/iod/sr/observer-context.ts";
import { projectionDose } from "../../../src/dicom/iod/sr/projection-dose.ts";
import type { Template, TemplateRow } from "../../../src/dicom/iod/sr/template.ts";
import { totalDose } from "../../../src/dicom/iod/sr/total-dose.ts";
import { reportSeriesNumber } from "../../../src/dicom/iod/uid.ts";
import { gy, gyM2, milliseconds } from "../../../src/model/units.ts";
import { row } from "../../coverage.ts";
import { childrenOf, everyNode, type Node, nodeOf } from "./content-items.ts";
import { exam, exposureOf, imageFacts, reportFacts, STUDY_UID, seriesOf } from "./variants.ts";

const EVENT = "113706";
const ACCUMULATED = "113702";

const rootOf = (facts: ReportFacts): Node => nodeOf(buildDoseReport(facts).dataSet);
const eventOf = (exposure: ReportFacts["events"][number]["exposure"]) => ({
  exposure,
  protocolName: "UPPER GI",
  bodyPart: "ABDOMEN",
});
const only = (nodes: readonly Node[]): Node => {
  expect(nodes).toHaveLength(1);
  return nodes[0] as Node;
};

const mixed = rootOf(reportFacts());
const radiographs = rootOf(
  reportFacts({ events: [eventOf(exposureOf("radiography")), eventOf(exposureOf("serial"))] }),
);
const continuous = rootOf(
  reportFacts({
    events: [
      eventOf(exposureOf("fluoroscopy", {}, { pulseRate: 0, pulses: 0, pulseMs: milliseconds(0) })),
    ],
  }),
);

describe("rows of the templates", () => {
  /** Where a template's rows of the first level stand. */
  const places: readonly (readonly [Template<never>, (root: Node) => readonly Node[]])[] = [
    [projectionDose, (root) => [root]],
    [observerContext, (root) => [root]],
    [deviceObserver, (root) => [root]],
    [accumulatedDose, (root) => childrenOf(root, ACCUMULATED)],
    [fluoroscopyAndAcquisitionDose, (root) => childrenOf(root, ACCUMULATED)],
    [totalDose, (root) => childrenOf(root, ACCUMULATED)],
    [irradiationEvent, (root) => childrenOf(root, EVENT)],
    [irradiationEventSource, (root) => childrenOf(root, EVENT)],
  ];

  for (const [template, place] of places)
    for (const line of template.rows)
      test(`${row(template.table, `row ${line.row}`)} ${line.concept?.meaning ?? `includes TID ${line.include?.tid}`}`, () => {
        for (const root of [mixed, radiographs, continuous])
          for (const parent of place(root)) checkRow(template, line, parent);
      });

  function checkRow(template: Template<never>, line: TemplateRow<never>, parent: Node): void {
    if (line.include !== undefined) {
      const [included] = places.find(([t]) => t.tid === line.include?.tid) ?? [];
      const always = included?.rows.find((r) => r.presence === "ALWAYS" && r.when === undefined);
      const first = always?.concept?.value ?? "none";
      const found = childrenOf(parent, first);
      expect(found.length).toBeGreaterThan(0);
      if (line.vm === "1") expect(found).toHaveLength(1);
      for (const node of found)
        expect(node.relationship).toBe(line.relationship ?? always?.relationship ?? undefined);
      return;
    }
    const concept = line.concept?.value ?? "none";
    // A container's own row is the parent; a row two levels down hangs below the row before it.
    if (line.valueType === "CONTAINER") {
      expect(parent.concept).toEqual(line.concept);
      expect(parent.continuity).toBe("SEPARATE");
      expect(parent.template).toBe(template.tid);
      return;
    }
    const base = template.rows[0]?.valueType === "CONTAINER" ? 1 : 0;
    const found =
      line.level === base
        ? childrenOf(parent, concept)
        : parent.children.flatMap((child) => childrenOf(child, concept));
    const presence =
      line.when && !holds(line, parent) ? (line.otherwise ?? "ABSENT") : line.presence;
    if (presence === "ABSENT") expect(found).toEqual([]);
    if (presence === "ALWAYS") expect(found.length).toBeGreaterThan(0);
    if (line.vm === "1") expect(found.length).toBeLessThanOrEqual(1);
    for (const node of found) {
      expect(node.concept).toEqual(line.concept);
      expect(node.valueType).toBe(line.valueType);
      expect(node.relationship).toBe(line.relationship ?? undefined);
      if (line.codes !== undefined) expect(line.codes).toContainEqual(node.code as never);
      expect(node.units).toEqual(line.units);
      if (line.valueType === "NUM") {
        expect(node.text).toMatch(/^\d+(\.\d+)?$/);
        expect(node.text?.length).toBeLessThanOrEqual(16);
      }
    }
  }

  function holds(line: TemplateRow<never>, parent: Node): boolean {
    const { when } = line;
    const type = (event: Node) => childrenOf(event, "113721")[0]?.code?.value;
    if (when === undefined) return true;
    if ("eventType" in when) {
      const root = [mixed, radiographs, continuous].find((r) => r.children.includes(parent));
      return childrenOf(root as Node, EVENT).some((event) => type(event) === when.eventType);
    }
    if ("ownEventType" in when) return type(parent) === when.ownEventType;
    const mode = childrenOf(parent, "113732")[0]?.code?.value ?? null;
    return when.fluoroMode.includes(mode);
  }
});

describe("events and totals", () => {
  test("every exposure is an event, fluoroscopy that was not kept included", () => {
    const uids = childrenOf(mixed, EVENT).map((e) => only(childrenOf(e, "113769")).text);
    expect(uids).toEqual(reportFacts().events.map((e) => e.exposure.irradiationEventUid));
    const types = childrenOf(mixed, EVENT).map((e) => only(childrenOf(e, "113721")).code?.meaning);
    expect(types).toEqual(["Stationary Acquisition", "Fluoroscopy"]);
  });

  test("totals are those of the events, and without fluoroscopy its totals are left out", () => {
    const total = (root: Node, code: string) =>
      childrenOf(only(childrenOf(root, ACCUMULATED)), code)[0]?.text;
    expect(total(mixed, "113722")).toBe("0.00002183");
    expect(total(mixed, "113726")).toBe("0.00002003");
    expect(total(mixed, "113727")).toBe("0.0000018");
    expect(total(mixed, "113725")).toBe("0.00128");
    expect(total(mixed, "113730")).toBe("6.00003");
    expect(total(mixed, "113855")).toBe("0.024");
    expect(total(mixed, "113731")).toBe("1");
    expect(total(radiographs, "113726")).toBeUndefined();
    expect(total(radiographs, "113731")).toBe("4");
    expect(total(continuous, "113727")).toBe("0");
    expect(total(continuous, "113855")).toBe("0");
  });

  test("sums that binary fractions would get wrong are exact", () => {
    const events = Array.from({ length: 10 }, (_, i) =>
      eventOf(exposureOf("radiography", {}, { dap: gyM2(0.1 * (i + 1)), doseRp: gy(0.1) })),
    );
    const root = rootOf(reportFacts({ events }));
    const accumulated = only(childrenOf(root, ACCUMULATED));
    expect(only(childrenOf(accumulated, "113722")).text).toBe("5.5");
    expect(only(childrenOf(accumulated, "113725")).text).toBe("1");
  });

  test("dose-area product is in Gy.m2, 100000 of which are one dGy.cm2 of the image (R1)", () => {
    const exposure = exposureOf("serial", {}, { dap: gyM2(0.0000018) });
    const root = rootOf(reportFacts({ events: [eventOf(exposure)] }));
    const dap = only(childrenOf(only(childrenOf(root, EVENT)), "122130"));
    expect(dap.text).toBe("0.0000018");
    expect(dap.units).toEqual({ value: "Gy.m2", scheme: "UCUM", meaning: "Gy.m2" });
    const image = buildRfImage(imageFacts("RF", "serial", { exposure, frames: 3 })).dataSet;
    expect(image.string(Tag.ImageAndFluoroscopyAreaDoseProduct)).toBe("0.18");
  });

  test("dose at the reference point is in Gy everywhere (R2)", () => {
    const doses = everyNode(mixed).filter((n) => n.concept?.meaning.includes("(RP)"));
    expect(doses.length).toBe(5);
    for (const dose of doses) expect(dose.units?.value).toBe("Gy");
  });

  test("current, pulses and frames are given for every event (R5)", () => {
    for (const event of childrenOf(mixed, EVENT))
      for (const code of ["113734", "113768", "113733", "113824"])
        expect(Number(only(childrenOf(event, code)).text)).toBeGreaterThan(0);
  });

  test("the observer is the device, by UID (R3)", () => {
    expect(only(childrenOf(mixed, "121012")).text).toBe(reportFacts().device.deviceUid);
  });

  test("a body part without a code is reported as the entire body", () => {
    const event = { ...eventOf(exposureOf("radiography")), bodyPart: "TOOTH" };
    const root = rootOf(reportFacts({ events: [event] }));
    expect(only(childrenOf(only(childrenOf(root, EVENT)), "123014")).code?.meaning).toBe(
      "Entire body",
    );
  });

  test.each(REFERENCE_POINTS.map((p) => [p.value, p.meaning] as const))(
    "reference point %s, %s, stands with the totals and with each event",
    (value, meaning) => {
      const root = rootOf(reportFacts({ referencePoint: value }));
      const points = everyNode(root).filter((n) => n.concept?.value === "113780");
      expect(points.map((p) => p.code)).toEqual(
        points.map(() => ({ value, scheme: "DCM", meaning })),
      );
      expect(points).toHaveLength(3);
    },
  );
});

describe("the document", () => {
  test("lists images by series as evidence, and leaves the sequence out without any (E88)", () => {
    const instance = (series: string, instanceUid: string) => ({
      seriesInstanceUid: series,
      sopClassUid: "1.2.840.10008.5.1.4.1.1.12.2",
      sopInstanceUid: instanceUid,
    });
    const evidence = [
      instance("1.2.1", "1.2.1.1"),
      instance("1.2.2", "1.2.2.1"),
      instance("1.2.1", "1.2.1.2"),
    ];
    const { dataSet } = buildDoseReport(reportFacts({ evidence }));
    const [study] = dataSet.items(Tag.CurrentRequestedProcedureEvidenceSequence);
    expect(
      study
        ?.items(Tag.ReferencedSeriesSequence)
        .map((series) => [
          series.string(Tag.SeriesInstanceUID),
          series
            .items(Tag.ReferencedSOPSequence)
            .map((i) => i.string(Tag.ReferencedSOPInstanceUID)),
        ]),
    ).toEqual([
      ["1.2.1", ["1.2.1.1", "1.2.1.2"]],
      ["1.2.2", ["1.2.2.1"]],
    ]);
    const without = buildDoseReport(reportFacts({ evidence: [] })).dataSet;
    expect(without.has(Tag.CurrentRequestedProcedureEvidenceSequence)).toBe(false);
  });

  test("of an appended step is a series of its own that covers every step", () => {
    const events = [1, 2, 3].map((n) =>
      eventOf(exposureOf("radiography", { irradiationEventUid: `1.2.${n}` })),
    );
    const facts = reportFacts({
      events,
      exam: { ...exam, stepNumber: 2 },
      series: seriesOf("SR", {
        seriesNumber: reportSeriesNumber(2),
        seriesInstanceUid: `${STUDY_UID}.9002`,
      }),
    });
    const { dataSet } = buildDoseReport(facts);
    expect(dataSet.number(Tag.SeriesNumber)).toBe(9002);
    const root = nodeOf(dataSet);
    expect(childrenOf(root, EVENT)).toHaveLength(3);
    const accumulated = only(childrenOf(root, ACCUMULATED));
    expect(only(childrenOf(accumulated, "113722")).text).toBe("0.0000054");
  });

  test("carries the Synchronization module only with a disciplined clock (E90)", () => {
    expect(buildDoseReport(reportFacts()).dataSet.has(Tag.SynchronizationTrigger)).toBe(false);
    const { dataSet } = buildDoseReport(
      reportFacts({ synchronization: { acquisitionTimeSynchronized: false, protocol: "SNTP" } }),
    );
    expect(dataSet.string(Tag.SynchronizationFrameOfReferenceUID)).toBe("1.2.840.10008.15.1.1");
    expect(dataSet.string(Tag.AcquisitionTimeSynchronized)).toBe("N");
    expect(dataSet.string(Tag.TimeDistributionProtocol)).toBe("SNTP");
  });
});
