// Orthanc in a folder of its own on free ports of the loopback, for as long as a test needs it.

import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The attributes tests look at, by keyword, as UTF-8 text. */
export interface OrthancTags {
  readonly SOPClassUID?: string;
  readonly SOPInstanceUID?: string;
  readonly PatientName?: string;
  readonly StudyDescription?: string;
}

export interface Orthanc {
  /** Stores a file; answers Orthanc's id. Throws when it is refused. */
  store(bytes: Uint8Array<ArrayBuffer>): Promise<string>;
  tags(id: string): Promise<OrthancTags>;
  stop(): Promise<void>;
}

const START_TRIES = 200;
const TRY_EVERY_MS = 50;

export async function startOrthanc(): Promise<Orthanc> {
  const folder = await mkdtemp(join(tmpdir(), "orthanc-"));
  const http = await freePort();
  const dicom = await freePort();
  await Bun.write(
    join(folder, "orthanc.json"),
    JSON.stringify({
      Name: "test",
      StorageDirectory: join(folder, "storage"),
      IndexDirectory: join(folder, "storage"),
      HttpPort: http,
      DicomPort: dicom,
      RemoteAccessAllowed: false,
      AuthenticationEnabled: false,
      Plugins: [],
    }),
  );
  const child = Bun.spawn(["Orthanc", join(folder, "orthanc.json")], {
    stdout: "ignore",
    stderr: "ignore",
  });
  const url = `http://127.0.0.1:${http}`;
  const stop = async () => {
    child.kill();
    await child.exited;
    await rm(folder, { recursive: true, force: true });
  };
  for (let i = 0; ; i++) {
    const answer = await fetch(`${url}/system`).catch(() => null);
    if (answer?.ok) break;
    if (i > START_TRIES || child.exitCode !== null) {
      await stop();
      throw new Error("Orthanc did not start");
    }
    await Bun.sleep(TRY_EVERY_MS);
  }
  return {
    async store(bytes) {
      const answer = await fetch(`${url}/instances`, { method: "POST", body: bytes });
      if (!answer.ok) throw new Error(`refused: ${await answer.text()}`);
      return ((await answer.json()) as { ID: string }).ID;
    },
    async tags(id) {
      const answer = await fetch(`${url}/instances/${id}/simplified-tags`);
      return (await answer.json()) as OrthancTags;
    },
    stop,
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
