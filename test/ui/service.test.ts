// The system screen's service functions, in a real browser: address, time, log bundle, factory reset.

import { expect } from "bun:test";
import type { Page } from "playwright-core";
import { enterPin, inChromium, type KioskOptions, kiosksForTests, shot } from "./kiosk.ts";

const PIN = "4711";
const openOne = kiosksForTests();

/** A kiosk on its system screen, the PIN set. */
async function openService(options?: KioskOptions) {
  const kiosk = await openOne(options);
  kiosk.device.pinValue = PIN;
  await kiosk.page.getByRole("button", { name: "System" }).click();
  const card = kiosk.page.locator(".service");
  await card.waitFor();
  const begin = (row: string) =>
    card.locator(".row", { hasText: row }).getByRole("button").first().click();
  const dialog = (name: string) => kiosk.page.getByRole("dialog", { name });
  return { ...kiosk, card, begin, dialog };
}

/** Presses the keys of the on-screen keyboard, one after the other. */
async function typeOnScreen(page: Page, keys: Iterable<string>) {
  for (const key of keys) await page.locator(`.hg-button[data-skbtn="${key}"]`).click();
}

inChromium("the card shows what is set, below everything that tells of health", async () => {
  const { page, card } = await openService();
  await card.getByText("Card hospital: 192.0.2.10/24, set to 192.0.2.7/24 by 192.0.2.1").waitFor();
  await card.getByText("The clock follows the servers that the network names.").waitFor();
  const tops = await Promise.all(
    [".cards", ".service"].map(async (name) => (await page.locator(name).boundingBox())?.y ?? 0),
  );
  expect(tops[1]).toBeGreaterThan(tops[0] ?? Number.POSITIVE_INFINITY);
  await card.scrollIntoViewIfNeeded();
  await shot(page, "service-card");
});

inChromium(
  "a fixed address is entered on the screen's keyboard, and is in force at once",
  async () => {
    const { page, device, begin, dialog, card } = await openService();
    await begin("Network");
    const form = dialog("Network");
    await form.getByRole("button", { name: "Panel" }).click();
    await form.getByRole("button", { name: "Hospital" }).click();
    const address = form.getByLabel("Address and prefix length");
    expect(await address.inputValue()).toBe("192.0.2.7/24");
    await address.fill("");
    await address.click();
    await typeOnScreen(page, "192.0.2.30/24");
    await shot(page, "network-keyboard");
    await page.locator('.hg-button[data-skbtn="{done}"]').click();
    await form.getByLabel("Name servers").fill("192.0.2.2, 192.0.2.3");
    await shot(page, "network-form");
    await form.getByRole("button", { name: "Next" }).click();
    await form.getByText("192.0.2.30/24, at once").waitFor();
    await enterPin(page, "Network", "Set the address");
    await page.getByText("The address is set and in force").waitFor();
    await card.getByText("set to 192.0.2.30/24 by 192.0.2.1").waitFor();
    expect(device.machine.asked).toEqual(["set-network hospital 192.0.2.30/24"]);
    expect((await device.machine.status()).network).toEqual([
      {
        interface: "hospital",
        address: "192.0.2.30/24",
        gateway: "192.0.2.1",
        dns: ["192.0.2.2", "192.0.2.3"],
      },
    ]);
  },
);

inChromium(
  "a field that is not valid says so in the device's words, and keeps what was entered",
  async () => {
    const { page, device, begin, dialog } = await openService();
    await begin("Network");
    const form = dialog("Network");
    await form.getByLabel("Address and prefix length").fill("192.0.2.30");
    await form.getByLabel("Name servers").fill("10.0.0.1, 10.0.0");
    await form.getByRole("button", { name: "Next" }).click();
    await enterPin(page, "Network", "Set the address");
    await form.getByText("is no address with its prefix length such as 192.0.2.10/24").waitFor();
    await form.getByText("is no IP address such as 192.0.2.1").waitFor();
    expect(await form.getByLabel("Address and prefix length").inputValue()).toBe("192.0.2.30");
    await shot(page, "network-faults");
    // What only the whole tells, such as a gateway outside the net, stands above the fields.
    await form.getByLabel("Address and prefix length").fill("192.0.2.30/24");
    await form.getByLabel("Gateway").fill("10.0.0.1");
    await form.getByLabel("Name servers").fill("");
    await form.getByRole("button", { name: "Next" }).click();
    await enterPin(page, "Network", "Set the address");
    await form.getByText("The gateway 10.0.0.1 is not in the net of 192.0.2.30/24").waitFor();
    expect(device.machine.asked).toEqual([]);
  },
);

