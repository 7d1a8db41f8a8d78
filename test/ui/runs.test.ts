// Runs on the kiosk: the held image and what can be done with it, the cine of a stored run, and its
// subtraction, in a real browser.

import { expect, setDefaultTimeout } from "bun:test";
import type { Page } from "playwright-core";
import { button, canvasGrey, inChromium, type Kiosk, kiosksForTests } from "./kiosk.ts";

/** A busy machine takes its time to start a browser. */
setDefaultTimeout(120_000);

const openOne = kiosksForTests();

/** An exam with one image of so many frames. */
async function examWithRun(frames: number): Promise<Kiosk> {
  const kiosk = await openOne({ frames });
  const { page } = kiosk;
  await button(page, "Emergency").tap();
  await page.locator("#prepare").tap();
  await page.locator(".lamp.ready").waitFor();
  await page.locator("#expose").tap();
  await page.locator('.viewer[data-state="shown"]').waitFor();
  return kiosk;
}

function emit({ device }: Kiosk, sequence: number, grey: number, lastImageHold = false) {
  const pixels = new Uint8Array(64 * 64).fill(grey);
  device.liveFrames.emit({ sequence, columns: 64, rows: 64, atMs: 0, lastImageHold, pixels });
}

/** So many pictures of the page itself have been drawn. */
async function passed(page: Page, pictures: number): Promise<void> {
  for (let n = 0; n < pictures; n++) await page.evaluate(() => new Promise(requestAnimationFrame));
}

const held = (page: Page) => page.locator('.viewer[data-state="held"]');
const frame = (page: Page, number: number) => page.locator(`.viewer[data-frame="${number}"]`);

inChromium(
  "the held image is marked, stays when another image arrives, and can be stored",
  async () => {
    const opened = await examWithRun(1);
    const { page, device } = opened;
    emit(opened, 0, 200);
    await page.locator('.viewer[data-state="live"]').waitFor();
    emit(opened, 1, 90, true);
    await held(page).waitFor();
    expect(await page.locator(".held-mark").textContent()).toBe("HELD");
    expect((await canvasGrey(page)).at(0.5, 0.5)).toBe(90);
    await button(page, "Store image").tap();
    await page.locator(".thumbnail").nth(1).waitFor();
    expect(device.calls.some((call) => call.startsWith("last-image"))).toBe(true);
    expect(await held(page).count()).toBe(1);
    // The next exposure clears it.
    device.liveFrames.emit({
      sequence: 0,
      columns: 0,
      rows: 0,
      atMs: 0,
      lastImageHold: false,
      cleared: true,
      pixels: new Uint8Array(0),
    });
    await page.locator('.viewer[data-state="shown"]').waitFor();
  },
);

inChromium("a page that connects while an image is held shows it, held", async () => {
  const opened = await examWithRun(1);
  const { page, device } = opened;
  const pixels = new Uint8Array(64 * 64).fill(120);
  device.heldFrame = { sequence: 9, columns: 64, rows: 64, atMs: 0, lastImageHold: true, pixels };
  await page.reload();
  await page.locator(".link-veil").waitFor({ state: "detached" });
  await button(page, "Exam").tap();
  await held(page).waitFor();
  expect((await canvasGrey(page)).at(0.5, 0.5)).toBe(120);
});

inChromium(
  "a stored run is stepped through and played in a circle until it is paused",
  async () => {
    const { page } = await examWithRun(6);
    await frame(page, 1).waitFor();
    const first = (await canvasGrey(page)).at(0.5, 0.5);
    await button(page, "Next").tap();
    await frame(page, 2).waitFor();
    await button(page, "Previous").tap();
    await button(page, "Previous").tap();
    await frame(page, 6).waitFor();
    await page.waitForFunction(
      () => document.querySelector(".frame-number")?.textContent === "Frame 6/6",
    );
    await button(page, "Play").tap();
    // Round and round: each comes by, the first after the last.
    for (const number of [1, 4, 6, 1]) await frame(page, number).waitFor();
    await button(page, "Pause").tap();
    const stopped = await page.locator(".viewer").getAttribute("data-frame");
    await passed(page, 15);
    expect(await page.locator(".viewer").getAttribute("data-frame")).toBe(stopped);
    await page.locator('.viewer[data-state="shown"]').waitFor();
    expect(first).toBeGreaterThan(0);
  },
);

inChromium(
  "with its mask subtracted only what changed is left, in a window of its own",
  async () => {
    const { page } = await examWithRun(4);
    const stored = await page.locator(".window-values").textContent();
    await button(page, "Next").tap();
    await frame(page, 2).waitFor();
    await button(page, "Subtract").tap();
    await page.locator('.viewer[data-mask="1"]').waitFor();
    await page.waitForFunction(() =>
      /^C 0 /.test(document.querySelector(".window-values")?.textContent ?? ""),
    );
    const second = await canvasGrey(page);
    expect(Math.abs(second.at(0.5, 0.9) - 128)).toBeLessThan(3);
    expect(second.at(0.5, 0.5)).toBeLessThan(60);
    // The frame itself as mask: nothing is left.
    await button(page, "Use as mask").tap();
    await page.locator('.viewer[data-mask="2"]').waitFor();
    await passed(page, 10);
    expect(Math.abs((await canvasGrey(page)).at(0.5, 0.5) - 128)).toBeLessThan(3);
    await button(page, "Subtract").tap();
    await page.waitForFunction(
      (text) => document.querySelector(".window-values")?.textContent === text,
      stored,
    );
  },
);
