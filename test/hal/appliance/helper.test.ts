// The root helper without a system: its programs are a script of what they are asked.

import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  answerRequest,
  type HelperPaths,
  type Ran,
} from "../../../src/hal/appliance/helper/helper.ts";
import { runProgram } from "../../../src/hal/appliance/helper/run-program.ts";
import { bootEntries, slotOf } from "../../../src/hal/appliance/helper/slots.ts";
import { makeKey, makeSet } from "./update-sets.ts";

const key = makeKey();
const SYSUPDATE = "/usr/lib/systemd/systemd-sysupdate";
type Line = Record<string, unknown>;

async function helperRoom() {
  const top = mkdtempSync(join(tmpdir(), "udr-helper-"));
  const paths: HelperPaths = {
    sticks: join(top, "media"),
    uploads: join(top, "data", "updates"),
    staging: join(top, "system", "update"),
    settings: join(top, "system"),
    exports: join(top, "run"),
    dataFolder: join(top, "data"),
    kernels: [join(top, "boot"), join(top, "efi")],
    mountInfo: join(top, "mountinfo"),
    facts: join(top, "update.json"),
    publicKey: join(top, "key.pem"),
  };
  for (const folder of ["media/sdb1", "data/updates", "system", "run", "efi"])
    await mkdir(join(top, folder), { recursive: true });
  await writeFile(
    paths.facts,
    JSON.stringify({ product: "UDR-10A", version: "0.1.0", schema: 3, readableFromSchema: 3 }),
  );
  await writeFile(paths.publicKey, key.publicPem);
  await writeFile(join(top, "efi", "udr-10a_0.1.0.efi"), "kernel");
  await writeFile(
    paths.mountInfo,
    `36 25 8:17 / ${paths.sticks}/sdb1 rw,nosuid - vfat /dev/sdb1 rw\n`,
  );
  const ran: string[] = [];
  let isLocked = false;
  const room = {
    top,
    paths,
    ran,
    /** What a program does; all succeed unless told. */
    programs: new Map<string, (args: readonly string[]) => Ran | Promise<Ran>>(),
    notes: [] as string[],
    async ask(request: unknown): Promise<Line[]> {
      const lines: Line[] = [];
      await answerRequest(
        typeof request === "string" ? request : JSON.stringify(request),
        {
          paths,
          system: {
            async run(program, args) {
              ran.push([program, ...args].join(" "));
              const play = room.programs.get(program);
              return play === undefined ? { code: 0, stdout: "", stderr: "" } : await play(args);
            },
            addresses: () => [
              { interface: "hospital", address: "192.0.2.99/24" },
              { interface: "panel", address: "169.254.100.1/16" },
            ],
            async lockInstallation() {
              if (isLocked) return null;
              isLocked = true;
              return {
                async [Symbol.asyncDispose]() {
                  isLocked = false;
                },
              };
            },
          },
        },
        (line) => lines.push(line),
        (note) => room.notes.push(note),
      );
      expect(lines.filter((line) => "ok" in line)).toHaveLength(1);
      expect(lines.at(-1)).toHaveProperty("ok");
      return lines;
    },
    async answer(request: unknown): Promise<Line> {
      return (await room.ask(request)).at(-1) ?? {};
    },
    [Symbol.dispose]: () => rmSync(top, { recursive: true, force: true }),
  };
  return room;
}

test("what is no request is refused in words", async () => {
  using room = await helperRoom();
  for (const request of ["", "{", "[]", { do: "format" }, { do: "restart", now: true }])
    expect(await room.answer(request)).toMatchObject({ ok: false });
  expect(room.ran).toEqual([]);
});

test("an update on a stick is checked, copied to root's folder, written, and the copy goes", async () => {
  using room = await helperRoom();
  const folder = join(room.paths.sticks, "sdb1", "udr-update");
  await makeSet(folder, key);
  let staged: string[] = [];
  room.programs.set(SYSUPDATE, async () => {
    staged = (await readdir(room.paths.staging)).sort();
    await writeFile(join(room.top, "efi", "udr-10a_0.2.0+3-0.efi"), "kernel");
    return { code: 0, stdout: "", stderr: "" };
  });
  const lines = await room.ask({ do: "install-update", folder });
  expect(lines.at(-1)).toEqual({ ok: true, version: "0.2.0" });
  expect(lines.slice(0, -1).map((line) => line["step"])).toContain("copying");
  expect(staged).toHaveLength(4);
  expect(room.ran).toEqual([`${SYSUPDATE} --verify=no update`]);
  expect(await readdir(room.paths.staging)).toEqual([]);
});

