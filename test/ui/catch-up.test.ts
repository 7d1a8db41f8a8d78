// What the kiosk shows of the device's other side: steps, captures, held exams, marks, the PIN.

import { expect, setDefaultTimeout, test } from "bun:test";
import type { Page } from "playwright-core";
import sharp from "sharp";
import type { Exam, Exposure, Health, Instance } from "../../src/api/contract.ts";
import { answer, refuse } from "../../src/api/problem.ts";
import { exposureLines } from "../../src/ui/exposure-lines.ts";
import { briefMarksOf, marksOf } from "../../src/ui/marks.ts";
import { bearsItsWords } from "../../src/ui/viewer/view-picture.ts";
import { keysOfCode } from "../../src/ui/worklist-search.ts";
import { button, inChromium, type Kiosk, type KioskOptions, kiosksForTests } from "./kiosk.ts";

setDefaultTimeout(60_000);
const PIN = "271828";

const openOne = kiosksForTests();

async function open(options: KioskOptions = {}): Promise<Kiosk> {
  const kiosk = await openOne(options);
  kiosk.page.setDefaultTimeout(15_000);
  kiosk.device.pinValue = PIN;
  return kiosk;
}

const inDialog = (page: Page, name: string) =>
  page.getByRole("dialog").getByRole("button", { name, exact: true });

