// Remotes and device settings on the system screen, in a real browser over the real configuration.

import { expect } from "bun:test";
import {
  enterPin,
  inChromium,
  type Kiosk,
  type KioskOptions,
  kiosksForTests,
  shot,
} from "./kiosk.ts";

const openOne = kiosksForTests();

const PIN = "4711";
const PACS = {
  id: "archive",
  aeTitle: "PACS",
  host: "192.0.2.5",
  port: 104,
  services: ["storage", "verification"],
  archive: true,
  lifeCheck: false,
  tls: { cert: "device.pem", key: "device-key.pem", ca: "hospital.pem", verify: true },
};
const RIS = { id: "ris", aeTitle: "RIS", host: "ris", port: 104, services: ["worklist", "mpps"] };
const CONFIGURED = {
  device: { institutionName: "Example hospital", stationName: "ROOM 2" },
  remotes: [PACS, RIS],
};

async function system(options: KioskOptions = {}): Promise<Kiosk> {
  const kiosk = await openOne({ configured: CONFIGURED, ...options });
  kiosk.device.pinValue = PIN;
  await kiosk.page.getByRole("button", { name: "System" }).click();
  return kiosk;
}

const configured = ({ device }: Kiosk) => device.holder?.current();

inChromium("a remote is typed in on the screen and there at once", async () => {
  const kiosk = await system();
  const { page } = kiosk;
  await page.getByRole("button", { name: "Add a remote" }).click();
  const form = page.getByRole("dialog", { name: "Add a remote" });
  expect(await form.getByRole("button", { name: "Save" }).isDisabled()).toBe(true);
  await shot(page, "settings-remote-empty");
  const type = async (label: string, keys: string) => {
    await form.getByLabel(label).click();
    for (const key of keys) await page.locator(`.keyboard [data-skbtn="${key}"]`).click();
    await page.locator('.keyboard [data-skbtn="{done}"]').click();
  };
  await type("Name on this device", "film1");
  await form.getByLabel("AE title").fill("FILM");
  await form.getByLabel("Host name or IP address").click();
  await shot(page, "settings-remote-typing");
  await type("Host name or IP address", "192.0.2.9");
  await form.getByRole("button", { name: "Film printer" }).click();
  await form.getByRole("button", { name: "Image storage" }).click();
  await form.getByRole("button", { name: "when the exam ends" }).click();
  await form.getByRole("button", { name: "On, with the files of archive" }).click();
  await shot(page, "settings-remote-full");
  await form.getByRole("button", { name: "Save" }).click();
  await shot(page, "settings-remote-pin");
  await enterPin(page, "Add a remote", "Save", "0000");
  await page.getByText("The service PIN is not right").waitFor();
  await enterPin(page, "Add a remote", "Save");
  await page.locator('[data-remote="film1"]').getByText("FILM · 192.0.2.9:104").waitFor();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.locator('[data-remote="film1"]').scrollIntoViewIfNeeded();
  await shot(page, "settings-remote-added");
  expect(configured(kiosk)?.remotes.at(-1)).toEqual({
    id: "film1",
    aeTitle: "FILM",
    host: "192.0.2.9",
    port: 104,
    services: ["verification", "print", "storage"],
    archive: false,
    send: "on-completion",
    lifeCheck: true,
    tls: PACS.tls,
  });
});

inChromium("what the device refuses stands at its field, and what was typed is kept", async () => {
  const kiosk = await system();
  const { page } = kiosk;
  await page.locator('[data-remote="ris"]').getByRole("button", { name: "Change" }).click();
  const form = page.getByRole("dialog", { name: "Change ris" });
  await form.getByLabel("Host name or IP address").fill("no host");
  await form.getByLabel("Port").fill("70000");
  await form.getByRole("button", { name: "Save" }).click();
  await enterPin(page, "Change ris", "Save");
  await form.getByText("must be a host name or address").waitFor();
  await form.getByText("must be 1 to 65535").waitFor();
  await shot(page, "settings-remote-refused");
  await form.getByLabel("Host name or IP address").fill("ris.example");
  await form.getByLabel("Port").fill("11112");
  await form.getByRole("button", { name: "Save" }).click();
  await enterPin(page, "Change ris", "Save");
  await page.locator('[data-remote="ris"]').getByText("RIS · ris.example:11112").waitFor();
});

