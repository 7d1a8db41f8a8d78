// The kiosk in a real Chromium, used as a technician uses it.

import { expect, setDefaultTimeout } from "bun:test";
import type { Page } from "playwright-core";
import { DISCONTINUATION_REASONS } from "../../src/api/contract.ts";
import { refuse } from "../../src/api/problem.ts";
import { COLUMNS, ROWS } from "../api/fake-device.ts";
import {
  button,
  canvasGrey,
  inChromium,
  type Kiosk,
  type KioskOptions,
  kiosksForTests,
} from "./kiosk.ts";

setDefaultTimeout(30_000);

const openOne = kiosksForTests();

async function open(options: KioskOptions = {}): Promise<Kiosk> {
  const kiosk = await openOne(options);
  kiosk.page.setDefaultTimeout(5_000);
  return kiosk;
}

const key = (page: Page, text: string) => page.locator(`.keyboard [data-skbtn="${text}"]`);

async function exposeOnce(page: Page): Promise<void> {
  const images = await page.locator(".thumbnail").count();
  await page.locator("#prepare").tap();
  await page.locator(".lamp.ready").waitFor();
  await page.locator("#expose").tap();
  await page.locator(".thumbnail").nth(images).waitFor();
  await page.locator('.viewer[data-state="shown"]').waitFor();
}

async function examWithImage(): Promise<Kiosk> {
  const opened = await open();
  await button(opened.page, "Emergency").tap();
  await exposeOnce(opened.page);
  return opened;
}

const windowText = (page: Page) => page.locator(".window-values").textContent();

inChromium("an exam is entered by the on-screen keyboard, prepared and exposed", async () => {
  const { page, device } = await open();
  await page.getByLabel("Family name").tap();
  for (const letter of ["D", "o", "e"]) await key(page, letter).tap();
  await page.getByLabel("Given name").tap();
  for (const letter of ["J", "x"]) await key(page, letter).tap();
  await key(page, "{bksp}").tap();
  await key(page, "o").tap();
  await page.getByLabel("Birth date").tap();
  for (const digit of "19711102") await key(page, digit).tap();
  expect(await page.getByLabel("Birth date").inputValue()).toBe("1971-11-02");
  await key(page, "{done}").tap();
  await page.locator(".keyboard").waitFor({ state: "detached" });
  await button(page, "Female").tap();
  await button(page, "Protocol").tap();
  await button(page, "Knee AP").tap();
  await button(page, "Start exam").tap();

  await page.locator("#prepare").waitFor();
  expect([...device.examsKept.values()][0]).toMatchObject({
    patient: { name: "Doe^Jo", birthDate: "1971-11-02", sex: "F" },
    protocolId: "knee-ap",
  });
  expect(await page.locator(".patient").textContent()).toContain("Doe, Jo");
  expect(await page.locator("#expose").isDisabled()).toBe(true);
  expect(await page.locator(".lamp").textContent()).toBe("Not prepared");
  await button(page, "kV +").tap();
  await exposeOnce(page);
  expect(device.calls).toContain(
    'prepare {"protocolId":"knee-ap","technique":{"kv":64,"ma":200,"ms":20}}',
  );
  expect(device.calls).toContain('expose {"kind":"radiography"}');
});

inChromium("the image on the canvas has the grey values of its pixels and window", async () => {
  const { page, device } = await examWithImage();
  expect(await windowText(page)).toBe("C 8192 W 14000");
  const box = await page.locator(".viewer canvas").boundingBox();
  if (box === null) throw new Error("the canvas has no box");
  const scale = Math.min(box.width / COLUMNS, box.height / ROWS);
  const grey = await canvasGrey(page);
  // Points away from edges: background, both lungs, spine, shoulder.
  for (const [x, y] of [
    [0.02, 0.5],
    [0.3, 0.62],
    [0.7, 0.3],
    [0.5, 0.2],
    [0.4, 0.93],
  ] as const) {
    const column = Math.round(x * COLUMNS);
    const row = Math.round(y * ROWS);
    let sum = 0;
    for (let r = -2; r <= 2; r++)
      for (let c = -2; c <= 2; c++) sum += device.pixels[(row + r) * COLUMNS + column + c] ?? 0;
    const share = (sum / 25 - (8192 - 0.5)) / (14_000 - 1) + 0.5;
    const expected = 255 * Math.min(1, Math.max(0, share));
    const shown = grey.at(
      0.5 + ((x - 0.5) * COLUMNS * scale) / box.width,
      0.5 + ((y - 0.5) * ROWS * scale) / box.height,
    );
    expect(Math.abs(shown - expected)).toBeLessThan(6);
  }
});

