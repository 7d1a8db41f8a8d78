// Every route of the local API and every form of error, against a device in memory.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createApi } from "../../src/api/app.ts";
import type { Problem } from "../../src/api/contract.ts";
import { PROBLEMS } from "../../src/api/problem.ts";
import type { ApiApp } from "../../src/api/route.ts";
import { assert } from "../../src/core/assert.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { type FakeDevice, fakeDevice } from "./fake-device.ts";

let clock: SimulatedClock;
let device: FakeDevice;
let app: ApiApp;

beforeEach(async () => {
  clock = new SimulatedClock();
  device = await fakeDevice(clock);
  app = createApi({ device, clock, log: silentLog });
});
afterEach(() => device[Symbol.dispose]());

const get = (path: string, headers: Record<string, string> = {}) =>
  app.request(`/api/v1${path}`, { headers });
const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  app.request(`/api/v1${path}`, {
    method,
    headers: body === undefined ? headers : { "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
const post = (path: string, body?: unknown, headers?: Record<string, string>) =>
  send("POST", path, body, headers);

async function problemOf(response: Response): Promise<Problem> {
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  const problem = (await response.json()) as Problem;
  expect(problem.status).toBe(response.status);
  expect(problem.type).toStartWith("urn:udr-10a:problem:");
  expect(problem.title.length).toBeGreaterThan(3);
  expect(problem.detail.length).toBeGreaterThan(10);
  return problem;
}

async function examWithImage(): Promise<{ examId: string; study: string; uid: string }> {
  const exam = (await (await post("/exams", { patient: { name: "Doe^Jane" } })).json()) as {
    id: string;
    studyInstanceUid: string;
  };
  await post("/simulator/expose", { kind: "radiography" });
  const uid = device.examsKept.get(exam.id)?.instances[0]?.sopInstanceUid ?? "";
  return { examId: exam.id, study: exam.studyInstanceUid, uid };
}

describe("exams", () => {
  test("an unscheduled exam is opened, prepared, exposed and completed", async () => {
    const opened = await post("/exams", {
      patient: { name: "Doe^Jane", birthDate: "1971-11-02", sex: "F" },
      protocolId: "knee-ap",
    });
    expect(opened.status).toBe(201);
    const exam = (await opened.json()) as { id: string };
    expect(opened.headers.get("location")).toBe(`/api/v1/exams/${exam.id}`);
    expect(exam).toMatchObject({
      state: "open",
      protocolId: "knee-ap",
      exposures: [],
      instances: [],
    });

    const prepared = await post(`/exams/${exam.id}/prepare`, { technique: { kv: 70 } });
    expect(await prepared.json()).toEqual({
      examId: exam.id,
      state: "ready",
      protocolId: "knee-ap",
      technique: { kv: 70, ma: 200, ms: 12 },
    });
    const exposed = await post("/simulator/expose", { kind: "radiography" });
    expect(exposed.status).toBe(200);
    expect(Object.keys((await exposed.json()) as object).sort()).toEqual([
      "exposureId",
      "irradiationEventUid",
    ]);
    const read = (await (await get(`/exams/${exam.id}`)).json()) as { instances: unknown[] };
    expect(read.instances).toHaveLength(1);
    const completed = await post(`/exams/${exam.id}/complete`);
    expect(await completed.json()).toMatchObject({ state: "completed" });
    expect(await (await get("/exams?state=open")).json()).toEqual([]);
    expect(await (await get("/exams")).json()).toHaveLength(1);
    await post("/exams", { patient: { name: "Roe^Jim" } });
    expect(await (await get("/exams?limit=1")).json()).toMatchObject([{ state: "open" }]);
  });

  test("preparing without a body takes the exam's protocol", async () => {
    const { examId } = await examWithImage();
    const prepared = await post(`/exams/${examId}/prepare`);
    expect(prepared.status).toBe(200);
    expect(await prepared.json()).toMatchObject({ state: "ready", protocolId: "chest-pa" });
  });

  test("an exam is opened from the worklist and appended to a study", async () => {
    const scheduled = await post("/exams", { worklistItemId: "w1" });
    expect(await scheduled.json()).toMatchObject({ patient: { id: "4711" } });
    await post(`/exams/${[...device.examsKept.keys()][0]}/complete`);
    expect((await post("/exams", { appendTo: "1.2.3.1" })).status).toBe(201);
  });

  test("discontinuing takes a reason of CID 9300, 110513 where none is given", async () => {
    const { examId } = await examWithImage();
    expect((await post(`/exams/${examId}/discontinue`)).status).toBe(200);
    expect(device.calls).toContain("discontinue 110513");
    const second = await examWithImage();
    await post(`/exams/${second.examId}/discontinue`, { reasonCode: "110514" });
    expect(device.calls).toContain("discontinue 110514");
    const third = await examWithImage();
    const refused = await post(`/exams/${third.examId}/discontinue`, { reasonCode: "1" });
    expect((await problemOf(refused)).errors).toEqual([
      { path: "reasonCode", message: "must be a code of CID 9300, such as 110513" },
    ]);
  });

  test("a secondary capture needs a picture where it is of the screen", async () => {
    const { examId } = await examWithImage();
    expect((await post(`/exams/${examId}/secondary-captures`)).status).toBe(201);
    expect(device.calls).toContain("capture dose-page");
    const screen = { kind: "screen", image: btoa("png") };
    expect((await post(`/exams/${examId}/secondary-captures`, screen)).status).toBe(201);
    const without = await post(`/exams/${examId}/secondary-captures`, { kind: "screen" });
    expect((await problemOf(without)).errors?.[0]?.path).toBe("image");
  });

  test("taking an item of another modality needs the service PIN", async () => {
    device.pinValue = "1234";
    const asked = { worklistItemId: "w1", overrideModality: true };
    expect((await post("/exams", asked)).status).toBe(401);
    const allowed = await post("/exams", asked, { authorization: "Bearer 1234" });
    expect(allowed.status).toBe(201);
  });

  test("what the device refuses is told in its own words", async () => {
    const { examId } = await examWithImage();
    const second = await problemOf(await post("/exams", { patient: { name: "A" } }));
    expect(second).toMatchObject({ status: 409, type: "urn:udr-10a:problem:exam-already-open" });
    const hot = await problemOf(await post(`/exams/${examId}/prepare`, { technique: { kv: 150 } }));
    expect(hot).toMatchObject({
      status: 503,
      detail: "The tube is too hot. Wait two minutes and prepare again.",
      instance: `/api/v1/exams/${examId}/prepare`,
    });
    expect((await problemOf(await get("/exams/none"))).status).toBe(404);
  });
});

describe("studies and instances", () => {
  test("studies are listed, filtered and read with their instances", async () => {
    const { study, uid } = await examWithImage();
    const list = (await (await get("/studies")).json()) as { studyInstanceUid: string }[];
    expect(list.map((s) => s.studyInstanceUid)).toEqual([study]);
    expect(await (await get("/studies?name=doe")).json()).toHaveLength(1);
    expect(await (await get("/studies?patientId=other")).json()).toEqual([]);
    expect((await get("/studies?date=2026-01-05")).status).toBe(200);
    expect((await get("/studies?date=20260101-20260131")).status).toBe(200);
    const read = (await (await get(`/studies/${study}`)).json()) as {
      series: { instances: { sopInstanceUid: string }[] }[];
    };
    expect(read.series[0]?.instances[0]?.sopInstanceUid).toBe(uid);
    expect(await (await get(`/instances/${uid}`)).json()).toMatchObject({ send: [], commit: [] });
  });

  test("the file comes whole or as the range asked for", async () => {
    const { uid } = await examWithImage();
    const bytes = new Uint8Array(await Bun.file(device.path).arrayBuffer());
    const whole = await get(`/instances/${uid}/file`);
    expect(whole.headers.get("content-type")).toBe("application/dicom");
    expect(new Uint8Array(await whole.arrayBuffer())).toEqual(bytes);

    const part = await get(`/instances/${uid}/file`, { range: "bytes=128-131" });
    expect(part.status).toBe(206);
    expect(part.headers.get("content-range")).toBe(`bytes 128-131/${bytes.length}`);
    expect(await part.text()).toBe("DICM");

    const tail = await get(`/instances/${uid}/file`, { range: "bytes=-4" });
    expect(new Uint8Array(await tail.arrayBuffer())).toEqual(bytes.slice(-4));

    const beyond = await get(`/instances/${uid}/file`, { range: `bytes=${bytes.length}-` });
    expect(beyond.headers.get("content-range")).toBe(`bytes */${bytes.length}`);
    expect((await problemOf(beyond)).status).toBe(416);
  });

  test("a file that is missing on the disk is a problem, not an empty answer", async () => {
    const { uid } = await examWithImage();
    await Bun.file(device.path).delete();
    expect((await problemOf(await get(`/instances/${uid}/file`))).detail).toContain("missing");
    expect((await problemOf(await get(`/instances/${uid}/pixels`))).status).toBe(503);
  });

  test("the stored pixels of a frame come with what they are in headers", async () => {
    const { uid } = await examWithImage();
    const response = await get(`/instances/${uid}/pixels?frame=1`);
    const names = ["columns", "rows", "bits-allocated", "bits-stored", "window-center"];
    expect(names.map((name) => response.headers.get(`x-${name}`))).toEqual([
      "640",
      "800",
      "16",
      "14",
      "8192",
    ]);
    expect(new Uint16Array(await response.arrayBuffer())).toEqual(device.pixels);
    expect((await problemOf(await get(`/instances/${uid}/pixels?frame=2`))).status).toBe(404);
  });

  test("a picture is rendered with the window, frame and width asked for", async () => {
    const { uid } = await examWithImage();
    const response = await get(`/instances/${uid}/rendered?window=-100.5,4096&frame=1&width=64`);
    expect(response.headers.get("content-type")).toBe("image/png");
    expect([...new Uint8Array(await response.arrayBuffer()).slice(1, 4)]).toEqual([80, 78, 71]);
    expect(device.calls.at(-1)).toBe(
      'render {"window":{"center":-100.5,"width":4096},"frame":1,"width":64}',
    );
    for (const [query, field] of [
      ["window=1", "window"],
      ["window=10,0", "window"],
      ["frame=0", "frame"],
      ["width=9000", "width"],
      ["size=3", "size"],
    ] as const)
      expect((await problemOf(await get(`/instances/${uid}/rendered?${query}`))).errors).toEqual([
        expect.objectContaining({ path: field }),
      ]);
  });

  test("deleting what no archive has needs force and the PIN", async () => {
    const { study } = await examWithImage();
    const refused = await problemOf(await send("DELETE", `/studies/${study}`));
    expect(refused).toMatchObject({ status: 409, type: "urn:udr-10a:problem:not-committed" });
    expect((await send("DELETE", `/studies/${study}?force=true`)).status).toBe(403);
    device.pinValue = "1234";
    expect((await send("DELETE", `/studies/${study}?force=true`)).status).toBe(401);
    const headers = { authorization: "Bearer 1234" };
    const deleted = await send("DELETE", `/studies/${study}?force=true`, undefined, headers);
    expect(deleted.status).toBe(204);
    expect((await get(`/studies/${study}`)).status).toBe(404);
  });
});

describe("jobs", () => {
  test("a send job is made, listed, read, cancelled and tried again", async () => {
    const { study, uid } = await examWithImage();
    const made = await post("/jobs", {
      type: "send",
      remoteId: "archive",
      studyInstanceUid: study,
    });
    expect(made.status).toBe(202);
    const job = (await made.json()) as { id: string };
    expect(job).toMatchObject({ type: "send", state: "queued", progress: { done: 0, total: 2 } });
    expect(await (await get("/jobs")).json()).toHaveLength(1);
    expect(await (await get("/jobs?state=done")).json()).toEqual([]);
    expect(await (await get(`/jobs/${job.id}`)).json()).toMatchObject(job);
    expect(await (await post(`/jobs/${job.id}/cancel`)).json()).toMatchObject({
      state: "cancelled",
    });
    expect(await (await post(`/jobs/${job.id}/retry`)).json()).toMatchObject({ state: "queued" });
    device.changeJob(job.id, { state: "done" });
    expect((await problemOf(await post(`/jobs/${job.id}/cancel`))).status).toBe(409);
    const some = { type: "send", remoteId: "archive", sopInstanceUids: [uid] };
    expect((await post("/jobs", some)).status).toBe(202);
  });

  test("print, export and retrieve jobs are taken in the form of the contract", async () => {
    const print = {
      type: "print",
      remoteId: "archive",
      films: [
        {
          displayFormat: "STANDARD\\2,3",
          orientation: "PORTRAIT",
          filmSize: "14INX17IN",
          images: ["1.2.3"],
        },
      ],
    };
    const usb = { type: "export", target: { kind: "usb", device: "/media/x" } };
    for (const job of [
      print,
      { ...usb, studyInstanceUids: ["1.2.3"] },
      { type: "retrieve", remoteId: "archive", studyInstanceUid: "1.2.3" },
    ])
      expect((await post("/jobs", job)).status).toBe(202);
  });

  test("a job that names an unknown remote, or nothing to do, is refused", async () => {
    const unknown = { type: "send", remoteId: "nowhere", studyInstanceUid: "1.2.3" };
    expect((await problemOf(await post("/jobs", unknown))).detail).toContain("nowhere");
    const rows: [unknown, string][] = [
      [{ type: "send", remoteId: "archive" }, "studyInstanceUid"],
      [{ type: "send", remoteId: "archive", studyInstanceUid: "1.02" }, "studyInstanceUid"],
      [{ type: "send", remoteId: "archive", sopInstanceUids: ["1.2", "x"] }, "sopInstanceUids[1]"],
      [{ type: "print", remoteId: "archive", films: [] }, "films"],
      [{ type: "fax" }, "type"],
      [{}, "type"],
    ];
    for (const [body, field] of rows) {
      const problem = await problemOf(await post("/jobs", body));
      expect(problem.errors?.map((e) => e.path)).toEqual([field]);
    }
  });
});

describe("configuration and the service PIN", () => {
  test("while no PIN is set, service routes say how to set one", async () => {
    const problem = await problemOf(await send("PUT", "/config", {}));
    expect(problem).toMatchObject({ status: 403, type: "urn:udr-10a:problem:pin-not-set" });
    expect(problem.detail).toContain("System screen");
  });

  test("the right PIN replaces the configuration, no or a wrong one does not", async () => {
    device.pinValue = "s3cret";
    const missing = await send("PUT", "/config", {});
    expect(missing.headers.get("www-authenticate")).toStartWith("Bearer");
    expect((await problemOf(missing)).type).toEndWith("pin-required");
    const wrong = await send("PUT", "/config", {}, { authorization: "Bearer s3cre" });
    expect((await problemOf(wrong)).type).toEndWith("pin-wrong");
    const headers = { authorization: "Bearer s3cret" };
    const right = await send("PUT", "/config", { remotes: [] }, headers);
    expect(await right.json()).toMatchObject({ remotes: [] });
    expect(await (await get("/config")).json()).toMatchObject({ remotes: [] });
    const invalid = await send("PUT", "/config", { remotes: 3 }, headers);
    expect(await problemOf(invalid)).toMatchObject({
      status: 422,
      errors: [{ path: "remotes", message: "must be a list" }],
    });
  });

  test("wrong PINs cost ever more time, and then even the right one must wait", async () => {
    device.pinValue = "1234";
    const attempt = (pin: string) => send("PUT", "/config", {}, { authorization: `Bearer ${pin}` });
    for (const pin of ["1", "2", "3"]) expect((await attempt(pin)).status).toBe(401);
    const locked = await attempt("1234");
    expect(locked.headers.get("retry-after")).toBe("2");
    expect((await problemOf(locked)).status).toBe(429);
    await clock.advance(2_000);
    expect((await attempt("4")).status).toBe(401);
    expect((await attempt("1234")).headers.get("retry-after")).toBe("4");
    await clock.advance(4_000);
    expect((await attempt("1234")).status).toBe(200);
    expect((await attempt("5")).status).toBe(401);
    expect((await attempt("1234")).status).toBe(200);
  });

  test("AE title and port of the device are set without a PIN", async () => {
    const set = await send("PUT", "/settings/local", { aeTitle: "ROOM 2", port: 104 });
    expect(await set.json()).toEqual({ aeTitle: "ROOM 2", port: 104 });
    expect(await (await get("/settings/local")).json()).toEqual({ aeTitle: "ROOM 2", port: 104 });
    const failed = await send("PUT", "/settings/local", { aeTitle: "X", port: 1 });
    expect((await problemOf(failed)).detail).toContain("port 1 is taken");
    for (const aeTitle of ["", "   ", "A\\B", "SEVENTEEN LETTERS", "ÄÖ"]) {
      const refused = await send("PUT", "/settings/local", { aeTitle, port: 104 });
      expect((await problemOf(refused)).errors?.[0]?.path).toBe("aeTitle");
    }
  });
});

describe("the other resources", () => {
  test("health names the parts and their state", async () => {
    const response = await get("/health");
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      status: "ok",
      detector: { driver: "simulated", state: "idle", lost: 0, resent: 0, overruns: 0 },
      generator: { driver: "simulated" },
      disk: { freeBytes: 42_000_000_000 },
      remotes: [
        { id: "archive", reachable: true },
        { id: "ris", reachable: null },
      ],
    });
  });

  test("an echo that fails is a result; one to nobody is a problem", async () => {
    expect(await (await post("/remotes/archive/echo")).json()).toEqual({
      ok: true,
      status: "0000",
      elapsedMs: 12,
    });
    expect(await (await post("/remotes/ris/echo")).json()).toMatchObject({ ok: false });
    expect((await problemOf(await post("/remotes/none/echo"))).status).toBe(404);
  });

  test("worklist, query and media answer", async () => {
    expect((await post("/worklist/query")).status).toBe(200);
    await post("/worklist/query", { patientId: "4711" });
    expect(device.calls.at(-1)).toBe('worklist {"patientId":"4711"}');
    expect(await (await get("/worklist")).json()).toMatchObject({ complete: true });
    const query = { remoteId: "archive", level: "STUDY", keys: { PatientID: "P1" } };
    expect(await (await post("/query", query)).json()).toEqual({
      matches: [{ PatientID: "P1" }],
      complete: true,
    });
    expect(await (await get("/media")).json()).toMatchObject([{ kind: "usb" }]);
  });

  test("what the device does not offer has no route and is not in the document", async () => {
    using small = await fakeDevice(clock, {
      without: ["simulator", "worklist", "query", "media", "live"],
    });
    const lesser = createApi({ device: small, clock, log: silentLog });
    for (const path of ["simulator/expose", "worklist/query", "query"]) {
      const response = await lesser.request(`/api/v1/${path}`, { method: "POST" });
      expect((await problemOf(response)).status).toBe(404);
    }
    const document = (await (await lesser.request("/api/v1/openapi.json")).json()) as {
      paths: object;
    };
    expect(
      Object.keys(document.paths).filter((p) => /simul|worklist|query|media|live/.test(p)),
    ).toEqual([]);
  });
});

describe("bad requests", () => {
  test("each refused field is named with what it should be", async () => {
    const rows: [unknown, string, string][] = [
      [{ patient: {} }, "patient.name", "is missing"],
      [{ patient: { name: 3 } }, "patient.name", "must be a text"],
      [{ patient: { name: "x", sex: "W" } }, "patient.sex", "must be "],
      [{ patient: { name: "x", birthDate: "31.1.1970" } }, "patient.birthDate", "must be a date"],
      [{ patient: { name: "x", birthDate: "1970-02-30" } }, "patient.birthDate", "no date"],
      [{ patient: { name: "a\\b" } }, "patient.name", "backslash"],
      [{ patient: { name: "a=b=c=d" } }, "patient.name", "no person name"],
      [{ patient: { name: "x".repeat(65) } }, "patient.name", "no person name"],
      [{ patient: { name: "x", id: "i".repeat(65) } }, "patient.id", "longer than 64"],
      [{ patient: { name: "x", colour: "red" } }, "patient.colour", "not known"],
      [{ patient: { name: "x" }, protocol: "p" }, "protocol", "not known"],
      [{ appendTo: "1.2." }, "appendTo", "no UID"],
      [{}, "", "worklistItemId, patient or appendTo is needed"],
    ];
    for (const [body, field, words] of rows) {
      const problem = await problemOf(await post("/exams", body));
      expect(problem.status).toBe(422);
      expect(problem.errors).toEqual([
        { path: field, message: expect.stringContaining(words) as unknown as string },
      ]);
      expect(problem.detail).toContain(field);
    }
  });

  test("a body of another kind is told as the body", async () => {
    expect((await problemOf(await post("/simulator/expose", []))).detail).toBe(
      "The body must be an object.",
    );
  });

  test("a name of 64 characters is taken, whatever its script", async () => {
    const name = `${"山".repeat(31)}^${"太".repeat(32)}`;
    expect((await post("/exams", { patient: { name } })).status).toBe(201);
  });

  test("JSON that cannot be read is a malformed request", async () => {
    const response = await app.request("/api/v1/exams", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{",
    });
    expect((await problemOf(response)).status).toBe(400);
  });

  test("a body that is not JSON by its type is refused", async () => {
    const response = await app.request("/api/v1/exams", {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: "{}",
    });
    expect((await problemOf(response)).status).toBe(415);
    expect((await problemOf(await post("/exams"))).status).toBe(422);
  });

  test("a body that is too large is refused, announced or not", async () => {
    const large = "x".repeat(300 * 1024);
    expect((await problemOf(await post("/exams", { patient: { name: large } }))).status).toBe(413);
    const response = await app.request("/api/v1/jobs", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: new Blob([large]).stream(),
    });
    expect((await problemOf(response)).status).toBe(413);
  });

  test("unknown paths and methods say what there is", async () => {
    const unknown = await problemOf(await get("/nothing"));
    expect(unknown).toMatchObject({ status: 404 });
    expect(unknown.detail).toContain("openapi.json");
    const wrong = await send("PATCH", "/exams/1", {});
    expect(wrong.headers.get("allow")).toBe("GET");
    expect((await problemOf(wrong)).status).toBe(405);
  });

  test("foreign names and foreign pages are turned away", async () => {
    const under = (host: string, headers: Record<string, string> = {}) =>
      app.request(`http://${host}/api/v1/health`, { headers: { host, ...headers } });
    for (const host of ["localhost", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST:1"])
      expect((await under(host)).status).toBe(200);
    for (const host of ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io:8080"])
      expect((await problemOf(await under(host))).type).toEndWith("foreign-host");
    const own = await under("127.0.0.1:8080", { origin: "http://127.0.0.1:8080" });
    expect(own.status).toBe(200);
    for (const origin of ["http://evil.example", "http://127.0.0.1:9", "null"]) {
      const response = await under("127.0.0.1:8080", { origin });
      expect((await problemOf(response)).type).toEndWith("foreign-origin");
      expect(response.headers.get("access-control-allow-origin")).toBeNull();
    }
  });

  test("an error inside is 500 without its words, and a broken invariant is passed on", async () => {
    const impossible: Error[] = [];
    const broken = createApi({
      device: {
        ...device,
        health: () => {
          assert(false, "secret inner state");
          throw new Error("not reached");
        },
      },
      clock,
      log: silentLog,
      onImpossible: (error) => impossible.push(error),
    });
    const problem = await problemOf(await broken.request("/api/v1/health"));
    expect(problem.status).toBe(500);
    expect(problem.detail).not.toContain("secret");
    expect(impossible.map((e) => e.message)).toEqual(["secret inner state"]);
  });
});

test("every problem of the table has a status of an error and a title", () => {
  for (const { status, title } of Object.values(PROBLEMS)) {
    expect(status).toBeWithin(400, 600);
    expect(title).toMatch(/^[A-Z]/);
  }
});
