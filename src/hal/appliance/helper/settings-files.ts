// Settings of the system as its services read them: timesyncd.conf(5), systemd.network(5). Every value
// was judged before it comes here (messages.ts): none holds a line's end.

import { readFile } from "node:fs/promises";
import type { NetworkSettings } from "../appliance.ts";

const OWNER = "# Written by the device; set it on its service page.";

export function timeServersFile({ servers }: { readonly servers: readonly string[] }): string {
  return [OWNER, "[Time]", "NTP=", ...servers.map((server) => `NTP=${server}`), ""].join("\n");
}

/** The servers of a file made by {@link timeServersFile}; none where it is not there. */
export async function readTimeServers(path: string): Promise<string[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text
    .split("\n")
    .filter((line) => line.startsWith("NTP="))
    .map((line) => line.slice("NTP=".length))
    .filter((server) => server !== "");
}

export function networkFile(settings: NetworkSettings): string {
  const { address, gateway, dns } = settings;
  return [
    OWNER,
    "[Match]",
    `Name=${settings.interface}`,
    "",
    "[Network]",
    "LinkLocalAddressing=no",
    "IPv6AcceptRA=no",
    address === "dhcp" ? "DHCP=ipv4" : `Address=${address}`,
    ...(gateway === null ? [] : [`Gateway=${gateway}`]),
    ...dns.map((server) => `DNS=${server}`),
    "",
  ].join("\n");
}