inChromium("dragging changes the window, and invert and reset do what they say", async () => {
  const { page } = await examWithImage();
  const before = await canvasGrey(page);
  const canvas = page.locator(".viewer canvas");
  const box = await canvas.boundingBox();
  if (box === null) throw new Error("the canvas has no box");
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  await page.mouse.move(middle.x, middle.y);
  await page.mouse.down();
  await page.mouse.move(middle.x, middle.y - box.height / 4, { steps: 5 });
  await page.mouse.up();
  await page.waitForFunction(
    () => document.querySelector(".window-values")?.textContent !== "C 8192 W 14000",
  );
  // A quarter of the canvas upwards: a quarter of 2^14 lower, so the image is brighter.
  expect(await windowText(page)).toBe("C 4096 W 14000");
  const brighter = await canvasGrey(page);
  expect(brighter.mean).toBeGreaterThan(before.mean + 20);

  await button(page, "Reset").tap();
  await page.getByText("C 8192 W 14000").waitFor();
  await button(page, "Invert").tap();
  await page.waitForFunction(
    () => document.querySelector("[aria-pressed=true].tool:nth-child(3)") !== null,
  );
  const inverted = await canvasGrey(page);
  const [x, y] = [0.5, 0.5];
  expect(Math.abs(inverted.at(x, y) - (255 - before.at(x, y)))).toBeLessThan(3);
  // Beyond the image the canvas stays black.
  expect(inverted.at(0.01, 0.5)).toBeLessThan(3);
});

inChromium(
  "wheel, buttons and two fingers zoom; one finger moves where the tool says so",
  async () => {
    const { page } = await examWithImage();
    const percent = async () =>
      Number((await page.locator(".overlay.lower.right").textContent())?.replace(" %", ""));
    const until = async (holds: (value: number) => boolean) => {
      while (!holds(await percent())) await page.evaluate(() => new Promise(requestAnimationFrame));
    };
    const fitted = await percent();
    await button(page, "1:1").tap();
    await until((value) => value === 100);
    await button(page, "Larger").tap();
    await until((value) => value === 125);
    await button(page, "Fit").tap();
    await until((value) => value === fitted);

    const box = await page.locator(".viewer canvas").boundingBox();
    if (box === null) throw new Error("the canvas has no box");
    const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    await page.mouse.move(middle.x, middle.y);
    await page.mouse.wheel(0, -300);
    await until((value) => value > fitted * 1.5);
    await button(page, "Reset").tap();
    await until((value) => value === fitted);

    const session = await page.context().newCDPSession(page);
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", half?: number) =>
      session.send("Input.dispatchTouchEvent", {
        type,
        touchPoints:
          half === undefined
            ? []
            : [
                { x: middle.x - half, y: middle.y, id: 1 },
                { x: middle.x + half, y: middle.y, id: 2 },
              ],
      });
    const windowBefore = await windowText(page);
    await touch("touchStart", 60);
    for (const half of [80, 100, 120]) await touch("touchMove", half);
    await touch("touchEnd");
    await until((value) => Math.abs(value / fitted - 2) < 0.1);
    expect(await windowText(page)).toBe(windowBefore);

    await button(page, "Reset").tap();
    await until((value) => value === fitted);
    await button(page, "Move").tap();
    const before = await canvasGrey(page);
    await page.mouse.move(middle.x, middle.y);
    await page.mouse.down();
    await page.mouse.move(middle.x + box.width / 2, middle.y, { steps: 4 });
    await page.mouse.up();
    await page.evaluate(() => new Promise(requestAnimationFrame));
    const moved = await canvasGrey(page);
    expect(moved.at(0.3, 0.5)).toBeLessThan(3);
    expect(Math.abs(moved.at(0.9, 0.5) - before.at(0.4, 0.5))).toBeLessThan(12);
    expect(await windowText(page)).toBe(windowBefore);
  },
);

inChromium("live frames take the place of the image until the next one is stored", async () => {
  const { page, device } = await examWithImage();
  const emit = (sequence: number, grey: number, lastImageHold = false) =>
    device.liveFrames.emit({
      sequence,
      columns: 64,
      rows: 64,
      atMs: 0,
      lastImageHold,
      pixels: new Uint8Array(64 * 64).fill(grey),
    });
  emit(0, 200);
  await page.locator('.viewer[data-state="live"][data-frame="0"]').waitFor();
  expect((await canvasGrey(page)).at(0.5, 0.5)).toBe(200);
  emit(1, 30, true);
  await page.locator('.viewer[data-state="held"][data-frame="1"]').waitFor();
  expect((await canvasGrey(page)).at(0.5, 0.5)).toBe(30);
  await button(page, "Images 1").tap();
  await page.locator('.viewer[data-state="shown"]').waitFor();
  emit(2, 90);
  await page.locator('.viewer[data-state="live"]').waitFor();
  await exposeOnce(page);
  expect(await page.locator(".overlay.upper.right").textContent()).toContain("DX 2/2");
});

