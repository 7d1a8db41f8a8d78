// DCMTK's print SCP with a configuration, a database and a spool of its own.

import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { listening } from "./storescp.ts";

export const hasDcmprscp = Bun.which("dcmprscp") !== null;

export interface Dcmprscp extends AsyncDisposable {
  readonly port: number;
  /** Paths of the Hardcopy Grayscale Images kept so far, oldest first. */
  images(): Promise<string[]>;
  /** Paths of the Stored Prints, one a sheet. */
  prints(): Promise<string[]>;
}

export async function startDcmprscp(): Promise<Dcmprscp> {
  const folder = await mkdtemp(join(tmpdir(), "udr-dcmprscp-"));
  const port = await freePort();
  const at = (name: string) => join(folder, name);
  await Promise.all(
    ["database", "spool", "log", "lut"].map((name) => mkdir(at(name), { recursive: true })),
  );
  await writeFile(
    at("printer.cfg"),
    `[[GENERAL]]
[APPLICATION]
LogDirectory = ${at("log")}
LogFile = general.log
LogLevel = INFO
[PRINT]
Server = dcmprscp
Directory = ${at("spool")}
DetailedLog = false
BinaryLog = false
DeletePrintJobs = false
AlwaysDeleteTerminateJobs = false
MinPrintResolution = 64\\64
MaxPrintResolution = 8192\\8192
[DATABASE]
Directory = ${at("database")}
[LUT]
Directory = ${at("lut")}
[[COMMUNICATION]]
[FILM]
Aetitle = PRINTER
Description = printer of the tests
Hostname = localhost
Port = ${port}
Type = LOCALPRINTER
BorderDensity = BLACK\\WHITE
DisableNewVRs = false
DisplayFormat = 1,1\\1,2\\2,1\\2,2\\2,3\\3,2\\3,3\\3,4\\4,4
EmptyImageDensity = BLACK\\WHITE
FilmDestination = MAGAZINE\\PROCESSOR
FilmSizeID = 14INX17IN\\14INX14IN\\10INX14IN\\8INX10IN
ImplicitOnly = false
MagnificationType = REPLICATE\\BILINEAR\\CUBIC\\NONE
MaxDensity = 300
MaxPDU = 131072
MediumType = PAPER\\CLEAR FILM\\BLUE FILM
MinDensity = 0
OmitSOPClassUIDFromCreateResponse = false
PresentationLUTMatchRequired = false
PresentationLUTinFilmSession = false
SmoothingType = SHARP\\SMOOTH
Supports12Bit = true
SupportsDecimateCrop = false
SupportsImageSize = false
SupportsPresentationLUT = true
SupportsTrim = true
`,
  );
  const child = Bun.spawn(["dcmprscp", "--config", at("printer.cfg"), "--printer", "FILM"], {
    cwd: folder,
    stdout: "ignore",
    stderr: "ignore",
    env: { ...process.env, TCP_NODELAY: "1" },
  });
  await listening(port, () => child.exitCode !== null);
  const files = async (prefix: string) =>
    (await readdir(at("database"))).filter((name) => name.startsWith(prefix)).sort();
  return {
    port,
    images: async () => (await files("HG_")).map((name) => join(at("database"), name)),
    prints: async () => (await files("SP_")).map((name) => join(at("database"), name)),
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