test("an update that is not signed is not written, and leaves nothing", async () => {
  using room = await helperRoom();
  const folder = join(room.paths.uploads, "one");
  await makeSet(folder, makeKey());
  expect(await room.answer({ do: "install-update", folder })).toMatchObject({
    ok: false,
    reason: expect.stringMatching(/not signed/),
  });
  expect(room.ran).toEqual([]);
  expect(await readdir(room.paths.staging)).toEqual([]);
});

test("an update is taken from no other place, however it is written", async () => {
  using room = await helperRoom();
  const elsewhere = join(room.top, "elsewhere");
  await makeSet(elsewhere, key);
  await symlink(elsewhere, join(room.paths.uploads, "link"));
  for (const folder of [
    elsewhere,
    `${room.paths.uploads}/../../elsewhere`,
    `${room.paths.uploads}/link`,
    room.paths.sticks,
    "",
  ])
    expect(await room.answer({ do: "install-update", folder })).toMatchObject({ ok: false });
  expect(room.ran).toEqual([]);
});

test("an update that sysupdate fails over, or silently leaves out, is told as such", async () => {
  using room = await helperRoom();
  const folder = join(room.paths.uploads, "one");
  await makeSet(folder, key);
  expect(await room.answer({ do: "install-update", folder })).toMatchObject({
    ok: false,
    reason: expect.stringMatching(/was not written/),
  });
  room.programs.set(SYSUPDATE, () => ({ code: 1, stdout: "", stderr: "a\nNo space left\n" }));
  expect(await room.answer({ do: "install-update", folder })).toMatchObject({
    ok: false,
    reason: expect.stringMatching(/No space left/),
  });
  expect(await readdir(room.paths.staging)).toEqual([]);
});

test("a version that lies in the other slot already is not written again", async () => {
  using room = await helperRoom();
  await writeFile(join(room.top, "efi", "udr-10a_0.2.0+0-3.efi"), "kernel");
  const folder = join(room.paths.uploads, "one");
  await makeSet(folder, key);
  expect(await room.answer({ do: "install-update", folder })).toMatchObject({
    ok: false,
    reason: expect.stringMatching(/other slot already/),
  });
});

test("one installation at a time", async () => {
  using room = await helperRoom();
  const folder = join(room.paths.uploads, "one");
  await makeSet(folder, key);
  const [first, second] = await Promise.all([
    room.answer({ do: "install-update", folder }),
    room.answer({ do: "install-update", folder }),
  ]);
  expect([first, second].filter((a) => /installed already/.test(String(a["reason"])))).toHaveLength(
    1,
  );
});

test("a stick is flushed and unmounted, and nothing else is", async () => {
  using room = await helperRoom();
  const stick = join(room.paths.sticks, "sdb1");
  expect(await room.answer({ do: "release", mountPoint: stick })).toEqual({ ok: true });
  expect(room.ran).toEqual([`sync --file-system ${stick}`, `systemd-umount ${stick}`]);
  for (const mountPoint of ["/", "/var", `${room.paths.sticks}/..`, `${stick}/..`, `${stick}2`])
    expect(await room.answer({ do: "release", mountPoint })).toMatchObject({ ok: false });
  expect(room.ran).toHaveLength(2);
});

test("a stick that does not let go is told with its reason", async () => {
  using room = await helperRoom();
  room.programs.set("systemd-umount", () => ({ code: 1, stdout: "", stderr: "target is busy" }));
  const answer = await room.answer({
    do: "release",
    mountPoint: join(room.paths.sticks, "sdb1"),
  });
  expect(answer).toMatchObject({ ok: false, reason: expect.stringMatching(/target is busy/) });
});

