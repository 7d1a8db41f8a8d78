// The print dialog in a real Chromium, and how images are dealt out to films.

import { expect, setDefaultTimeout, test } from "bun:test";
import { filmSizesOf, filmSizeText, filmsOf } from "../../src/ui/print-choices.ts";
import { button, inChromium, kiosksForTests } from "./kiosk.ts";

setDefaultTimeout(30_000);

const openOne = kiosksForTests();

test("images fill film after film in their order", () => {
  const rest = { orientation: "PORTRAIT", filmSize: "14INX17IN" } as const;
  expect(filmsOf(["1", "2", "3", "4", "5"], "2×1", rest)).toEqual([
    { displayFormat: "STANDARD\\2,1", images: ["1", "2"], ...rest },
    { displayFormat: "STANDARD\\2,1", images: ["3", "4"], ...rest },
    { displayFormat: "STANDARD\\2,1", images: ["5"], ...rest },
  ]);
  expect(filmsOf([], "1×1", rest)).toEqual([]);
});

test("film sizes are the printer's, said in inches", () => {
  expect(filmSizesOf(null, "film")).toEqual(["14INX17IN", "14INX14IN", "10INX14IN", "8INX10IN"]);
  expect(filmSizeText("14INX17IN")).toBe("14 × 17 in");
});

inChromium("a film is chosen, printed, and its job shown", async () => {
  const { page, device } = await openOne();
  page.setDefaultTimeout(5_000);
  await button(page, "Emergency").tap();
  for (let images = 0; images < 2; images++) {
    await page.locator("#prepare").tap();
    await page.locator(".lamp.ready").waitFor();
    await page.locator("#expose").tap();
    await page.locator(".strip .thumbnail").nth(images).waitFor();
  }
  await button(page, "Complete").tap();
  await page.getByRole("dialog").getByRole("button", { name: "Complete" }).tap();
  await page.locator(".ended.completed").waitFor();
  await button(page, "Studies").tap();
  await page.locator(".row").first().tap();

  await button(page, "Print").tap();
  const dialog = page.getByRole("dialog", { name: "Print on film" });
  const choose = (name: string) => dialog.getByRole("button", { name, exact: true }).tap();
  await dialog.getByRole("button", { name: "Print 1 film" }).waitFor();
  await choose("8 × 10 in");
  await choose("1×1");
  await choose("Landscape");
  await choose("Image 2");
  await choose("Image 2");
  await dialog.getByRole("button", { name: "Print 2 films" }).waitFor();
  await choose("Image 1");
  await choose("Copies +");
  const sent = page.waitForRequest((request) => request.method() === "POST");
  await choose("Print 1 film");
  const [, second] = [...device.examsKept.values()][0]?.instances ?? [];
  expect((await sent).postDataJSON()).toEqual({
    type: "print",
    remoteId: "film",
    films: [
      {
        displayFormat: "STANDARD\\1,1",
        orientation: "LANDSCAPE",
        filmSize: "8INX10IN",
        images: [second?.sopInstanceUid],
      },
    ],
    copies: 2,
  });
  await dialog.waitFor({ state: "detached" });
  await page.getByText("Printing on film.").waitFor();
  expect([...device.jobsKept.values()]).toMatchObject([{ type: "print", remoteId: "film" }]);
});
