// The system screen's part about the machine, in a real browser.

import { expect } from "bun:test";
import { enterPin, inChromium, kiosksForTests, shot } from "./kiosk.ts";

const openOne = kiosksForTests();

inChromium("an update is installed from a stick with the PIN, and a stick is let go", async () => {
  const kiosk = await openOne();
  kiosk.device.pinValue = "4711";
  await kiosk.page.getByRole("button", { name: "System" }).click();
  const card = kiosk.page.locator(".appliance");
  await card.getByText("Version 0.1.0").waitFor();
  await card.getByText("0.0.9 in the other slot").waitFor();
  await card.getByRole("button", { name: "Remove safely" }).click();
  await kiosk.page.getByText("the stick can be pulled out").waitFor();
  await card.getByRole("button", { name: "Update from it" }).click();
  await enterPin(kiosk.page, "Install an update", "Update from it");
  await card.getByText("0.2.0 is installed: restart to run it").waitFor();
  await shot(kiosk.page, "appliance");
});

inChromium("on a plain PC the system screen says nothing of it", async () => {
  const kiosk = await openOne({ without: ["appliance"] });
  await kiosk.page.getByRole("button", { name: "System" }).click();
  await kiosk.page.getByText("Panel", { exact: true }).first().waitFor();
  expect(await kiosk.page.locator(".appliance").count()).toBe(0);
  expect(await kiosk.page.locator(".first-pin").count()).toBe(0);
});

inChromium("the device is switched off with the PIN, and the page says so", async () => {
  const { page, device } = await openOne();
  device.pinValue = "4711";
  await page.getByRole("button", { name: "System" }).click();
  await page.locator(".appliance").getByRole("button", { name: "Power off" }).click();
  await enterPin(page, "Switch the device off", "Power off", "4712");
  await page.getByText("The service PIN is not right").waitFor();
  expect(device.machine.asked).toEqual([]);
  await shot(page, "power-off");
  await enterPin(page, "Switch the device off", "Power off");
  await page.getByText("The device switches off").waitFor();
  expect(device.machine.asked).toEqual(["power-off"]);
  expect(await page.getByRole("dialog").count()).toBe(0);
});

inChromium(
  "a restart under an exam is refused with the reason, and done by a second press",
  async () => {
    const { page, device } = await openOne();
    device.pinValue = "4711";
    device.calls.push("in use");
    await page.getByRole("button", { name: "System" }).click();
    await page.locator(".appliance").getByRole("button", { name: "Restart" }).click();
    await enterPin(page, "Restart the device", "Restart");
    const dialog = page.getByRole("dialog", { name: "Restart the device" });
    await dialog.getByText("An exam is open. Complete it, then try again.").waitFor();
    await shot(page, "restart-refused");
    // A finger that presses twice where the first button was does not force it.
    const places = await Promise.all(
      ["Restart all the same", "Leave it"].map((name) =>
        dialog.getByRole("button", { name }).boundingBox(),
      ),
    );
    expect(places[1]?.x ?? 0).toBeGreaterThan(places[0]?.x ?? Number.POSITIVE_INFINITY);
    await dialog.getByRole("button", { name: "Leave it" }).click();
    expect(device.machine.asked).toEqual([]);

    await page.locator(".appliance").getByRole("button", { name: "Restart" }).click();
    await enterPin(page, "Restart the device", "Restart");
    await dialog.getByRole("button", { name: "Restart all the same" }).click();
    await page.getByText("The device restarts").waitFor();
    expect(device.machine.asked).toEqual(["restart"]);
  },
);

inChromium("what force would not overrule is not offered by force", async () => {
  const { page, device } = await openOne();
  device.pinValue = "4711";
  device.machine.holdInstallation(Promise.withResolvers<void>().promise);
  await page.getByRole("button", { name: "System" }).click();
  const card = page.locator(".appliance");
  await card.getByRole("button", { name: "Update from it" }).click();
  await enterPin(page, "Install an update", "Update from it");
  await card.getByText("Installing 0.2.0").waitFor();
  await card.getByRole("button", { name: "Restart" }).click();
  await enterPin(page, "Restart the device", "Restart");
  const dialog = page.getByRole("dialog", { name: "Restart the device" });
  await dialog.getByText("An update is being written. Wait until it is done.").waitFor();
  await dialog.getByText("It cannot be done as long as that goes on.").waitFor();
  expect(await dialog.getByRole("button", { name: "all the same" }).count()).toBe(0);
  await shot(page, "restart-impossible");
});

inChromium("an appliance without a PIN says so, and takes one that is entered twice", async () => {
  const kiosk = await openOne();
  const { page, device } = kiosk;
  await page.getByRole("button", { name: "System" }).click();
  const card = page.locator(".first-pin");
  await card.getByText("No service PIN is set").waitFor();
  await shot(page, "first-pin-card");
  await card.getByRole("button", { name: "Set the PIN" }).click();
  await enterPin(page, "Choose a service PIN", "Next");
  await enterPin(page, "Repeat the service PIN", "Set the PIN", "4712");
  const again = page.getByRole("dialog", { name: "Choose a service PIN" });
  await again.getByText("The two were not the same").waitFor();
  expect(device.pinValue).toBeNull();
  await shot(page, "first-pin-differs");
  await enterPin(page, "Choose a service PIN", "Next", "4712");
  await enterPin(page, "Repeat the service PIN", "Set the PIN", "4712");
  await card.waitFor({ state: "detached" });
  await page.getByText("The service PIN is set.").waitFor();
  expect(device.pinValue).toBe("4712");
  expect(await page.getByRole("dialog").count()).toBe(0);
});

inChromium(
  "a PIN that was set elsewhere meanwhile is not replaced, and the page says so",
  async () => {
    const { page, device } = await openOne();
    await page.getByRole("button", { name: "System" }).click();
    await page.getByRole("button", { name: "Set the PIN" }).click();
    await enterPin(page, "Choose a service PIN", "Next");
    device.pinValue = "9999";
    await enterPin(page, "Repeat the service PIN", "Set the PIN");
    await page.getByText("A PIN is set already.").waitFor();
    expect(device.pinValue).toBe("9999");
  },
);