test("restart, power-off and factory reset are asked of the service manager", async () => {
  using room = await helperRoom();
  for (const what of ["restart", "power-off", "factory-reset"])
    expect(await room.answer({ do: what })).toEqual({ ok: true });
  expect(room.ran).toEqual([
    "systemctl --no-block reboot",
    "systemctl --no-block poweroff",
    "systemctl start udr-factory-reset.service",
  ]);
});

test("the status tells version, slot, starts left, the other slot and the time servers", async () => {
  using room = await helperRoom();
  await writeFile(join(room.top, "efi", "udr-10a_0.2.0+2-1.efi"), "kernel");
  room.programs.set("lsblk", () => ({ code: 0, stdout: LSBLK, stderr: "" }));
  await room.ask({ do: "set-time-servers", servers: ["10.0.0.1", "ntp.example.org"] });
  const failed = { unit: "udr-data-anew.service", description: "Make the data partition anew" };
  room.programs.set("systemctl", () => ({ code: 0, stdout: JSON.stringify([failed]), stderr: "" }));
  expect(await room.answer({ do: "status" })).toMatchObject({
    ok: true,
    version: "0.1.0",
    slot: "B",
    tries: null,
    good: true,
    other: "0.2.0",
    failedUnits: ["Make the data partition anew (udr-data-anew.service)"],
    timeServers: ["10.0.0.1", "ntp.example.org"],
  });
});

test("time servers are kept in a file that timesyncd reads, and none takes them away", async () => {
  using room = await helperRoom();
  const file = join(room.paths.settings, "timesyncd.conf.d", "10-servers.conf");
  await room.ask({ do: "set-time-servers", servers: ["10.0.0.1"] });
  expect(readFileSync(file, "utf8")).toContain("[Time]\nNTP=\nNTP=10.0.0.1\n");
  await room.ask({ do: "set-time-servers", servers: [] });
  expect(readFileSync(file, "utf8")).toEndWith("[Time]\nNTP=\n");
  for (const server of ["a b", "x\nFallbackNTP=evil", "-a", ""])
    expect(await room.answer({ do: "set-time-servers", servers: [server] })).toMatchObject({
      ok: false,
    });
});

test("a fixed address is written as networkd reads it; no value can add a line", async () => {
  using room = await helperRoom();
  const fixed = { do: "set-network", interface: "hospital", address: "192.0.2.10/24" };
  expect(await room.answer({ ...fixed, gateway: "192.0.2.1", dns: ["192.0.2.2"] })).toEqual({
    ok: true,
  });
  const file = join(room.paths.settings, "network", "10-hospital.network");
  expect(readFileSync(file, "utf8")).toContain(
    "Address=192.0.2.10/24\nGateway=192.0.2.1\nDNS=192.0.2.2\n",
  );
  expect(room.ran.at(-1)).toBe("networkctl reload");
  room.programs.set("lsblk", () => ({ code: 0, stdout: LSBLK, stderr: "" }));
  expect(await room.answer({ do: "status" })).toMatchObject({
    network: {
      addresses: [{ address: "192.0.2.99/24" }, { address: "169.254.100.1/16" }],
      settings: [
        {
          interface: "hospital",
          address: "192.0.2.10/24",
          gateway: "192.0.2.1",
          dns: ["192.0.2.2"],
        },
      ],
    },
  });
  // Root judges them itself, whoever asks.
  expect(
    await room.answer({ ...fixed, address: "169.254.7.7/24", gateway: null, dns: [] }),
  ).toEqual({ ok: false, reason: expect.stringContaining("the card panel") });
  expect(await room.answer({ ...fixed, gateway: "198.51.100.1", dns: [] })).toEqual({
    ok: false,
    reason: expect.stringContaining("is not in the net of"),
  });
  for (const wrong of [
    { interface: "../x" },
    { address: "192.0.2.10" },
    { address: "192.0.2.10/24\nx" },
    { gateway: "router" },
  ])
    expect(await room.answer({ ...fixed, gateway: null, dns: [], ...wrong })).toMatchObject({
      ok: false,
    });
});