inChromium(
  "a change sends what was changed alone: nobody else's change is taken back",
  async () => {
    const kiosk = await system();
    const { page } = kiosk;
    await page.locator('[data-remote="archive"]').getByRole("button", { name: "Change" }).click();
    const form = page.getByRole("dialog", { name: "Change archive" });
    await form.getByLabel("AE title").fill("PACS2");
    await kiosk.device.remotes.change("archive", { host: "192.0.2.77" }, false);
    await form.getByRole("button", { name: "Save" }).click();
    await enterPin(page, "Change archive", "Save");
    await page.getByText("PACS2 · 192.0.2.77:104").waitFor();
    expect(configured(kiosk)?.remotes[0]).toEqual({
      ...PACS,
      aeTitle: "PACS2",
      host: "192.0.2.77",
      send: "manual",
    } as never);
  },
);

inChromium("a remote that is still needed is removed only after that was read", async () => {
  const kiosk = await system({
    remoteInUse:
      "2 send jobs for archive are not done: without it they fail, and can be tried again once archive is configured again.",
  });
  const { page } = kiosk;
  await page.locator('[data-remote="archive"]').getByRole("button", { name: "Change" }).click();
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await shot(page, "settings-remove-pin");
  await enterPin(page, "Remove archive", "Remove");
  const needed = page.getByRole("dialog", { name: "Remove archive" });
  await needed.getByText("2 send jobs for archive are not done").waitFor();
  expect(configured(kiosk)?.remotes.length).toBe(2);
  await shot(page, "settings-remove-needed");
  await needed.getByRole("button", { name: "Remove all the same" }).click();
  await page.locator('[data-remote="archive"]').waitFor({ state: "detached" });
  expect(configured(kiosk)?.remotes.map(({ id }) => id)).toEqual(["ris"]);
});

inChromium(
  "institution and device are set with the PIN, refusals stand at their fields",
  async () => {
    const kiosk = await system();
    const { page } = kiosk;
    const card = page.locator(".settings");
    await card.scrollIntoViewIfNeeded();
    await shot(page, "settings-card");
    await card.getByRole("button", { name: "Institution and device" }).click();
    const form = page.getByRole("dialog", { name: "Institution and device" });
    expect(await form.getByLabel("Station name", { exact: true }).inputValue()).toBe("ROOM 2");
    expect(await form.getByRole("button", { name: "Save" }).isDisabled()).toBe(true);
    await shot(page, "settings-device");
    await form.getByLabel("Station name", { exact: true }).fill("ROOM 3");
    await form.getByLabel("Time zone").fill("Mars");
    await form.getByLabel("Worklist: asked every").fill("60");
    await form.getByRole("button", { name: "Unicode (UTF-8)" }).click();
    await form.getByRole("button", { name: "Save" }).click();
    await enterPin(page, "Institution and device", "Save");
    await form.getByText("must be an IANA time zone").waitFor();
    await shot(page, "settings-device-refused");
    await form.getByLabel("Time zone").fill("Asia/Tokyo");
    await form.getByRole("button", { name: "Save" }).click();
    await enterPin(page, "Institution and device", "Save");
    await page.getByText("The settings are in force.").waitFor();
    expect(configured(kiosk)).toMatchObject({
      device: {
        stationName: "ROOM 3",
        institutionName: "Example hospital",
        timeZone: "Asia/Tokyo",
      },
      worklist: { pollS: 60, modality: "RF" },
      local: { characterSet: "ISO_IR 192" },
      remotes: [{ id: "archive" }, { id: "ris" }],
    });
  },
);

inChromium("AE title and port are set without the PIN", async () => {
  const kiosk = await system();
  const { page } = kiosk;
  await page.locator(".settings").getByRole("button", { name: "AE title and port" }).click();
  const form = page.getByRole("dialog", { name: "AE title and port of this device" });
  await form.getByLabel("DICOM port").fill("99999");
  await form.getByRole("button", { name: "Save" }).click();
  await form.getByRole("alert").waitFor();
  await shot(page, "settings-local-refused");
  await form.getByLabel("AE title").fill("ROOM3");
  await form.getByLabel("DICOM port").fill("4104");
  await form.getByRole("button", { name: "Save" }).click();
  await page.getByText("The settings are in force.").waitFor();
  expect(configured(kiosk)?.local).toMatchObject({ aeTitle: "ROOM3", port: 4104 });
});

