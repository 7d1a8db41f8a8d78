import { afterAll, beforeAll, expect, test } from "bun:test";
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle } from "../../script/bundle.ts";
import { MIGRATIONS, readableFromSchema } from "../../src/store/migrations.ts";
import { startDevice, until } from "../device-process.ts";
import { makeKey, makeSet } from "../hal/appliance/update-sets.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "udr-bundle-"));
  await bundle(join(folder, "once"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("the bundle exposes, renders and stops, far from its sources", async () => {
  await using device = await startDevice({ main: join(folder, "once", "main.js") });
  const { id } = await device.post<{ id: string }>("exams", { patient: { name: "Bundle^Test" } });
  await device.post(`exams/${id}/prepare`);
  await device.post("simulator/expose", { kind: "radiography" });
  const uid = await until("an image", async () => {
    const exam = await device.get<{ instances: { sopInstanceUid: string }[] }>(`exams/${id}`);
    return exam.instances[0]?.sopInstanceUid;
  });
  const png = await fetch(`${device.http}/api/v1/instances/${uid}/rendered?width=300`);
  expect(png.status).toBe(200);
  expect(new TextDecoder("latin1").decode((await png.bytes()).subarray(1, 4))).toBe("PNG");
  const page = await fetch(`${device.http}/`);
  expect(await page.text()).toContain("<script");
  expect(await device.stop()).toBe(0);
});

test("the bundle runs the simulated GigE panel, which is a process of its own", async () => {
  await using device = await startDevice({
    main: join(folder, "once", "main.js"),
    detector: "gige:simulator",
  });
  const health = await device.get<{ detector: { driver: string; model: string } }>("health");
  expect(health.detector).toMatchObject({ driver: "gige", model: "SIM-4343G" });
});

test("the bundle says what it is and how old a program may be after it", async () => {
  expect(await Bun.file(join(folder, "once", "update.json")).json()).toEqual({
    product: "UDR-10A",
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    schema: MIGRATIONS.length,
    readableFromSchema: readableFromSchema(MIGRATIONS),
  });
});

test("the bundled root helper answers over its standard input and output", async () => {
  const helper = Bun.spawn([process.execPath, join(folder, "once", "appliance-helper.js")], {
    stdin: new Blob(['{"do":"status"}\n']),
    stdout: "pipe",
    stderr: "inherit",
  });
  const lines = (await new Response(helper.stdout).text()).trim().split("\n");
  expect(await helper.exited).toBe(0);
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ ok: true, good: false, slot: null });
});

test("as an appliance it takes a signed update over its API", async () => {
  const program = join(folder, "appliance");
  await cp(join(folder, "once"), program, { recursive: true });
  const key = makeKey();
  await Bun.write(join(program, "update-key.pem"), key.publicPem);
  await makeSet(join(folder, "set"), key, { facts: { schema: 9, readableFromSchema: 1 } });
  await makeSet(join(folder, "foreign"), makeKey());
  const requests: { do: string; folder?: string }[] = [];
  const asked = Promise.withResolvers<void>();
  const helper = createServer((socket) => {
    socket.once("data", (data) => {
      requests.push(JSON.parse(data.toString()));
      asked.resolve();
      socket.end('{"ok":true,"version":"0.2.0"}\n');
    });
  });
  await new Promise<void>((listening) => helper.listen(join(folder, "helper.sock"), listening));
  await using device = await startDevice({
    main: join(program, "main.js"),
    configuration: { http: { pin: "4711" } },
    env: { UDR_APPLIANCE_SOCKET: join(folder, "helper.sock") },
  });
  const upload = async (name: string) => {
    const { stdout } = Bun.spawnSync(["tar", "-c", "-C", folder, name]);
    return fetch(`${device.http}/api/v1/appliance/update/upload`, {
      method: "PUT",
      headers: { authorization: "Bearer 4711", "content-type": "application/x-tar" },
      body: new Uint8Array(stdout),
    });
  };
  const foreign = await upload("foreign");
  expect([foreign.status, await foreign.text()]).toEqual([
    422,
    expect.stringMatching(/not signed for this device/),
  ]);
  expect(requests).toEqual([]);
  const good = await upload("set");
  expect([good.status, await good.json()]).toEqual([
    202,
    expect.objectContaining({ version: "0.2.0" }),
  ]);
  // The API answers before the helper has heard of it.
  await asked.promise;
  expect(requests).toEqual([
    { do: "install-update", folder: join(device.dataFolder, "updates", "upload") },
  ]);
  helper.close();
});

test("the same sources give the same bytes", async () => {
  await bundle(join(folder, "again"));
  expect(await digests(join(folder, "again"))).toEqual(await digests(join(folder, "once")));
});

test("the bundle names no folder of the machine that made it", async () => {
  for (const [name, text] of await textsOf(join(folder, "once")))
    expect([name, text.includes(join(import.meta.dir, "..", ".."))]).toEqual([name, false]);
});

async function digests(root: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const hash = new Bun.CryptoHasher("sha256").update(await Bun.file(path).bytes()).digest("hex");
    found[path.slice(root.length)] = hash;
  }
  return found;
}

async function textsOf(root: string): Promise<[string, string][]> {
  const names = (await readdir(root)).filter((name) => name.endsWith(".js"));
  return Promise.all(
    names.map(
      async (name): Promise<[string, string]> => [name, await Bun.file(join(root, name)).text()],
    ),
  );
}