inChromium("an address is not changed under an exam, but by a second press", async () => {
  const { page, device, begin, dialog } = await openService();
  device.calls.push("in use");
  await begin("Network");
  const form = dialog("Network");
  await form.getByRole("button", { name: "From the network" }).click();
  await form.getByRole("button", { name: "Next" }).click();
  await enterPin(page, "Network", "Set the address");
  await form.getByText("An exam is open. Complete it, then try again.").waitFor();
  expect(device.machine.asked).toEqual([]);
  await form.getByRole("button", { name: "Set it all the same" }).click();
  await page.getByText("The address is set and in force").waitFor();
  expect(device.machine.asked).toEqual(["set-network hospital dhcp"]);
});

inChromium("time servers are entered as a list, refused by name, and set", async () => {
  const { page, device, begin, dialog, card } = await openService();
  await begin("Time servers");
  const form = dialog("Time servers");
  const field = form.getByLabel("Servers");
  await field.click();
  await typeOnScreen(page, "ntp.a,-b");
  await shot(page, "time-keyboard");
  // By touch, and without Done: the dialog must not move away from under the finger.
  await form.getByRole("button", { name: "Next" }).tap();
  await enterPin(page, "Time servers", "Set the servers");
  await form.getByText("is no host name or IP address").waitFor();
  expect(await field.inputValue()).toBe("ntp.a,-b");
  await field.fill("ntp.a, 10.0.0.1");
  await form.getByRole("button", { name: "Next" }).click();
  await enterPin(page, "Time servers", "Set the servers");
  await card.getByText("The clock follows ntp.a, 10.0.0.1.").waitFor();
  expect(device.machine.asked).toEqual(["set-time-servers ntp.a 10.0.0.1"]);
});

inChromium(
  "the log bundle is written to a stick, and the page says when it may be pulled out",
  async () => {
    const { page, device, begin, dialog } = await openService();
    await begin("Log bundle");
    await dialog("choose a stick").getByRole("button", { name: "Write to stick" }).first().click();
    await enterPin(page, "Log bundle", "Write to stick");
    const end = dialog("Log bundle");
    await end.getByText("the stick can be pulled out").waitFor();
    await end.getByText("udr-log/").waitFor();
    await shot(page, "log-written");
    expect(device.calls.filter((call) => call.startsWith("write-log"))).toHaveLength(1);
    await end.locator("footer").getByRole("button", { name: "Close" }).click();
    expect(await page.getByRole("dialog").count()).toBe(0);
  },
);

inChromium(
  "a reset takes its word, the PIN, and a second press where studies would be lost",
  async () => {
    const { page, device, begin, dialog } = await openService();
    device.calls.push("unsaved");
    await begin("Factory reset");
    const form = dialog("Factory reset");
    await form.getByText("It cannot be undone").waitFor();
    const next = form.getByRole("button", { name: "Next" });
    expect(await next.isDisabled()).toBe(true);
    const word = form.getByLabel("Enter ERASE ALL DATA");
    await word.fill("erase all");
    expect(await next.isDisabled()).toBe(true);
    await word.fill("");
    await word.click();
    await typeOnScreen(page, ["E", "R", "A", "S", "E", "{space}", "A", "L", "L", "{space}"]);
    await shot(page, "reset-typing");
    await word.fill("erase all data");
    expect(await word.inputValue()).toBe("ERASE ALL DATA");
    await shot(page, "reset-word");
    await next.click();
    await enterPin(page, "Factory reset", "Erase all data");
    await form
      .getByText("3 studies with 12 images and reports are on this device alone.")
      .waitFor();
    await shot(page, "reset-refused");
    expect(device.machine.asked).toEqual([]);
    await form.getByRole("button", { name: "Leave it" }).click();
    expect(await page.getByRole("dialog").count()).toBe(0);

    // The word is entered anew.
    await begin("Factory reset");
    expect(await next.isDisabled()).toBe(true);
    await word.fill("ERASE ALL DATA");
    await next.click();
    await enterPin(page, "Factory reset", "Erase all data");
    await form.getByRole("button", { name: "Erase all the same" }).click();
    await page.getByText("The device restarts and erases everything").waitFor();
    expect(device.machine.asked).toEqual(["factory-reset"]);
  },
);

inChromium("on a plain PC none of it is offered", async () => {
  const { page } = await openOne({ without: ["appliance"] });
  await page.getByRole("button", { name: "System" }).click();
  await page.getByText("Panel", { exact: true }).first().waitFor();
  expect(await page.locator(".service").count()).toBe(0);
});
