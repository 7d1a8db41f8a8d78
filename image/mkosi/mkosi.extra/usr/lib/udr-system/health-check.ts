// Waits until the device program answers; a program that keeps dying is not waited for.

const HEALTH_URL = "http://127.0.0.1:8080/api/v1/health";
const CYCLE_MS = 1_000;
const WAIT_MS = 400_000;
const RESTARTS_MAX = 4;

function restarts(): number {
  const shown = Bun.spawnSync(["systemctl", "show", "--property=NRestarts", "--value", "udr.service"]);
  return Number(shown.stdout.toString().trim());
}

for (let waitedMs = 0; waitedMs < WAIT_MS; waitedMs += CYCLE_MS) {
  const status = await fetch(HEALTH_URL, { signal: AbortSignal.timeout(10_000) })
    .then((response) => response.status)
    .catch(() => 0);
  if (status === 200) process.exit(0);
  if (restarts() > RESTARTS_MAX) {
    process.stderr.write(`the device program was started ${restarts()} times and does not stay\n`);
    process.exit(1);
  }
  await Bun.sleep(CYCLE_MS);
}
process.stderr.write(`the device program does not answer at ${HEALTH_URL}\n`);
process.exit(1);