inChromium("what a stick changes is read before it is applied", async () => {
  const stick = {
    device: { institutionName: "Example hospital", stationName: "ROOM 9" },
    remotes: [RIS, { ...PACS, port: 2762 }],
    mpps: { queueWhenUnreachable: true },
  };
  const remoteInUse = "3 print jobs for film are not done.";
  const film = { ...RIS, id: "film", services: ["print"] };
  const kiosk = await system({
    configured: { ...CONFIGURED, remotes: [PACS, RIS, film] },
    stick: () => JSON.stringify(stick),
    remoteInUse,
  });
  const { page } = kiosk;
  const card = page.locator(".settings");
  await card.getByRole("button", { name: "Settings from it" }).click();
  await shot(page, "settings-stick-pin");
  await enterPin(page, "Settings from a stick", "Look at it");
  const shown = page.getByRole("dialog", { name: "What the stick changes" });
  await shown.getByText("remotes[archive].port").waitFor();
  await shown.getByText('"ROOM 2" → "ROOM 9"').waitFor();
  await shown.getByText(remoteInUse).waitFor();
  await shot(page, "settings-stick-changes");
  expect(configured(kiosk)?.device.stationName).toBe("ROOM 2");
  await shown.getByRole("button", { name: "Apply" }).click();
  await page.getByText("The settings are in force.").waitFor();
  expect(configured(kiosk)).toMatchObject({
    device: { stationName: "ROOM 9" },
    remotes: [{ id: "ris" }, { id: "archive", port: 2762 }],
  });
});

inChromium("each problem of a stick's settings is shown with its key", async () => {
  const stick = { device: { timeZone: "Mars" }, local: { port: 0 }, colour: "red" };
  const kiosk = await system({ stick: () => JSON.stringify(stick) });
  const { page } = kiosk;
  await page.locator(".settings").getByRole("button", { name: "Settings from it" }).click();
  await enterPin(page, "Settings from a stick", "Look at it");
  const wrong = page.getByRole("dialog", { name: "These settings cannot be used" });
  for (const key of ["device.timeZone", "local.port", "colour"])
    await wrong.getByText(key, { exact: true }).waitFor();
  await shot(page, "settings-stick-wrong");
  await wrong.getByRole("button", { name: "Close" }).last().click();
  expect(configured(kiosk)?.remotes.length).toBe(2);
});

inChromium("a stick without settings is told of, and gets those in force", async () => {
  const kiosk = await system();
  const { page } = kiosk;
  const card = page.locator(".settings");
  await card.getByRole("button", { name: "Settings from it" }).click();
  await enterPin(page, "Settings from a stick", "Look at it");
  await page.getByText("There is no udr-settings/config.json").waitFor();
  await shot(page, "settings-stick-none");
  await page.getByRole("button", { name: "Cancel" }).click();
  await card.getByRole("button", { name: "Settings to it" }).click();
  await enterPin(page, "Settings to a stick", "Write");
  await page.getByText("the stick can be pulled out").waitFor();
  expect(kiosk.device.calls).toContain("settings write-settings");
});

inChromium("the service PIN is changed with the present one and the new one twice", async () => {
  const kiosk = await system({ configured: { ...CONFIGURED, http: { pin: PIN } } });
  const { page } = kiosk;
  await page.reload();
  await page.getByRole("button", { name: "System" }).click();
  const change = async (present: string, chosen: string, repeated: string) => {
    await enterPin(page, "Change the service PIN", "Next", present);
    await enterPin(page, "Choose a new service PIN", "Next", chosen);
    await enterPin(page, "Repeat the new service PIN", "Change it", repeated);
  };
  await page.locator(".settings").getByRole("button", { name: "Service PIN" }).click();
  await shot(page, "settings-pin-present");
  await change("0000", "1234", "1234");
  await page.getByText("The service PIN is not right").waitFor();
  expect(configured(kiosk)?.http.pin).toBe(PIN);
  await change(PIN, "1234", "1235");
  await page.getByText("The two were not the same").waitFor();
  await shot(page, "settings-pin-differs");
  await enterPin(page, "Choose a new service PIN", "Next", "1234");
  await enterPin(page, "Repeat the new service PIN", "Change it", "1234");
  await page.getByText("The settings are in force.").waitFor();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect(configured(kiosk)).toMatchObject({ http: { pin: "1234" }, remotes: [PACS, RIS] });
});

inChromium("a finger presses what it sees while the on-screen keyboard is open", async () => {
  const kiosk = await system();
  const { page } = kiosk;
  await page.locator('[data-remote="ris"]').getByRole("button", { name: "Change" }).tap();
  const form = page.getByRole("dialog", { name: "Change ris" });
  await form.getByLabel("AE title").tap();
  await page.locator('.keyboard [data-skbtn="2"]').tap();
  await form.getByRole("button", { name: "Save" }).tap();
  await enterPin(page, "Change ris", "Save");
  await page.getByText("RIS2 · ris:104").waitFor();
});
