// What the kiosk's browser writes goes into the journal, and with it into the bundle for service: nothing
// of the page may be in it.

import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CHROMIUM, noChromium } from "../ui/chromium.ts";

setDefaultTimeout(60_000);

const START = join(
  import.meta.dir,
  "../../image/mkosi/mkosi.profiles/kiosk/mkosi.extra/usr/lib/udr-system/kiosk/start",
);

/** The browser's own switches, less those that want a screen or the appliance's folders. */
function switches(): string[] {
  const [, browser = ""] = readFileSync(START, "utf8").split("/usr/bin/chromium");
  return (browser.match(/--[^\s\\]+/g) ?? []).filter(
    (word) => !/^--(kiosk|ozone-platform|user-data-dir)/.test(word),
  );
}

const PAGE = `<!doctype html><script>
  console.error("Marker console"); console.log("Marker log");
  for (const path of ["missing", "broken"]) fetch("/" + path + "?name=Marker");
  new EventSource("/missing?name=Marker");
  new Image().src = "/missing?name=Marker";
  Promise.reject(new Error("Marker rejection"));
  throw new Error("Marker thrown");
</script>`;

async function saidBy(more: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "udr-kiosk-log-"));
  using server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/") return new Response(PAGE, { headers: { "content-type": "text/html" } });
      return new Response("Marker", { status: pathname === "/broken" ? 500 : 404 });
    },
  });
  const browser = Bun.spawn(
    [
      CHROMIUM,
      ...["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", "--timeout=2000"],
      ...[...switches(), ...more, `--user-data-dir=${folder}`, server.url.href],
    ],
    { stdout: "ignore", stderr: "pipe" },
  );
  try {
    return await new Response(browser.stderr).text();
  } finally {
    await browser.exited;
    rmSync(folder, { recursive: true, force: true });
  }
}

test.skipIf(noChromium)("the kiosk's browser writes nothing of its page", async () => {
  expect(switches().length).toBeGreaterThan(10);
  expect(await saidBy([])).not.toContain("Marker");
  // It would if it were told to log: the page did speak.
  expect(await saidBy(["--enable-logging=stderr"])).toContain("Marker console");
});
