// The choice of a stick or disc in a real Chromium.

import { expect, setDefaultTimeout } from "bun:test";
import { button, inChromium, kiosksForTests } from "./kiosk.ts";

setDefaultTimeout(30_000);

const openOne = kiosksForTests();

inChromium(
  "a study goes onto a stick; one that comes later appears, a refused one says why",
  async () => {
    const { page, device } = await openOne();
    page.setDefaultTimeout(5_000);
    await button(page, "Emergency").tap();
    await page.locator("#prepare").tap();
    await page.locator(".lamp.ready").waitFor();
    await page.locator("#expose").tap();
    await page.locator(".strip .thumbnail").first().waitFor();
    await button(page, "Complete").tap();
    await page.getByRole("dialog").getByRole("button", { name: "Complete" }).tap();
    await page.locator(".ended.completed").waitFor();
    await button(page, "Studies").tap();
    await page.locator(".row").first().tap();

    await button(page, "Export").tap();
    const dialog = page.getByRole("dialog", { name: "Export to" });
    await dialog.getByRole("button", { name: "USB STICK" }).waitFor();
    device.events.publish({
      type: "media",
      data: [
        { kind: "usb", device: "/dev/sdb1", label: "STICK", freeBytes: 1e9, usable: true },
        { kind: "usb", device: "/dev/sdc1", label: "OLD", usable: false, reason: "It is exfat." },
        { kind: "disc", device: "/dev/sr0", label: "WRITER", usable: true },
      ],
    });
    await dialog.getByRole("button", { name: "Disc WRITER" }).waitFor();
    await dialog.getByText("It is exfat.").waitFor();
    expect(await dialog.getByRole("button", { name: "USB OLD" }).isDisabled()).toBe(true);
    const sent = page.waitForRequest((request) => request.method() === "POST");
    await dialog.getByRole("button", { name: "USB STICK" }).tap();
    const [exam] = device.examsKept.values();
    expect((await sent).postDataJSON()).toEqual({
      type: "export",
      target: { kind: "usb", device: "/dev/sdb1" },
      studyInstanceUids: [exam?.studyInstanceUid],
    });
    await dialog.waitFor({ state: "detached" });
    await page.getByText("Writing to STICK.").waitFor();
    expect([...device.jobsKept.values()]).toMatchObject([{ type: "export" }]);
  },
);
