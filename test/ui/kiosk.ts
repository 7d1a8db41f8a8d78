// The kiosk in a real Chromium against a device in memory: what every test of the page begins with.

import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { buildInto } from "../../script/build-ui.ts";
import { createApi } from "../../src/api/app.ts";
import { serveApi } from "../../src/api/server.ts";
import { SystemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { type FakeDevice, type FakeOptions, fakeDevice } from "../api/fake-device.ts";
import { launchBrowser, noChromium } from "./chromium.ts";

export const inChromium = test.skipIf(noChromium);

export const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });

/** Enters the service PIN on the pad of a dialog, and presses what it is for. */
export async function enterPin(page: Page, dialogName: string, action: string, pin = "4711") {
  const dialog = page.getByRole("dialog", { name: dialogName });
  for (const digit of pin) await dialog.getByRole("button", { name: digit, exact: true }).click();
  await dialog.getByRole("button", { name: action, exact: true }).click();
}

/** A picture for people to look at, in the folder SCREENSHOTS where there is one. */
export async function shot(page: Page, name: string): Promise<void> {
  const folder = process.env["SCREENSHOTS"];
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`) });
}

/** A freshly bundled page in a folder of its own. */
export async function bundledPage(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const above = await mkdtemp(join(tmpdir(), "udr-ui-"));
  const folder = join(above, "ui");
  await buildInto(folder);
  return { folder, remove: () => rm(above, { recursive: true, force: true }) };
}

export interface Kiosk {
  readonly page: Page;
  readonly device: FakeDevice;
  readonly problems: string[];
  /** Closes the port as a dying device would. */
  stopServer(): Promise<void>;
  /** Opens the same port again. */
  startServer(): void;
  close(): Promise<void>;
}

export type KioskOptions = FakeOptions & { width?: number; height?: number };

/**
 * What a file of kiosk tests begins with: one browser and one bundled page for all of them. Answers how a
 * test opens a kiosk; it is closed after the test, and its page must have had no problems.
 */
export function kiosksForTests(): (options?: KioskOptions) => Promise<Kiosk> {
  let browser: Browser;
  let bundle: Awaited<ReturnType<typeof bundledPage>>;
  const opened: Kiosk[] = [];
  beforeAll(async () => {
    if (noChromium) return;
    [browser, bundle] = await Promise.all([launchBrowser(), bundledPage()]);
  });
  afterAll(async () => {
    if (noChromium) return;
    await browser.close();
    await bundle.remove();
  });
  afterEach(async () => {
    const kiosks = opened.splice(0);
    for (const kiosk of kiosks) await kiosk.close();
    expect(kiosks.flatMap(({ problems }) => problems)).toEqual([]);
  });
  return async (options) => {
    const kiosk = await openKiosk(browser, bundle.folder, options);
    opened.push(kiosk);
    return kiosk;
  };
}

export async function openKiosk(
  browser: Browser,
  kioskFolder: string,
  options: KioskOptions = {},
): Promise<Kiosk> {
  const clock = new SystemClock();
  const device = await fakeDevice(clock, options);
  const app = createApi({ device, clock, log: silentLog, kioskFolder });
  let server = serveApi(app, 0, device.live);
  const { port, url } = server;
  const page = await browser.newPage({
    viewport: { width: options.width ?? 1280, height: options.height ?? 800 },
    hasTouch: true,
  });
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    // A refused request is the device's answer, which the page shows; it is no fault of the page.
    if (message.type() === "error" && !/Failed to load resource|ERR_/.test(message.text()))
      problems.push(message.text());
  });
  await page.goto(url);
  await page.locator(".link-veil").waitFor({ state: "detached" });
  return {
    page,
    device,
    problems,
    stopServer: () => server.stop(),
    startServer: () => {
      server = serveApi(app, port, device.live);
    },
    async close() {
      if (page.isClosed()) return;
      await page.close();
      await server.stop();
      device[Symbol.dispose]();
    },
  };
}

export interface Grey {
  readonly mean: number;
  readonly at: (x: number, y: number) => number;
}

/** Grey values of the viewer's canvas as the screen shows them. */
export async function canvasGrey(page: Page): Promise<Grey> {
  const png = await page.locator(".viewer canvas").screenshot();
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const value = (x: number, y: number) => data[(y * info.width + x) * info.channels] ?? 0;
  let sum = 0;
  for (let i = 0; i < data.length; i += info.channels) sum += data[i] ?? 0;
  return {
    mean: sum / (info.width * info.height),
    at: (x, y) => value(Math.floor(x * info.width), Math.floor(y * info.height)),
  };
}
