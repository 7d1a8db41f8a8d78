// Is it the system that was meant: started, closed, sandboxed, nothing failed.

import { createConnection } from "node:net";
import { run } from "../tool/run.ts";
import { demand, type Report } from "./report.ts";
import type { Rig } from "./rig.ts";

const EXPOSURE_LEVEL_MAX = 2;
const RMEM_MIN_BYTES = 64 << 20;
const PANEL_MTU = 9000;

export async function systemChecks(report: Report, rig: Rig): Promise<void> {
  const { machine } = rig;
  await report.check("104 answers a C-ECHO from outside", async () => {
    await run(["echoscu", "-to", "60", "-aec", "UDR10A", "127.0.0.1", String(rig.dicomPort)]);
    return "echoscu ended with 0";
  });
  await report.check("8080 is closed from outside", async () => {
    const saw = await knock(rig.httpPort);
    demand(saw === "silence", `something answered: ${saw}`);
    return "no answer within 5 s";
  });
  await report.check("no unit failed", async () => {
    const failed = await machine.must("systemctl --failed --no-legend --plain");
    demand(failed === "", failed);
    return "systemctl --failed is empty";
  });
  await report.check("root is read-only under dm-verity, /var is the data partition", async () => {
    const root = await machine.must(
      "findmnt -no SOURCE,FSTYPE,OPTIONS /; veritysetup status root 2>/dev/null || dmsetup table root | cut -c1-60",
    );
    demand(/\/dev\/mapper\/root\s+erofs\s+ro/.test(root) && /verity/.test(root), root);
    const data = await machine.must("findmnt -no FSTYPE,OPTIONS,SIZE /var");
    demand(/^ext4.*nosuid.*nodev.*noexec/.test(data), data);
    return `${root.split("\n")[0]}; /var ${data}`;
  });
  await report.check("both slots are there", async () => {
    const parts = await machine.must("lsblk -bno SIZE,PARTLABEL /dev/vda | grep -E '_empty|udr-'");
    demand((parts.match(/_empty/g) ?? []).length === 2, parts);
    return parts.replace(/\s+/g, " ");
  });
  await report.check("the program's sandbox", async () => {
    const said = await machine.must("systemd-analyze security --no-pager udr.service | tail -1");
    const level = Number(/: ([\d.]+)/.exec(said)?.[1]);
    demand(level <= EXPOSURE_LEVEL_MAX, said);
    const user = await machine.must("ps -o user= -p $(systemctl show -P MainPID udr.service)");
    demand(user === "udr", `it runs as ${user}`);
    return `${said.trim()}, as user ${user}`;
  });
  await report.check("watchdogs of program and machine", async () => {
    const app = await machine.must(
      "systemctl show -P WatchdogUSec -P Type -P NotifyAccess udr.service",
    );
    demand(/min|s/.test(app) && !/infinity/.test(app), app);
    const hardware = await machine.must(
      "systemctl show -P RuntimeWatchdogUSec; systemctl show -P WatchdogDevice; cat /sys/class/watchdog/watchdog0/identity",
    );
    demand(/^30s/.test(hardware), hardware);
    return `${app} / ${hardware}`.replace(/\n/g, " ");
  });
  await report.check("the panel's card, and only it, takes jumbo frames", async () => {
    const cards = await machine.must("ip -o link show | grep -v ' lo:'");
    const panel = cards.split("\n").filter((line) => line.includes(`mtu ${PANEL_MTU}`));
    demand(panel.length === 1 && / panel:/.test(panel[0] ?? ""), cards);
    const rmem = Number(await machine.must("cat /proc/sys/net/core/rmem_max"));
    demand(rmem >= RMEM_MIN_BYTES, `net.core.rmem_max is ${rmem}`);
    return `panel mtu ${PANEL_MTU}, net.core.rmem_max ${rmem}`;
  });
  await report.check("nothing from outside is taken as a unit or a password", async () => {
    const line = await machine.must("cat /proc/cmdline");
    demand(line.includes("systemd.import_credentials=no"), line);
    const root = await machine.must("cat /etc/passwd /etc/shadow | grep '^root:' | cut -d: -f2");
    demand(
      root.split("\n").every((field) => /^[!*]/.test(field)),
      `root's password: ${root}`,
    );
    return "credentials are refused, root is locked";
  });
  await report.check("the journal is kept", async () => {
    const saw = await machine.must(
      "ls -d /var/log/journal/*/ && journalctl --header | grep -m1 'File path'",
    );
    demand(saw.includes("/var/log/journal/"), saw);
    return saw.split("\n").at(-1)?.trim() ?? "";
  });
}

/** Connects and asks; QEMU itself accepts, so only an answer counts. */
function knock(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    const end = (saw: string) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(saw);
    };
    const timer = setTimeout(() => end("silence"), 5_000);
    socket.on("connect", () => socket.write("GET /api/v1/health HTTP/1.0\r\n\r\n"));
    socket.on("data", (chunk) => end(chunk.toString("latin1").slice(0, 40)));
    socket.on("error", () => end("silence"));
    socket.on("close", () => end("silence"));
  });
}