inChromium("a changed technique prepares a ready system again", async () => {
  const { page, device } = await examWithImage();
  await page.locator("#prepare").tap();
  await page.locator(".lamp.ready").waitFor();
  const before = device.calls.filter((call) => call.startsWith("prepare")).length;
  await button(page, "mA +").tap();
  await button(page, "mA +").tap();
  const prepared = () => device.calls.filter((call) => call.startsWith("prepare"));
  while (prepared().length === before)
    await page.evaluate(() => new Promise(requestAnimationFrame));
  expect(prepared().at(-1)).toContain('"ma":320');
});

inChromium("a send job shows its progress live, and can be cancelled and tried again", async () => {
  const { page, device } = await examWithImage();
  await button(page, "Send").tap();
  await button(page, "archive").tap();
  const line = page.locator(".job-line");
  await line.getByText("0/2").waitFor();
  const [id = ""] = device.jobsKept.keys();
  expect(device.jobsKept.get(id)).toMatchObject({ type: "send", remoteId: "archive" });
  device.changeJob(id, { state: "active", progress: { done: 1, total: 2 } });
  await line.getByText("1/2").waitFor();
  await line.getByText("Running").waitFor();

  await line.tap();
  const card = page.locator(`article[data-job="${id}"]`);
  device.changeJob(id, { state: "waiting", attempts: 2, reason: "The archive does not answer." });
  await card.getByText("Waiting").waitFor();
  await card.getByText("The archive does not answer.").waitFor();
  expect(await page.locator("nav .badge").first().isVisible()).toBe(true);
  await card.getByRole("button", { name: "Cancel" }).tap();
  await card.getByText("Cancelled").waitFor();
  await card.getByRole("button", { name: "Try again" }).tap();
  await card.getByText("Queued").waitFor();
  await card.getByRole("button", { name: "Log" }).tap();
  await card.getByText("Made by the operator.").waitFor();
  device.changeJob(id, { state: "done", progress: { done: 2, total: 2 } });
  await card.getByText("Done").waitFor();
  expect(await card.getByRole("button", { name: "Cancel" }).count()).toBe(0);
});

inChromium("an exam is completed after a question, and discontinued with a reason", async () => {
  const { page, device } = await examWithImage();
  await button(page, "Complete").tap();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("1 image.").waitFor();
  await dialog.getByRole("button", { name: "Complete" }).tap();
  await page.locator(".ended.completed").waitFor();
  // The dose report that was added has no picture: the image stays.
  await page.locator('.viewer[data-state="shown"]').waitFor();
  expect(await page.locator(".thumbnail").count()).toBe(1);
  expect([...device.examsKept.values()][0]?.state).toBe("completed");

  await button(page, "Go to start").tap();
  await button(page, "Emergency").tap();
  await button(page, "Discontinue").tap();
  expect(await page.locator(".reasons .button").count()).toBe(DISCONTINUATION_REASONS.length);
  await button(page, "Wrong worklist entry").tap();
  await page.locator(".ended.discontinued").waitFor();
  expect(device.calls).toContain("discontinue 110514");
});

inChromium(
  "another patient's exam never takes the place of the one that is worked on",
  async () => {
    const { page, device } = await examWithImage();
    const [mine] = device.examsKept.values();
    if (mine === undefined) throw new Error("no exam");
    const other = {
      ...mine,
      id: "other",
      patient: { id: "P9", name: "Other^Person" },
      instances: [],
    };
    device.examsKept.set("other", other);
    device.events.publish({ type: "exam", data: other });
    await button(page, "Start").tap();
    await page.locator(".open-exam").nth(1).waitFor();
    expect(await page.locator(".patient b").textContent()).toBe("Emergency");
    const row = page.locator(".open-exam").filter({ hasText: "Other, Person" });
    await row.getByRole("button", { name: "Continue" }).tap();
    await page.getByText("No image yet").waitFor();
    expect(await page.locator(".patient b").textContent()).toBe("Other, Person");
  },
);

inChromium("a refusal is shown in the device's own words until it is read", async () => {
  const { page, device } = await examWithImage();
  (device.exams as { prepare: unknown }).prepare = async () =>
    refuse("device-fault", "The tube is too hot. Wait two minutes and prepare again.");
  await page.locator("#prepare").tap();
  const notice = page.locator(".notice.problem");
  await notice.getByText("The tube is too hot. Wait two minutes and prepare again.").waitFor();
  await notice.getByRole("button", { name: "Close" }).tap();
  await notice.waitFor({ state: "detached" });
});

