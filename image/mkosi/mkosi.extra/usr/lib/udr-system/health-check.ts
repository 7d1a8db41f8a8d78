// Waits until the device program answers; a program that keeps dying is not waited for.

const HEALTH_URL = "http://127.0.0.1:8080/api/v1/health";
const CYCLE_MS = 1_000;
const WAIT_MS = 400_000;
const RESTARTS_MAX = 4;

function restarts(): number {
  const shown = Bun.spawnSync([
    "systemctl",
    "show",
    "--property=NRestarts",
    "--value",
    "udr.service",
  ]);
  return Number(shown.stdout.toString().trim());
}

async function answered(): Promise<string | null> {
  for (let waitedMs = 0; waitedMs < WAIT_MS; waitedMs += CYCLE_MS) {
    const health = await fetch(HEALTH_URL, { signal: AbortSignal.timeout(10_000) })
      .then((response) => (response.ok ? (response.json() as Promise<{ repair?: true }>) : null))
      .catch(() => null);
    // A new version that cannot work with the database goes back to the old one.
    if (health?.repair) return "the database cannot be used by this version";
    if (health !== null) return null;
    if (restarts() > RESTARTS_MAX)
      return `the device program was started ${restarts()} times and does not stay`;
    await Bun.sleep(CYCLE_MS);
  }
  return `the device program does not answer at ${HEALTH_URL}`;
}

const problem = await answered();
if (problem !== null) process.stderr.write(`${problem}\n`);
process.exit(problem === null ? 0 : 1);

export {};
