// Orthanc in a folder of its own on free loopback ports, for as long as a test needs it.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";

const PROGRAM = Bun.which("Orthanc") ?? Bun.which("Orthanc", { PATH: "/usr/sbin:/usr/bin" });
export const hasOrthanc = PROGRAM !== null;

/** The attributes tests look at. */
export interface OrthancTags {
  readonly SOPClassUID?: string;
  readonly SOPInstanceUID?: string;
  readonly PatientName?: string;
  readonly StudyDescription?: string;
}

export interface Orthanc extends AsyncDisposable {
  readonly http: string;
  readonly dicomPort: number;
  /** Where its files lie. */
  readonly storageFolder: string;
  /** Ids of the instances stored. */
  instances(): Promise<string[]>;
  get<T>(path: string): Promise<T>;
  bytes(path: string): Promise<Uint8Array>;
  /** Stores a file; answers Orthanc's id. Throws when it is refused. */
  store(file: Uint8Array<ArrayBuffer>): Promise<string>;
  /** An instance's attributes by keyword, as UTF-8 text. */
  tags(id: string): Promise<OrthancTags>;
}

/** Starts Orthanc; `more` goes into its configuration. */
export async function startOrthanc(more: Record<string, unknown> = {}): Promise<Orthanc> {
  if (PROGRAM === null) throw new Error("Orthanc is not installed");
  const folder = await mkdtemp(join(tmpdir(), "udr-orthanc-"));
  const httpPort = await freePort();
  const dicomPort = await freePort();
  await Bun.write(
    join(folder, "orthanc.json"),
    JSON.stringify({
      Name: "test",
      StorageDirectory: join(folder, "storage"),
      IndexDirectory: join(folder, "storage"),
      HttpPort: httpPort,
      DicomPort: dicomPort,
      DicomAet: "ARCHIVE",
      RemoteAccessAllowed: false,
      AuthenticationEnabled: false,
      DicomAlwaysAllowStore: true,
      DicomCheckCalledAet: false,
      Plugins: [],
      ...more,
    }),
  );
  const child = Bun.spawn([PROGRAM, join(folder, "orthanc.json")], {
    stdout: "ignore",
    stderr: "ignore",
    env: { ...process.env, TCP_NODELAY: "1" },
  });
  const http = `http://127.0.0.1:${httpPort}`;
  const stop = async () => {
    child.kill();
    await child.exited;
    await rm(folder, { recursive: true, force: true });
  };
  for (let i = 0; ; i++) {
    const answer = await fetch(`${http}/system`).catch(() => null);
    if (answer?.ok) break;
    if (i > 400 || child.exitCode !== null) {
      await stop();
      throw new Error("Orthanc did not start");
    }
    await Bun.sleep(50);
  }
  const get = async <T>(path: string) => (await (await fetch(`${http}/${path}`)).json()) as T;
  return {
    http,
    dicomPort,
    storageFolder: join(folder, "storage"),
    get,
    instances: () => get<string[]>("instances"),
    bytes: async (path) => new Uint8Array(await (await fetch(`${http}/${path}`)).arrayBuffer()),
    async store(file) {
      const answer = await fetch(`${http}/instances`, { method: "POST", body: file });
      if (!answer.ok) throw new Error(`refused: ${await answer.text()}`);
      return ((await answer.json()) as { ID: string }).ID;
    },
    tags: (id) => get<OrthancTags>(`instances/${id}/simplified-tags`),
    [Symbol.asyncDispose]: stop,
  };
}
