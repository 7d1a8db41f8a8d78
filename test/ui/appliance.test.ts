// The system screen's part about the machine, in a real browser.

import { expect } from "bun:test";
import { inChromium, kiosksForTests } from "./kiosk.ts";

const openOne = kiosksForTests();

inChromium("an update is installed from a stick with the PIN, and a stick is let go", async () => {
  const kiosk = await openOne();
  kiosk.device.pinValue = "4711";
  await kiosk.page.getByRole("button", { name: "System" }).click();
  const card = kiosk.page.locator(".appliance");
  await card.getByText("Version 0.1.0").waitFor();
  await card.getByText("0.0.9 in the other slot").waitFor();
  await card.getByText("Card hospital 192.0.2.7/24 by 192.0.2.1").waitFor();
  await card.getByRole("button", { name: "Remove safely" }).click();
  await kiosk.page.getByText("the stick can be pulled out").waitFor();
  await card.getByRole("button", { name: "Update from it" }).click();
  const dialog = kiosk.page.getByRole("dialog", { name: "Install an update" });
  for (const digit of "4711")
    await dialog.getByRole("button", { name: digit, exact: true }).click();
  await dialog.getByRole("button", { name: "Update from it" }).click();
  await card.getByText("0.2.0 is installed: restart to run it").waitFor();
  if (process.env["SCREENSHOTS"] !== undefined)
    await kiosk.page.screenshot({
      path: `${process.env["SCREENSHOTS"]}/appliance.png`,
      fullPage: true,
    });
});

inChromium("on a plain PC the system screen says nothing of it", async () => {
  const kiosk = await openOne({ without: ["appliance"] });
  await kiosk.page.getByRole("button", { name: "System" }).click();
  await kiosk.page.getByText("Panel", { exact: true }).first().waitFor();
  expect(await kiosk.page.locator(".appliance").count()).toBe(0);
});