/** Pictures for whoever wants to look at the screens. */
const look = async (page: Page, name: string) => {
  const folder = process.env["UDR_UI_PICTURES"];
  if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png` });
};

async function examWithImage(options: KioskOptions = {}): Promise<Kiosk> {
  const opened = await open(options);
  const { page } = opened;
  await button(page, "Emergency").tap();
  await page.locator("#prepare").tap();
  await page.locator(".lamp.ready").waitFor();
  await page.locator("#expose").tap();
  await page.locator('.viewer[data-state="shown"]').waitFor();
  return opened;
}

/** The device's only exam, changed and announced. */
function change({ device }: Kiosk, news: Partial<Exam>): Exam {
  const [exam] = device.examsKept.values();
  if (exam === undefined) throw new Error("no exam is kept");
  const changed = { ...exam, ...news };
  device.examsKept.set(changed.id, changed);
  device.events.publish({ type: "exam", data: changed });
  return changed;
}

async function enterPin(page: Page, pin: string, action: string): Promise<void> {
  for (const digit of pin) await inDialog(page, digit).tap();
  await inDialog(page, action).tap();
}

/** No target in sight is too small for a gloved finger. */
async function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll("button, input")].flatMap((element) => {
      const box = element.getBoundingClientRect();
      return box.width > 0 && Math.min(box.width, box.height) < 63.5
        ? [`${element.textContent} ${box.width.toFixed(0)}×${box.height.toFixed(0)}`]
        : [];
    }),
  );
}

const INSTANCE: Instance = {
  sopInstanceUid: "1.2.3.4.1",
  sopClassUid: "1.2.840.10008.5.1.4.1.1.1.1",
  studyInstanceUid: "1.2.3",
  seriesInstanceUid: "1.2.3.1",
  modality: "DX",
  seriesNumber: 1,
  instanceNumber: 1,
  numberOfFrames: 1,
  rows: 10,
  columns: 10,
  fileBytes: 1,
  createdAt: "2026-01-05T08:00:00.000Z",
  local: true,
  send: [
    { remoteId: "archive", state: "stored" },
    { remoteId: "ward", state: "refused", reason: "The server's disk is full." },
  ],
  commit: [{ remoteId: "archive", state: "requested" }],
  print: [{ target: "film", state: "done" }],
  export: [{ target: "STICK", state: "failed" }],
};

test("an instance has a mark for every place it went, and the worst of each kind in brief", () => {
  expect(
    marksOf({ ...INSTANCE, held: true }).map(({ place, tone, text }) => [place, tone, text]),
  ).toEqual([
    ["", "bad", "held back"],
    ["archive", "good", "sent"],
    ["ward", "bad", "refused"],
    ["archive", "busy", "not confirmed yet"],
    ["film", "good", "printed"],
    ["STICK", "bad", "not exported"],
  ]);
  expect(briefMarksOf(INSTANCE).map(({ icon, tone }) => `${icon} ${tone}`)).toEqual([
    "send bad",
    "archive busy",
    "print good",
    "export bad",
  ]);
});

test("technique, dose and exposure index stand beside the image where they are known", () => {
  const exposure: Exposure = { exposureId: "x", irradiationEventUid: "1.2", kind: "radiography" };
  expect(exposureLines(exposure)).toEqual([]);
  expect(
    exposureLines({
      ...exposure,
      kv: 117,
      ma: 200,
      exposureTimeMs: 12.5,
      dapGyM2: 0.0000123,
      exposureIndex: 412.4,
      targetExposureIndex: 360,
      deviationIndex: 0.59,
    }),
  ).toEqual(["117 kV  200 mA  12.5 ms", "DAP 12.3 µGy·m²", "EI 412  DI +0.6  target 360"]);
  expect(exposureLines({ ...exposure, dapGyM2: 0.00316867 })).toEqual(["DAP 3169 µGy·m²"]);
  expect(exposureLines({ ...exposure, exposureIndex: 360, deviationIndex: -0.04 })).toEqual([
    "EI 360  DI 0.0",
  ]);
});

test("a bar code is tried as patient id, accession number and procedure id, as far as it fits", () => {
  expect(keysOfCode("A1002", "any")).toEqual([
    { patientId: "A1002" },
    { accessionNumber: "A1002" },
    { requestedProcedureId: "A1002" },
  ]);
  expect(keysOfCode("12345678901234567", "any")).toEqual([{ patientId: "12345678901234567" }]);
  expect(keysOfCode("A1", "accession")).toEqual([{ accessionNumber: "A1" }]);
  expect(keysOfCode("P1", "patient")).toEqual([{ patientId: "P1" }]);
});

test("a capture made here bears its words; an image and a foreign capture do not", () => {
  const capture = "1.2.840.10008.5.1.4.1.1.7";
  expect(bearsItsWords({ sopClassUid: capture })).toBe(true);
  expect(bearsItsWords({ sopClassUid: `${capture}.2`, local: true })).toBe(true);
  expect(bearsItsWords({ sopClassUid: capture, local: false })).toBe(false);
  expect(bearsItsWords({ sopClassUid: `${capture}7.1` })).toBe(false);
  expect(bearsItsWords(INSTANCE)).toBe(false);
});

inChromium("a failed step says why and is sent again; index and notices are shown", async () => {
  const opened = await examWithImage();
  const { page, device } = opened;
  const exam = change(opened, {
    mpps: { sopInstanceUid: "1.2.9", state: "failed", reason: "ris answered 0110." },
    notices: ["The patient's name was cut to 64 characters."],
  });
  const [exposure] = exam.exposures;
  if (exposure === undefined) throw new Error("no exposure");
  change(opened, { exposures: [{ ...exposure, exposureIndex: 412, deviationIndex: 0.6 }] });
  await page.locator('[data-step="failed"]').getByText("ris answered 0110.").waitFor();
  await page.getByText("The patient's name was cut to 64 characters.").waitFor();
  await page.locator(".overlay.upper.right").getByText("EI 412  DI +0.6").waitFor();
  await look(page, "exam-failed-step");
  expect(await smallTargets(page)).toEqual([]);
  const end = await button(page, "Complete").boundingBox();
  expect((end?.y ?? 9999) + (end?.height ?? 0)).toBeLessThanOrEqual(800);
  await button(page, "Send again").tap();
  await page.locator('[data-step="pending"]').waitFor();
  expect(device.calls).toContain(`resend ${exam.id}`);
});

inChromium("the simulated pedal makes runs of any kind, and captures join the exam", async () => {
  const opened = await examWithImage();
  const { page, device } = opened;
  await button(page, "Fluoro").tap();
  await button(page, "Run length +").tap();
  await page.locator("#prepare").tap();
  await page.locator(".lamp.ready").waitFor();
  await look(page, "exam-pedal");
  await button(page, "Foot pedal").tap();
  await page.locator(".thumbnail").nth(1).waitFor();
  expect(device.calls).toContain('expose {"kind":"fluoroscopy","durationMs":4000}');
  await page.locator('.viewer[data-state="shown"]').waitFor();

  let image = "";
  const { exams } = device;
  const make = exams.secondaryCapture;
  exams.secondaryCapture = (id, request) => {
    image = request.image ?? image;
    return make?.call(exams, id, request) ?? Promise.resolve(refuse("unsupported", "no captures"));
  };
  await button(page, "Capture").tap();
  await look(page, "capture");
  await inDialog(page, "Dose page").tap();
  await page.locator(".thumbnail").nth(2).waitFor();
  expect(device.calls).toContain("capture dose-page");
  await page.locator('.viewer[data-state="shown"]').waitFor();
  // The route was bound when the page opened, so the request is read as it leaves.
  await button(page, "Capture").tap();
  const sent = page.waitForRequest((request) => request.url().endsWith("/secondary-captures"));
  await inDialog(page, "Image as shown").tap();
  const body = (await sent).postDataJSON() as { kind: string; image: string };
  expect(body.kind).toBe("screen");
  const { data, info } = await sharp(Buffer.from(body.image, "base64"))
    .greyscale()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const canvas = await page.locator(".viewer canvas").boundingBox();
  expect([info.width, info.height]).toEqual([
    Math.round(canvas?.width ?? 0),
    Math.round(canvas?.height ?? 0),
  ]);
  // The middle of the chest is bright, and white words stand in the upper left corner.
  const at = (x: number, y: number) => data[Math.floor(y) * info.width + Math.floor(x)] ?? 0;
  expect(at(info.width / 2, info.height * 0.7)).toBeGreaterThan(100);
  let white = 0;
  for (let y = 0; y < 60; y++) for (let x = 0; x < 200; x++) if (at(x, y) > 240) white++;
  expect(white).toBeGreaterThan(50);
  if (process.env["UDR_UI_PICTURES"] !== undefined)
    await Bun.write(
      `${process.env["UDR_UI_PICTURES"]}/captured.png`,
      Buffer.from(body.image, "base64"),
    );
  await page.locator(".thumbnail").nth(3).waitFor();
});

inChromium("a late live frame claims no beam, and none covers an exam that has ended", async () => {
  const { page, device } = await examWithImage();
  const [exam] = device.examsKept.values();
  const emit = (sequence: number) =>
    device.liveFrames.emit({
      sequence,
      columns: 64,
      rows: 64,
      atMs: 0,
      lastImageHold: false,
      pixels: new Uint8Array(64 * 64).fill(90),
    });
  device.setAcquisition("exposing", exam?.id);
  await page.locator(".lamp.exposing").waitFor();
  emit(0);
  await page.locator(".live-mark").getByText("LIVE").waitFor();
  device.setAcquisition("idle", exam?.id);
  await page.locator(".live-mark").waitFor({ state: "detached" });
  emit(1);
  await page.locator('.viewer[data-frame="1"]').getByText("Last image").waitFor();
  await button(page, "Complete").tap();
  await inDialog(page, "Complete").tap();
  await page.locator('.viewer[data-state="shown"]').waitFor();
});

inChromium("held images are released; a study that is not archived goes with the PIN", async () => {
  const opened = await examWithImage();
  const { page, device } = opened;
  await button(page, "Discontinue").tap();
  await button(page, "Wrong worklist entry").tap();
  await page.locator(".ended.discontinued").waitFor();
  const exam = change(opened, { held: true });
  await page.locator(`[data-held="${exam.id}"]`).waitFor();
  await look(page, "exam-held");
  expect(await smallTargets(page)).toEqual([]);
  await button(page, "Studies").tap();
  await page.locator(`.studies [data-held="${exam.id}"]`).waitFor();
  await look(page, "studies-held");
  await button(page, "Release").tap();
  await inDialog(page, "Release").tap();
  await page.locator("[data-held]").waitFor({ state: "detached" });
  expect(device.calls).toContain(`release ${exam.id}`);

  const plain = device.studies.get.bind(device.studies);
  const { send, commit, print, export: copies } = INSTANCE;
  device.studies.get = async (uid) => {
    const found = await plain(uid);
    if (!found.ok) return found;
    const series = found.value.series.map((each) => ({
      ...each,
      instances: each.instances.map((i) => ({ ...i, send, commit, print, export: copies })),
    }));
    return answer({ ...found.value, series });
  };
  await page.locator(".row").first().tap();
  await page.locator('.thumbnail [data-mark="send bad"]').waitFor();
  await page.locator(".study-facts").getByText("The server's disk is full.").waitFor();
  await look(page, "study-marks");
  await button(page, "All objects").tap();
  await page.getByRole("dialog").getByText("not exported").waitFor();
  await look(page, "study-objects");
  await inDialog(page, "Close").tap();

  await button(page, "Delete").tap();
  await inDialog(page, "Delete").tap();
  await page.getByText("The archive has not confirmed this study.").waitFor();
  await inDialog(page, "Delete with PIN").tap();
  expect(await inDialog(page, "Delete").isDisabled()).toBe(true);
  await enterPin(page, "000000", "Delete");
  await page.getByText("The service PIN is not right.").waitFor();
  await look(page, "pin");
  expect(await smallTargets(page)).toEqual([]);
  expect(device.examsKept.size).toBe(1);
  await enterPin(page, PIN, "Delete");
  await page.getByText("The study is deleted.").waitFor();
  expect(device.examsKept.size).toBe(0);
});

inChromium("a scanned code searches, a gap is told, another modality needs the PIN", async () => {
  const { page, device } = await open();
  const { worklist, exams } = device;
  if (worklist === undefined) throw new Error("no worklist");
  const [item] = (await worklist.last()).items;
  if (item === undefined) throw new Error("no item");
  const asked: unknown[] = [];
  worklist.query = async (keys) => {
    asked.push(keys);
    const queriedAt = `2026-01-05T10:00:0${asked.length}.000Z`;
    if (keys.accessionNumber === undefined) return answer({ items: [], complete: true, queriedAt });
    return answer({
      items: [
        { ...item, modality: "CT", allergies: ["Latex"], remarks: ["the sex was not taken"] },
      ],
      complete: false,
      reason: "ris broke off after 1 answer.",
      leftOut: 2,
      queriedAt,
    });
  };
  // A scanner's keys come faster than a test could send them one by one.
  await page.evaluate(() => {
    for (const key of [..."A1001", "Enter"])
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  });
  await page.getByText("Only what matches A1001.").waitFor();
  expect(asked).toEqual([{ patientId: "A1001" }, { accessionNumber: "A1001" }]);
  await page.getByText("ris broke off after 1 answer.").waitFor();
  await page.getByText("2 entries for others are left out.").waitFor();
  await page.getByText("Latex").waitFor();
  await look(page, "worklist");
  expect(await smallTargets(page)).toEqual([]);

  const opened: unknown[] = [];
  const take = exams.open.bind(exams);
  exams.open = async (request) => {
    opened.push(request);
    return "overrideModality" in request && request.overrideModality === true
      ? take(request)
      : refuse("wrong-modality", "The item is for CT, this device takes RF.");
  };
  await page.locator(".worklist .row").tap();
  await page.getByRole("dialog").getByText("The item is for CT, this device takes RF.").waitFor();
  await enterPin(page, PIN, "Start all the same");
  await page.locator("#prepare").waitFor();
  expect(opened).toEqual([
    { worklistItemId: item.id },
    { worklistItemId: item.id, overrideModality: true },
  ]);
  await button(page, "Start").tap();
  await page.getByLabel("Bar code or number").fill("4711");
  await button(page, "Patient ID").tap();
  await page.getByText("Nothing is scheduled today under 4711.").waitFor();
  expect(asked.at(-1)).toEqual({ patientId: "4711" });
});

inChromium("the system page tells of archives, worklist and problems", async () => {
  const { page, device } = await open();
  const [archive, ...rest] = device.health().remotes;
  if (archive === undefined) throw new Error("no remote");
  const health: Health = {
    ...device.health(),
    status: "degraded",
    problems: ["The disk is nearly full. Delete or export studies."],
    remotes: [
      {
        ...archive,
        commitment: {
          supported: true,
          pending: 3,
          oldestAt: "2026-01-05T08:00:00.000Z",
          failed: 1,
          reason: "archive answered 0112 for one object.",
        },
      },
      ...rest,
    ],
  };
  await button(page, "System").tap();
  device.events.publish({ type: "health", data: health });
  await page.getByText("The disk is nearly full.").waitFor();
  const row = page.locator('[data-remote="archive"]');
  await row.getByText("3 unconfirmed").waitFor();
  await row.getByText("1 refused, asked for at the next start").waitFor();
  await page.locator(".facts").filter({ hasText: "Worklist" }).getByText("complete").waitFor();
  await row.scrollIntoViewIfNeeded();
  await look(page, "system");
});
