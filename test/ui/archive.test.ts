// The archive screen in a real Chromium: studies asked for, opened, and brought here.

import { expect, setDefaultTimeout } from "bun:test";
import type { NewJob, QueryRequest, QueryResult } from "../../src/api/contract.ts";
import type { QueryPort } from "../../src/api/device.ts";
import { answer, refuse } from "../../src/api/problem.ts";
import { inChromium, type Kiosk, kiosksForTests } from "./kiosk.ts";

setDefaultTimeout(30_000);

const openOne = kiosksForTests();

const STUDIES: QueryResult = {
  matches: [
    {
      StudyInstanceUID: "1.2.3",
      StudyDate: "20260105",
      PatientName: "Yamada^Tarou=山田^太郎",
      PatientID: "P1",
      AccessionNumber: "A1",
    },
  ],
  complete: true,
};
const SERIES: QueryResult = {
  matches: [
    {
      StudyInstanceUID: "1.2.3",
      SeriesInstanceUID: "1.2.3.4",
      Modality: "DX",
      SeriesNumber: "1",
      NumberOfSeriesRelatedInstances: "7",
    },
  ],
  complete: true,
};

/** The screen over a device whose archive answers as told. */
async function open(find: QueryPort["find"]): Promise<Kiosk> {
  const kiosk = await openOne();
  const { device, page } = kiosk;
  const shown = device.configuration.read();
  const remotes = [
    { ...shown.remotes[0], id: "pacs", services: ["query-retrieve"] },
  ] as typeof shown.remotes;
  Object.assign(device.configuration, { read: () => ({ ...shown, remotes }) });
  if (device.query !== undefined) Object.assign(device.query, { find });
  page.setDefaultTimeout(5_000);
  await page.reload();
  await page.locator(".link-veil").waitFor({ state: "detached" });
  await page.locator("nav button", { hasText: "Archive" }).tap();
  return kiosk;
}

inChromium("a patient's study is found, looked into, and its series brought here", async () => {
  const asked: QueryRequest[] = [];
  const { page, device } = await open(async (request) => {
    asked.push(request);
    return answer(request.level === "STUDY" ? STUDIES : SERIES);
  });
  await page.getByLabel("Name").fill("Yamada");
  await page.getByLabel("Date").fill("20260105");
  await page.getByRole("button", { name: "Find" }).tap();
  const study = page.locator('[data-study="1.2.3"]');
  await study.waitFor();
  expect(await study.textContent()).toContain("Yamada, Tarou (山田 太郎)");
  expect(await study.textContent()).toContain("2026-01-05");
  await study.locator("button.row-main").tap();
  const series = page.locator('[data-series="1.2.3.4"]');
  await series.waitFor();
  expect(await series.textContent()).toContain("7 objects");
  expect(asked).toEqual([
    {
      remoteId: "pacs",
      level: "STUDY",
      keys: { PatientName: "Yamada*", StudyDate: "2026-01-05" },
    },
    { remoteId: "pacs", level: "SERIES", keys: { StudyInstanceUID: "1.2.3" } },
  ]);

  const made: unknown[] = [];
  const { create } = device.jobs;
  Object.assign(device.jobs, {
    create: (request: NewJob) => {
      made.push(request);
      return create({ ...request, remoteId: "archive" } as NewJob);
    },
  });
  await series.getByRole("button", { name: "Series only" }).tap();
  await study.locator(".job-line").waitFor();
  await study.getByRole("button", { name: "Retrieve" }).tap();
  await page.waitForFunction(() => document.querySelectorAll(".notice").length >= 1);
  while (made.length < 2) await page.waitForTimeout(20);
  expect(made).toEqual([
    {
      type: "retrieve",
      remoteId: "pacs",
      studyInstanceUid: "1.2.3",
      seriesInstanceUids: ["1.2.3.4"],
    },
    { type: "retrieve", remoteId: "pacs", studyInstanceUid: "1.2.3" },
  ]);
});

inChromium("what the archive could not answer is said in its words", async () => {
  const { page } = await open(async () =>
    answer({ matches: [], complete: false, reason: "pacs (PACS): A700 out of resources" }),
  );
  await page.getByRole("button", { name: "Find" }).tap();
  await page.getByText("pacs (PACS): A700 out of resources").waitFor();
});

inChromium("a query is cancelled by its button", async () => {
  const ended = Promise.withResolvers<void>();
  const { page } = await open(async (_, signal) => {
    await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));
    ended.resolve();
    return refuse("busy", "nobody reads this");
  });
  await page.getByRole("button", { name: "Find" }).tap();
  await page.getByRole("button", { name: "Cancel" }).tap();
  await page.getByRole("button", { name: "Find" }).waitFor();
  await ended.promise;
  expect(await page.locator(".notice").count()).toBe(0);
});