inChromium(
  "a device that goes away is said to restart, and the page goes on after it",
  async () => {
    const opened = await examWithImage();
    const { page, device } = opened;
    await page.locator("#prepare").tap();
    await page.locator(".lamp.ready").waitFor();
    await opened.stopServer();
    await page.getByText("Device is restarting").waitFor();
    expect(await page.locator(".lamp.ready").count()).toBe(0);
    const [id = ""] = device.examsKept.keys();
    device.setAcquisition("fault", id);
    opened.startServer();
    await page.locator(".link-veil").waitFor({ state: "detached" });
    await page.locator(".lamp.fault").waitFor();
    expect(await page.locator(".patient b").textContent()).toBe("Emergency");
  },
);

inChromium("the worklist starts an exam, and is not there where the device has none", async () => {
  const { page, device, close } = await open();
  await page.getByText("Doe, Jane").tap();
  await page.locator("#prepare").waitFor();
  expect([...device.examsKept.values()][0]?.patient.id).toBe("4712");
  await close();
  const lesser = await open({ without: ["worklist", "simulator"] });
  await lesser.page.getByText("Latest studies").waitFor();
  expect(await lesser.page.getByText("Worklist").count()).toBe(0);
  await button(lesser.page, "Emergency").tap();
  await lesser.page.locator("#prepare").waitFor();
  expect(await lesser.page.locator("#expose").count()).toBe(0);
});

inChromium(
  "studies are filtered and opened, and deleting one that is needed is refused",
  async () => {
    const { page } = await examWithImage();
    await button(page, "Studies").tap();
    await page.locator(".row").getByText("Emergency").waitFor();
    await page.getByLabel("Name").fill("nobody");
    await page.getByText("No study matches.").waitFor();
    await button(page, "Clear").tap();
    await page.locator(".row").first().tap();
    await page.locator('.viewer[data-state="shown"]').waitFor();
    await button(page, "Delete").tap();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).tap();
    await page.getByText("The archive has not confirmed this study.").waitFor();
  },
);

inChromium("the system page shows the parts and asks a remote for an echo", async () => {
  const { page } = await open();
  await button(page, "System").tap();
  await page.getByText("42.0 GB of 64.0 GB").waitFor();
  const row = (id: string) => page.locator(`[data-remote="${id}"]`);
  await row("archive").getByRole("button", { name: "Echo" }).tap();
  await row("archive").getByText("answered in 12 ms").waitFor();
  await row("ris").getByRole("button", { name: "Echo" }).tap();
  await row("ris").getByText("Check the network cable").waitFor();
  await button(page, "Show").tap();
  await page.locator(".configuration pre").waitFor();
});

inChromium.each([
  [1280, 800],
  [1920, 1080],
  [800, 1280],
] as const)(
  "on a panel of %d × %d every target is large enough for a gloved finger",
  async (width, height) => {
    const { page } = await open({ width, height });
    const small = () =>
      page.evaluate(() =>
        [...document.querySelectorAll("button, input")].flatMap((element) => {
          const box = element.getBoundingClientRect();
          const label = element.getAttribute("aria-label") ?? element.textContent ?? "";
          return box.width > 0 && Math.min(box.width, box.height) < 63.5
            ? [`${label} ${box.width.toFixed(0)}×${box.height.toFixed(0)}`]
            : [];
        }),
      );
    const sideways = () =>
      page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    expect(await small()).toEqual([]);
    await button(page, "Emergency").tap();
    await exposeOnce(page);
    expect(await small()).toEqual([]);
    // What ends the exam is never below the edge.
    const end = await button(page, "Complete").boundingBox();
    expect((end?.y ?? height) + (end?.height ?? 0)).toBeLessThanOrEqual(height);
    for (const place of ["Studies", "Jobs", "System", "Start"]) {
      await page.locator("nav").getByText(place).tap();
      expect(await small()).toEqual([]);
      expect(await sideways()).toBe(false);
    }
  },
);

inChromium("the page asks nobody but the device for anything", async () => {
  const { page, device } = await open();
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.reload();
  await page.locator(".link-veil").waitFor({ state: "detached" });
  await button(page, "Emergency").tap();
  await exposeOnce(page);
  const { origin } = new URL(page.url());
  expect(asked.length).toBeGreaterThan(8);
  expect(asked.filter((url) => !url.startsWith(origin) && !url.startsWith("data:"))).toEqual([]);
  expect(device.examsKept.size).toBe(1);
});
