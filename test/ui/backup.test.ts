// The system screen's card for backup and restore, in a real browser.

import { expect } from "bun:test";
import { enterPin, inChromium, kiosksForTests, shot } from "./kiosk.ts";

const openOne = kiosksForTests();

inChromium(
  "a backup is made with the PIN, and another is restored after it was chosen",
  async () => {
    const kiosk = await openOne();
    kiosk.device.pinValue = "4711";
    await kiosk.page.getByRole("button", { name: "System" }).click();
    const card = kiosk.page.locator(".backup");
    await card.getByRole("button", { name: "Back up to it" }).click();
    await kiosk.page.getByText("The stick will hold patient data").waitFor();
    await enterPin(kiosk.page, "Back up to a stick", "Back up to it");
    await card.getByText("It holds patient data, the service PIN and the keys").waitFor();
    await shot(kiosk.page, "backup-done");

    await card.getByRole("button", { name: "Restore from it" }).click();
    const choose = kiosk.page.getByRole("dialog", { name: "Choose a backup" });
    await choose.getByText("It was not finished.").waitFor();
    const [usable, unusable] = await choose.getByRole("button", { name: "Restore" }).all();
    expect(await unusable?.isDisabled()).toBe(true);
    await shot(kiosk.page, "backup-choose");
    await usable?.click();
    await enterPin(kiosk.page, "Replace all data", "Replace all data");
    await card.getByText("The device restarts with the restored data.").waitFor();
    expect(await card.getByRole("button", { name: "Back up to it" }).isDisabled()).toBe(true);
    expect(kiosk.device.calls.filter((call) => call.startsWith("backup "))).toContain(
      "backup commit",
    );
    await shot(kiosk.page, "backup-restarting");
  },
);

inChromium("an undo is offered where the data came from a backup", async () => {
  const kiosk = await openOne();
  kiosk.device.pinValue = "4711";
  kiosk.device.calls.push("restored before");
  await kiosk.page.getByRole("button", { name: "System" }).click();
  const card = kiosk.page.locator(".backup");
  await card.getByText("Restored on").waitFor();
  await card.getByRole("button", { name: "Undo the restore" }).click();
  await kiosk.page.getByText("replaced comes back").waitFor();
  await shot(kiosk.page, "backup-undo");
});

inChromium("where nothing can be plugged in the system screen says nothing of it", async () => {
  const kiosk = await openOne({ without: ["backup"] });
  await kiosk.page.getByRole("button", { name: "System" }).click();
  await kiosk.page.getByText("Panel", { exact: true }).first().waitFor();
  expect(await kiosk.page.locator(".backup").count()).toBe(0);
});

inChromium("a device that can only be repaired shows that, and its backups, at once", async () => {
  const kiosk = await openOne({ repair: "The database is damaged." });
  kiosk.device.pinValue = "4711";
  await kiosk.page.getByText("The database is damaged.").waitFor();
  await kiosk.page.locator(".backup").getByText("Restore from it").waitFor();
  await kiosk.page.getByRole("button", { name: "Begin without" }).click();
  await kiosk.page.getByText("The panel must be calibrated anew.").waitFor();
  await shot(kiosk.page, "backup-anew");
  await enterPin(kiosk.page, "Begin without a backup", "Begin without");
  await kiosk.page.getByText("The device restarts with the restored data.").waitFor();
  expect(kiosk.device.calls).toContain("backup begin-anew");
});
