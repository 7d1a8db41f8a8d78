// A panel by USB, read from inside the program's own sandbox, unplugged and plugged in again.

import type { Machine } from "../machine/machine.ts";
import { BUS_ID, PRODUCT_ID, UsbIpDevice, VENDOR_ID } from "../machine/usbip-device.ts";
import { demand, type Report } from "./report.ts";
import { HOST_FROM_GUEST, type Rig } from "./rig.ts";

const READ_BYTES = 1 << 20;
const READS = 16;

/** Reads until it is told to stop by an unplugging; says what it saw in lines. */
const READER = `
import { WebUSB } from "/usr/lib/udr/node_modules/usb/dist/index.js";
const bus = new WebUSB({ allowAllDevices: true });
const say = (line) => process.stdout.write(line + "\\n");
const find = async () => (await bus.getDevices()).find((d) => d.vendorId === ${VENDOR_ID} && d.productId === ${PRODUCT_ID});
const waitFor = async () => { for (;;) { const d = await find(); if (d !== undefined) return d; await Bun.sleep(300); } };
bus.addEventListener("connect", () => say("EVENT connect"));
bus.addEventListener("disconnect", () => say("EVENT disconnect"));
const open = async () => { const d = await waitFor(); await d.open(); await d.claimInterface(0); return d; };
let device = await open();
const who = await device.controlTransferIn({ requestType: "vendor", recipient: "device", request: 1, value: 0, index: 0 }, 8);
say("IDENTITY " + new TextDecoder().decode(who.data));
const from = performance.now();
let wrong = 0;
for (let i = 0; i < ${READS}; i++) {
  const { data } = await device.transferIn(1, ${READ_BYTES});
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (bytes.length !== ${READ_BYTES}) wrong++;
  for (let at = i; at < bytes.length; at += 997) if (bytes[at] !== ((at * 7 + (at >> 8)) & 0xff)) wrong++;
}
say("READ " + ${READS * READ_BYTES} + " bytes in " + Math.round(performance.now() - from) + " ms, wrong " + wrong);
try { for (;;) await device.transferIn(1, 65536); } catch (error) { say("LOST " + error.message); }
device = await open();
await device.transferIn(1, 65536);
say("AGAIN");
process.exit(0);`;

/** Properties that make the program's sandbox; the reader gets the same. */
const SANDBOX = [
  ...["User", "Group", "CapabilityBoundingSet", "NoNewPrivileges", "ProtectSystem", "ProtectHome"],
  ...["PrivateTmp", "ProtectKernelTunables", "ProtectKernelModules", "ProtectKernelLogs"],
  ...["ProtectControlGroups", "ProtectClock", "ProtectHostname", "ProtectProc"],
  ...["RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID", "RemoveIPC", "LockPersonality"],
  ...["KeyringMode", "RestrictAddressFamilies", "SystemCallFilter", "SystemCallErrorNumber"],
  ...["SystemCallArchitectures", "DevicePolicy", "DeviceAllow", "UMask"],
].join("|");

async function log(machine: Machine): Promise<string> {
  return (await machine.shell("cat /run/usb-reader.log")).out;
}

export async function usbPanelCheck(report: Report, rig: Rig): Promise<void> {
  await report.check(
    "a panel by USB is read from inside the sandbox and survives its cable",
    async () => {
      const { machine } = rig;
      using device = await UsbIpDevice.start();
      const attach = `usbip --tcp-port ${device.port} attach -r ${HOST_FROM_GUEST} -b ${BUS_ID}`;
      await machine.must("modprobe vhci-hcd");
      await machine.must(attach);
      const reader = Buffer.from(READER).toString("base64");
      await machine.must(`echo ${reader} | base64 -d >/run/usb-reader.mjs; : >/run/usb-reader.log`);
      // A unit with the very lines of the program's own.
      await machine.must(
        [
          "mkdir -p /run/systemd/system",
          `{ echo '[Service]'; grep -E '^(${SANDBOX})=' /usr/lib/systemd/system/udr.service; echo 'Type=exec'; echo 'ExecStart=/usr/lib/udr/bun /run/usb-reader.mjs'; echo 'StandardOutput=append:/run/usb-reader.log'; echo 'StandardError=append:/run/usb-reader.log'; } >/run/systemd/system/usb-reader.service`,
          "systemctl daemon-reload && systemctl start usb-reader.service",
        ].join(" && "),
      );
      const says = async (word: string) =>
        await machine.waitFor(
          `"${word}" of the reader: ${await log(machine)}`,
          async () => (await log(machine)).includes(word),
          180_000,
        );
      await says("READ ");
      await machine.must("usbip detach -p 0");
      await says("LOST ");
      await machine.must(attach);
      await says("AGAIN");
      const saw = await log(machine);
      demand(saw.includes("IDENTITY UDRTEST1") && saw.includes("wrong 0"), saw);
      demand(saw.includes("EVENT disconnect"), saw);
      await machine.shell("usbip detach -p 0");
      return saw.trim().replace(/\n/g, "; ");
    },
  );
}
