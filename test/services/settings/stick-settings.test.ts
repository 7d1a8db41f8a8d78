// Settings from a stick and to one, on real files: the thread's own tasks, a stick that is a folder.

import { expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfiguration } from "../../../src/config/configuration.ts";
import { jsonLog } from "../../../src/core/log.ts";
import { realMedium } from "../../../src/hal/media/real-medium.ts";
import { ConfigurationHolder } from "../../../src/services/configuration-holder.ts";
import { StickSettings } from "../../../src/services/settings/stick-settings.ts";
import { realDisk } from "../../../src/store/real-disk.ts";
import { runBackupTask } from "../../../src/workers/backup/run-task.ts";
import { openSource } from "../../../src/workers/export/source-file.ts";
import { Authority, opensslMissing } from "../../hal/net/certificates.ts";

const withOpenssl = test.skipIf(opensslMissing);
const PIN = "s3cret-pin";
const STICK = "/dev/sdb1";
const PACS = { id: "pacs", aeTitle: "PACS", host: "192.0.2.5", port: 104 };

function room(configured: object = {}) {
  const folder = mkdtempSync(join(tmpdir(), "udr-settings-"));
  const [stick, data] = [join(folder, "stick"), join(folder, "data")];
  mkdirSync(join(stick, "udr-settings"), { recursive: true });
  mkdirSync(data);
  const parsed = parseConfiguration({ http: { pin: PIN, allowPathTargets: false }, ...configured });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const state = { use: null as string | null, writes: true, released: 0 };
  const holder = new ConfigurationHolder(parsed.configuration, async () => {
    if (!state.writes) throw new Error("the disk is full");
  });
  const lines: string[] = [];
  const settings = new StickSettings({
    dataFolder: data,
    resolve: (path) => path,
    thread: {
      run: (task) => runBackupTask({ medium: realMedium, disk: realDisk, open: openSource }, task),
    },
    drives: {
      open: async (device) =>
        device === STICK
          ? {
              kind: "open",
              drive: {
                root: stick,
                label: "STICK",
                async release() {
                  state.released += 1;
                  return "It can be pulled out.";
                },
              },
            }
          : { kind: "refused", reason: `${device} is not plugged in.` },
    },
    holder,
    log: jsonLog(
      (line) => lines.push(line),
      () => 0,
    ),
    useOfRemote: (before, after) => (after === null ? [`${before.id} is still needed.`] : []),
    useWords: () => state.use,
  });
  const put = (name: string, content: string | object) =>
    writeFileSync(
      join(stick, "udr-settings", name),
      typeof content === "string" ? content : JSON.stringify(content),
    );
  const certificates = () =>
    existsSync(join(data, "certificates"))
      ? readdirSync(join(data, "certificates"), { recursive: true }).map(String)
      : [];
  const preview = async () => {
    const looked = await settings.preview(STICK);
    if (!looked.ok) throw new Error(looked.refusal.detail);
    return looked.value;
  };
  const refusal = async (asked: Promise<{ ok: boolean; refusal?: { detail: string } }>) => {
    const outcome = await asked;
    return outcome.ok ? "it was done" : (outcome.refusal?.detail ?? "");
  };
  return {
    ...{ stick, data, state, holder, lines, settings, put, certificates, preview, refusal },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

test("what a stick changes is shown first, applied when asked, and the PIN stays", async () => {
  using r = room({ device: { stationName: "ROOM 1", serialNumber: "B7" }, remotes: [PACS] });
  // An editor's byte order mark in front.
  r.put(
    "config.json",
    `\uFEFF${JSON.stringify({ device: { stationName: "ROOM 2" }, remotes: [{ ...PACS, port: 105 }] })}`,
  );
  const { changes, ticket } = await r.preview();
  expect(changes).toEqual([
    { key: "device.serialNumber", from: '"B7"', to: '"A0123456"' },
    { key: "device.stationName", from: '"ROOM 1"', to: '"ROOM 2"' },
    { key: "remotes[pacs].port", from: "104", to: "105" },
  ]);
  expect(r.holder.current().device.stationName).toBe("ROOM 1");
  expect((await r.settings.apply(STICK, ticket)).ok).toBe(true);
  expect(r.holder.current()).toMatchObject({
    device: { stationName: "ROOM 2" },
    remotes: [{ id: "pacs", port: 105 }],
    http: { pin: PIN, allowPathTargets: false },
  });
  expect(r.state.released).toBe(0);
});

test("a PIN on the stick is neither shown nor logged, and no stick takes the PIN away", async () => {
  using r = room();
  for (const pin of [null, "***"]) {
    r.put("config.json", { http: { pin } });
    expect((await r.preview()).changes).toEqual([]);
  }
  r.put("config.json", { http: { pin: "new-pin-5" } });
  const { changes, ticket } = await r.preview();
  expect(changes).toEqual([{ key: "http.pin", from: "***", to: "***" }]);
  await r.settings.apply(STICK, ticket);
  expect(r.holder.current().http.pin).toBe("new-pin-5");
  expect(r.lines.join()).not.toContain("new-pin-5");
});

test("every problem of the document is told with its key, and nothing is changed", async () => {
  using r = room();
  const before = r.holder.current();
  r.put("config.json", { device: { colour: "red" }, local: { port: 0 }, http: 3 });
  const looked = await r.settings.preview(STICK);
  expect(looked.ok ? [] : looked.refusal.errors?.map(({ path }) => path).sort()).toEqual([
    "device.colour",
    "http",
    "local.port",
  ]);
  r.put("config.json", '{\n "device": {,}');
  expect(await r.refusal(r.settings.preview(STICK))).toContain("not valid JSON at line 2");
  rmSync(join(r.stick, "udr-settings", "config.json"));
  expect(await r.refusal(r.settings.preview(STICK))).toContain("no udr-settings/config.json");
  r.put("config.json", `"${"x".repeat(1024 * 1024)}"`);
  expect(await r.refusal(r.settings.preview(STICK))).toContain("Is it the right file?");
  expect(r.holder.current()).toBe(before);
});

test("settings or stick that are others than those shown are not applied", async () => {
  using r = room();
  r.put("config.json", { device: { stationName: "ROOM 2" } });
  const first = await r.preview();
  r.put("config.json", { device: { stationName: "ROOM 3" } });
  expect(await r.refusal(r.settings.apply(STICK, first.ticket))).toContain("look at them again");
  const second = await r.preview();
  await r.holder.setLocal({ aeTitle: "OTHER", port: 104 });
  expect(await r.refusal(r.settings.apply(STICK, second.ticket))).toContain("look at them again");
  expect(r.holder.current()).toMatchObject({
    device: { stationName: "" },
    local: { aeTitle: "OTHER" },
  });
});

withOpenssl(
  "certificates are copied, private, and named by their place in the device",
  async () => {
    using r = room();
    using authority = new Authority();
    const { certFile, keyFile } = authority.issue("device");
    r.put("DEVICE.PEM", readFileSync(certFile, "utf8"));
    r.put("device-key.pem", readFileSync(keyFile, "utf8"));
    r.put("ca.pem", readFileSync(authority.caFile, "utf8"));
    r.put("._ca.pem", "an editor's own");
    const tls = { cert: "device.pem", key: "device-key.pem", ca: "ca.pem" };
    r.put("config.json", { remotes: [{ ...PACS, tls }] });
    const { files, ticket } = await r.preview();
    expect([...files].sort()).toEqual(["DEVICE.PEM", "ca.pem", "device-key.pem"]);
    expect(r.certificates()).toEqual([]);
    expect(await r.refusal(r.settings.apply(STICK, ticket))).toBe("it was done");
    const [remote] = r.holder.current().remotes;
    for (const [role, source] of [
      ["cert", certFile],
      ["key", keyFile],
      ["ca", authority.caFile],
    ] as const) {
      const path = remote?.tls?.[role] ?? "";
      expect(path).toStartWith(join(r.data, "certificates"));
      expect(readFileSync(path, "utf8")).toBe(readFileSync(source, "utf8"));
    }
    expect(r.lines.join()).not.toContain("PRIVATE");

    // Written to a stick and read again, the files are known by their bare names.
    await r.settings.write(STICK);
    for (const name of ["DEVICE.PEM", "device-key.pem", "ca.pem"])
      rmSync(join(r.stick, "udr-settings", name));
    expect((await r.preview()).changes).toEqual([]);
  },
);

withOpenssl("a file that is missing or is not what it should be is refused by name", async () => {
  using r = room();
  using authority = new Authority();
  const [one, two] = [authority.issue("one"), authority.issue("two")];
  const tls = { certFile: "one.pem", keyFile: "one-key.pem", caFile: "/etc/passwd" };
  r.put("config.json", { tls });
  r.put("one-key.pem", readFileSync(one.certFile, "utf8"));
  const looked = await r.settings.preview(STICK);
  const errors = looked.ok ? [] : (looked.refusal.errors ?? []);
  expect(errors.map(({ path, message }) => `${path} ${message}`)).toEqual([
    expect.stringMatching(/^tls.certFile .*one.pem, which is not beside config.json/),
    expect.stringMatching(/^tls.keyFile .*one-key.pem, which holds no private key/),
    expect.stringMatching(/^tls.caFile .*\/etc\/passwd, which is not beside/),
  ]);
  r.put("one.pem", readFileSync(one.certFile, "utf8"));
  r.put("one-key.pem", readFileSync(two.keyFile, "utf8"));
  r.put("config.json", { tls: { certFile: "one.pem", keyFile: "one-key.pem" } });
  expect(await r.refusal(r.settings.preview(STICK))).toContain(
    "one-key.pem is not the key of one.pem",
  );
  expect(r.certificates()).toEqual([]);
});

withOpenssl("files of settings that could not come into force do not stay", async () => {
  using r = room();
  using authority = new Authority();
  r.put("ca.pem", readFileSync(authority.caFile, "utf8"));
  r.put("config.json", { remotes: [{ ...PACS, tls: { ca: "ca.pem" } }] });
  const { ticket } = await r.preview();
  r.state.writes = false;
  expect(await r.refusal(r.settings.apply(STICK, ticket))).toContain("the disk is full");
  expect(r.certificates()).toEqual([]);
  expect(r.holder.current().remotes).toEqual([]);
});

test("a remote that goes while something needs it is told of before", async () => {
  using r = room({ remotes: [PACS, { ...PACS, id: "two" }] });
  r.put("config.json", { remotes: [{ ...PACS, port: 105 }] });
  expect((await r.preview()).warnings).toEqual(["two is still needed."]);
});

test("settings are written whole, without the PIN, and the stick is let go", async () => {
  using r = room({ device: { stationName: "ROOM 1" }, remotes: [PACS] });
  r.put("config.json", "what was there before");
  const written = await r.settings.write(STICK);
  expect(written.ok ? written.value : "").toContain("It can be pulled out.");
  expect(r.state.released).toBe(1);
  const text = readFileSync(join(r.stick, "udr-settings", "config.json"), "utf8");
  expect(text).not.toContain(PIN);
  expect(JSON.parse(text)).toMatchObject({ device: { stationName: "ROOM 1" }, remotes: [PACS] });
  expect(readdirSync(join(r.stick, "udr-settings"))).toEqual(["config.json"]);
  expect((await r.preview()).changes).toEqual([]);
});

test("a stick that somebody uses, or that is not there, is left alone", async () => {
  using r = room();
  expect(await r.refusal(r.settings.write("/dev/sdz1"))).toContain("not plugged in");
  r.state.use = "An export writes to it. Wait until it is done.";
  for (const asked of [
    r.settings.preview(STICK),
    r.settings.apply(STICK, "x"),
    r.settings.write(STICK),
  ])
    expect(await r.refusal(asked)).toContain("An export writes to it");
  r.state.use = null;
  const one = r.settings.write(STICK);
  expect(r.settings.useWords(STICK)).toContain("Settings are");
  expect(await r.refusal(r.settings.write(STICK))).toContain("Settings are read");
  expect((await one).ok).toBe(true);
  expect(r.settings.busyWords()).toBeNull();
});

withOpenssl("keys are readable by the device alone", async () => {
  using r = room();
  using authority = new Authority();
  const { certFile, keyFile } = authority.issue("device");
  r.put("device.pem", readFileSync(certFile, "utf8"));
  r.put("device-key.pem", readFileSync(keyFile, "utf8"));
  r.put("config.json", {
    remotes: [{ ...PACS, tls: { cert: "device.pem", key: "device-key.pem" } }],
  });
  await r.settings.apply(STICK, (await r.preview()).ticket);
  const path = r.holder.current().remotes[0]?.tls?.key ?? "";
  expect(statSync(path).mode & 0o077).toBe(0);
});