test("what somebody put into the folder by hand is told as well, other files are not", async () => {
  using room = await helperRoom();
  const folder = join(room.paths.settings, "network");
  room.programs.set("lsblk", () => ({ code: 0, stdout: LSBLK, stderr: "" }));
  await room.ask({
    do: "set-network",
    interface: "hospital",
    address: "dhcp",
    gateway: null,
    dns: [],
  });
  await writeFile(
    join(folder, "10-panel.network"),
    "[Network]\nAddress = x\nAddress=10.9.8.7/24\n",
  );
  await writeFile(join(folder, "10-hospital.network.part"), "Address=1.2.3.4/8\n");
  const answer = await room.answer({ do: "status" });
  expect((answer["network"] as { settings: unknown }).settings).toEqual([
    { interface: "hospital", address: "dhcp", gateway: null, dns: [] },
    { interface: "panel", address: "10.9.8.7/24", gateway: null, dns: [] },
  ]);
});

test("the journal is exported newest first for the program's group", async () => {
  using room = await helperRoom();
  room.programs.set("journalctl", () => ({ code: 0, stdout: "line\n", stderr: "" }));
  const answer = await room.answer({ do: "journal", sinceMs: 1_700_000_000_500 });
  expect(readFileSync(String(answer["path"]), "utf8")).toBe("line\n");
  expect(room.ran[0]).toContain("--reverse");
  expect(room.ran[0]).toEndWith("--since=@1700000000");
});

test("a failure of the helper itself goes to the journal, not to the technician", async () => {
  using room = await helperRoom();
  rmSync(room.paths.facts);
  expect(await room.answer({ do: "status" })).toMatchObject({
    ok: false,
    reason: expect.stringMatching(/the journal has the details/),
  });
  expect(room.notes[0]).toContain("ENOENT");
});

test("a program's output and time are bounded, its last words kept", async () => {
  const limits = { timeoutMs: 10_000, stdoutBytesMax: 1000 };
  const cut = await runProgram("yes", [], limits);
  expect([cut.code, cut.stdout.length]).toEqual([0, 1000]);
  const late = await runProgram("sleep", ["60"], { timeoutMs: 50 });
  expect(late.code).not.toBe(0);
  expect(late.stderr).toContain("took too long");
  const wrong = await runProgram("sh", ["-c", "echo no >&2; exit 3"], limits);
  expect([wrong.code, wrong.stderr]).toEqual([3, "no\n"]);
  expect((await runProgram("/no/such/program", [], limits)).code).not.toBe(0);
});

test("kernels tell version and starts left; other files are none", () => {
  expect(
    bootEntries(["udr-10a_0.1.0.efi", "udr-10a_0.2.0+3-0.efi", "udr-10a_0.3.0+1.efi", "x.efi"]),
  ).toEqual([
    { version: "0.1.0", triesLeft: null },
    { version: "0.2.0", triesLeft: 3 },
    { version: "0.3.0", triesLeft: 1 },
  ]);
});

const ROOT_TYPE = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709";
const VERITY_TYPE = "2c7357ed-ebd2-46d9-aec1-23d437ec2bf5";
/** Slot B runs: its root below the verity device, which stands on two partitions. */
const ROOT_DEVICE = { name: "root", parttype: null, mountpoints: ["/"] };
const LSBLK = JSON.stringify({
  blockdevices: [
    {
      name: "vda",
      parttype: null,
      mountpoints: [null],
      children: [
        { name: "vda2", parttype: VERITY_TYPE, mountpoints: [null] },
        { name: "vda3", parttype: ROOT_TYPE, mountpoints: [null] },
        { name: "vda4", parttype: VERITY_TYPE, mountpoints: [null], children: [ROOT_DEVICE] },
        { name: "vda10", parttype: ROOT_TYPE, mountpoints: [null], children: [ROOT_DEVICE] },
      ],
    },
  ],
});

test("the slot is that of the mounted root; a plain disc has none", () => {
  expect(slotOf(LSBLK)).toBe("B");
  expect(slotOf(LSBLK.replaceAll("vda10", "vda1"))).toBe("A");
  expect(slotOf('{"blockdevices":[{"name":"sda","mountpoints":["/"]}]}')).toBeNull();
});
